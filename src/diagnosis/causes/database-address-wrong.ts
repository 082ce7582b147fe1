// A client that reaches for a database where none is: another port, or a name that nobody has. The server is well and its other clients are.
// The address is often in a Secret, whose value is not evidence: then the log and what the Services offer decide by elimination.
import type { CauseCode } from "#api/cause-codes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { engines, type Engine } from "#diagnosis/database-engines.ts";
import { isServing, type Meant, serverMeant, serversFor, serversOf, servicesBefore } from "#diagnosis/database-servers.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, type LogLine, linesSaying } from "#diagnosis/log-lines.ts";
import { secretsOf } from "#diagnosis/secrets-used.ts";
import type { View, Workload } from "#diagnosis/view.ts";

interface Kind {
  readonly code: CauseCode;
  readonly title: string;
  readonly means: string;
  /** What the connection ends with. */
  readonly words: RegExp;
  readonly what: "port" | "name";
}

const kinds: readonly Kind[] = [
  {
    code: "DatabasePortWrong",
    title: "A database asked at a port where it does not listen",
    means: "The host answers and nothing listens at that port, while the database is ready and serves its other clients at its own.",
    words: /connection refused|connect(?:ion)? timed out|ECONNREFUSED|ETIMEDOUT/i,
    what: "port",
  },
  {
    code: "DatabaseHostWrong",
    title: "A database asked under a name that does not exist",
    means: "The name of the database's host does not resolve, while the database is ready under its own and other names resolve.",
    words: /UnknownHostException|no such host|ENOTFOUND|could not translate host name|Name or service not known/,
    what: "name",
  },
];

export const databaseAddressWrong: readonly Cause[] = kinds.map((kind) => ({
  code: kind.code,
  title: kind.title,
  reads: "How connections of database drivers end in the logs of clients, whether the server is ready, and what its Services offer.",
  means: kind.means,
  remedy: "Correct the address in the client's configuration or Secret.",
  suppressedBy: ["ClusterDnsDown", "NetworkPolicyIsolates"],
  find: (view) => engines.flatMap((engine) => find(view, engine, kind)),
}));

/** With more clients than this in the same trouble the server or the way to it is to blame, not each one's address. */
const clientsAtMost = 2;
/** Of a failed connection the driver's name and its end are told within so much text. */
const withinLines = 60;

const find = (view: View, engine: Engine, kind: Kind): readonly Assessment[] => {
  const told = view.workloads.flatMap((workload) => {
    const lines = driverLines(view, workload, engine, kind.words);
    return lines.length === 0 ? [] : [{ workload, lines }];
  });
  if (told.length === 0) return [];
  const servers = serversOf(view, engine);
  const clients = told.filter(({ workload }) => !servers.includes(workload));
  return clients.map(({ workload, lines }) => {
    const meant = serverMeant(
      view,
      serversFor(servers, workload.reference.namespace),
      lines.map(({ text }) => text),
    );
    return judgeClient(view, { engine, kind, workload, lines, meant, complaining: clients.length });
  });
};

interface Client {
  readonly engine: Engine;
  readonly kind: Kind;
  readonly workload: Workload;
  readonly lines: readonly LogLine[];
  readonly meant: Meant | undefined;
  readonly complaining: number;
}

const judgeClient = (view: View, { engine, kind, workload, lines, meant, complaining }: Client): Assessment => {
  const { reference, template } = workload;
  const server = meant?.server;
  const offered = server === undefined ? [] : servicesBefore(view, server);
  const ports = [...new Set(offered.flatMap(({ spec }) => (spec.ports ?? []).map(({ port }) => port)))];
  const isUnwell = view.inside(workload).pods.some(({ isReady, isDeleting }) => !isReady && !isDeleting);
  const isOpen = offered.some((service) => view.connectionsTo(service).some(({ result }) => result === "open"));
  const from = secretsOf(workload).join(", ");
  const told = server === undefined ? engine.name : referenceText(server.reference);
  return assess(
    kind.code,
    {
      required: [
        { claim: `the ${engine.name} driver of ${referenceText(reference)} gets no connection`, holds: true },
        { claim: "it is not well for it", holds: isUnwell },
        { claim: `a ${engine.name} server is known, and ready`, holds: server !== undefined && isServing(server) },
      ],
      against: [
        { claim: "so many clients are in the same trouble that it is not the address of one", holds: complaining > clientsAtMost },
        { claim: "it asks other nameservers than the rest", holds: template.spec["dnsPolicy"] === "None" },
      ],
      supporting: [
        { claim: "no other client complains", holds: complaining === 1, weight: 2 },
        { claim: "connections to the server's own port open", holds: isOpen ? true : "unknown" },
        { claim: "the address comes from a Secret or variable of its own", holds: from !== "" ? true : "unknown" },
      ],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} asks for its ${engine.name} database at a ${kind.what} where it is not; ${told} is ready and offers port ${ports.join(", ") || engine.port}.`,
      chain: [
        `the ${kind.what} that ${referenceText(reference)} has${from === "" ? "" : ` from Secret ${from}`} is not the database's`,
        "its connections are not answered",
        "its pods do not become ready",
      ],
      quotes: [
        ...lines.slice(0, 2).map(lineQuote),
        ...offered
          .slice(0, 2)
          .map(({ metadata, spec }) =>
            objectQuote(
              { kind: "Service", namespace: metadata.namespace ?? "", name: metadata.name },
              `ports: ${(spec.ports ?? []).map(({ port }) => port).join(", ")}`,
            ),
          ),
      ],
      detail: { engine: engine.name },
      explains: [reference],
      facts: person(
        `set the ${kind.what} in ${from === "" ? "its configuration" : `Secret ${from}`} to the one that the database's Service offers`,
      ),
    }),
  );
};

/** Lines that say how a connection ended, near to one that says that it was this driver's. */
const driverLines = (view: View, workload: Workload, { driver }: Engine, words: RegExp): readonly LogLine[] =>
  linesSaying(view, workload, words).filter(({ log, text }) => {
    if (!driver.test(log.text)) return false;
    if (driver.test(text)) return true;
    const lines = log.text.split("\n");
    const at = lines.findIndex((line) => line.includes(text));
    return lines.slice(Math.max(0, at - withinLines), at + withinLines).some((line) => driver.test(line));
  });
