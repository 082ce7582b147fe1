// A client that calls a database at a wrong port or name. The server is ready and its other clients reach it.
// The address is often in a Secret, whose value is not evidence: then the log and the Services decide by elimination.
import type { CauseCode } from "#api/cause-codes.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { hasUnreadyPod } from "#diagnosis/checks/pods.ts";
import { type Engine, engines } from "#diagnosis/database-engines.ts";
import { isServing, serversFor, serversOf, servicesBefore, usedServer } from "#diagnosis/database-servers.ts";
import { lineQuote, linesSaying, type LogLine } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { secretsOf } from "#diagnosis/secrets-used.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** Where more clients have the same trouble, the server or the way to it is at fault, not the address of one. */
const clientsAtMost = 2;
/** A stack trace names the driver and the error within so many lines of each other. */
const withinLines = 60;

/** Lines with the end of a connection, near a line that names this driver. */
const driverLines = (view: View, workload: Workload, { driver }: Engine, words: RegExp): readonly LogLine[] =>
  linesSaying(view, workload, words).filter(({ log, text }) => {
    if (!driver.test(log.text)) return false;
    if (driver.test(text)) return true;
    const lines = log.text.split("\n");
    const at = lines.findIndex((line) => line.includes(text));
    return lines.slice(Math.max(0, at - withinLines), at + withinLines).some((line) => driver.test(line));
  });

const failedClients = (view: View, engine: Engine, words: RegExp) => {
  const failed = view.workloads.flatMap((workload) => {
    const lines = driverLines(view, workload, engine, words);
    return lines.length === 0 ? [] : [{ workload, lines }];
  });
  if (failed.length === 0) return [];
  const servers = serversOf(view, engine);
  const clients = failed.filter(({ workload }) => !servers.includes(workload));
  return clients.map(({ workload, lines }) => {
    const texts = lines.map(({ text }) => text);
    const server = usedServer(view, serversFor(servers, workload.reference.namespace), { client: workload, words: texts })?.server;
    const offered = server === undefined ? [] : servicesBefore(view, server);
    const ports = [...new Set(offered.flatMap(({ spec }) => (spec.ports ?? []).map(({ port }) => port)))];
    return {
      ...{ engine, workload, lines, server, offered, clients: clients.length, secrets: secretsOf(workload) },
      database: server === undefined ? engine.name : nameOf(server),
      ports: ports.length === 0 ? [engine.port] : ports,
    };
  });
};

const wrongAddress = (what: "port" | "name", words: RegExp, texts: Pick<Cause, "title" | "means"> & { readonly code: CauseCode }): Cause =>
  cause({
    ...texts,
    reads: "The errors of database drivers in the logs of clients, the readiness of the server, and the ports of its Services.",
    suppressedBy: ["ClusterDnsDown", "NetworkPolicyIsolates"],
    needs: ["logs"],
    signs: ["log"],
    of: (view: View) =>
      engines
        .flatMap((engine) => failedClients(view, engine, words))
        .map((failed) => ({
          ...failed,
          what,
          engineName: failed.engine.name,
          source: failed.secrets.length === 0 ? "its configuration" : `Secret ${failed.secrets.join(", ")}`,
        })),
    when: [hasUnreadyPod, { is: "the server is known and ready", holds: ({ server }) => server !== undefined && isServing(server) }],
    unless: [
      {
        is: ({ clients }) => `${clients} clients have the same trouble: the server or the way to it is at fault`,
        holds: ({ clients }) => clients > clientsAtMost,
      },
      {
        is: ({ workload }) => `${nameOf(workload)} uses nameservers of its own`,
        holds: ({ workload }) => workload.template.spec["dnsPolicy"] === "None",
      },
    ],
    supports: [
      { is: "no other client complains", holds: ({ clients }) => clients === 1, weight: 2 },
      {
        is: "connections to the server's own port open",
        holds: ({ offered }, view) =>
          offered.some((service) => view.connectionsTo(service).some(({ result }) => result === "open")) || "unknown",
      },
      { is: "the client has an address of its own", holds: ({ secrets }) => secrets.length > 0 || "unknown" },
    ],
    detail: ({ engine }) => ({ engine: engine.name }),
    says: "{workload} calls its {engineName} database at the wrong {what}: {database} is ready and serves port {ports}.",
    chain: "the {what} of the database in {source} of {workload} is wrong → its connections fail → its pods do not become ready",
    quotes: ({ lines, offered }) => [
      ...lines.slice(0, 2).map(lineQuote),
      ...offered
        .slice(0, 2)
        .map((service) => objectQuote(service, `ports: ${(service.spec.ports ?? []).map(({ port }) => port).join(", ")}`)),
    ],
    remedy: "Correct the address in the client's configuration or Secret.",
    otherwise: "set the {what} in {source} to the one of the database's Service",
  });

export const databaseAddressWrong: readonly Cause[] = [
  wrongAddress("port", /connection refused|connect(?:ion)? timed out|ECONNREFUSED|ETIMEDOUT/i, {
    code: "DatabasePortWrong",
    title: "A database called at a port where it does not listen",
    means: "The host answers and nothing listens at that port, while the database is ready at its own port.",
  }),
  wrongAddress("name", /UnknownHostException|no such host|ENOTFOUND|could not translate host name|Name or service not known/, {
    code: "DatabaseHostWrong",
    title: "A database called by a name that does not exist",
    means: "The name of the database's host does not resolve, while the database is ready and other names resolve.",
  }),
];
