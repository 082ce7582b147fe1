// A client whose user or password a database does not accept: the server is up and says so by its own number.
// The same words in the server's own log are about somebody else and count for nothing.
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { engines, type Engine } from "#diagnosis/database-engines.ts";
import { isServing, serverMeant, serversFor, serversOf } from "#diagnosis/database-servers.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, type LogLine, linesSaying } from "#diagnosis/log-lines.ts";
import { secretsOf } from "#diagnosis/secrets-used.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "DatabaseCredentialsRejected";

export const databaseCredentialsRejected: Cause = {
  code,
  title: "A user or password that the database rejects",
  reads: "What clients of MySQL, PostgreSQL, Redis, MongoDB and RabbitMQ are told when they log in, and the Secrets that they use.",
  means: "The server answers and does not accept who the client says it is: the Secret and the server disagree.",
  remedy: "Make the password in the Secret and the password of the server the same. Kintsugi never reads the values of Secrets.",
  find: (view) =>
    engines.flatMap((engine) =>
      view.workloads.flatMap((workload) => {
        const lines = linesSaying(view, workload, engine.rejected);
        return lines.length === 0 ? [] : find(view, workload, engine, lines);
      }),
    ),
};

const find = (view: View, workload: Workload, engine: Engine, lines: readonly LogLine[]): readonly Assessment[] => {
  const servers = serversOf(view, engine);
  if (servers.includes(workload)) return [];
  const { reference } = workload;
  const server = serverMeant(
    view,
    serversFor(servers, reference.namespace),
    lines.map(({ text }) => text),
  )?.server;
  const secrets = secretsOf(workload);
  const changed = secrets.find((name) => view.changesOf({ kind: "Secret", namespace: reference.namespace, name }).length > 0);
  const isUnwell = view.inside(workload).pods.some(({ isReady, isDeleting }) => !isReady && !isDeleting);
  return [
    assess(
      code,
      {
        required: [{ claim: `${engine.name} rejects who ${referenceText(reference)} says it is`, holds: true }],
        supporting: [
          { claim: "its pods do not become ready", holds: isUnwell, weight: 2 },
          { claim: "the server itself is well", holds: server === undefined ? "unknown" : isServing(server) },
          { claim: "the Secret with the credentials changed", holds: changed === undefined ? "unknown" : true },
        ],
      },
      () => ({
        object: reference,
        summary: `${engine.name}${server === undefined ? "" : ` (${referenceText(server.reference)})`} rejects the credentials of ${referenceText(reference)}.`,
        chain: [
          `the user or password that ${referenceText(reference)} has${secrets.length === 0 ? "" : ` from Secret ${secrets.join(", ")}`} is not the server's`,
          `${engine.name} rejects its logins`,
          isUnwell ? "its pods do not become ready" : "what it needs from there fails",
        ],
        quotes: lines.slice(0, 2).map(lineQuote),
        detail: { engine: engine.name },
        explains: [reference],
        facts: person(
          `make the password in ${secrets.length === 0 ? "its configuration" : `Secret ${secrets.join(", ")}`} the same as the server's`,
        ),
      }),
    ),
  ];
};
