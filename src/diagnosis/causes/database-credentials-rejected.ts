// A client whose user or password a database rejects: the server runs and reports it by its own error number.
// The same words in the server's own log are about another client and do not count.
import { hasUnreadyPod } from "#diagnosis/checks/pods.ts";
import { engines } from "#diagnosis/database-engines.ts";
import { isServing, serversFor, serversOf, usedServer } from "#diagnosis/database-servers.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { secretsOf } from "#diagnosis/secrets-used.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";

export const databaseCredentialsRejected = cause({
  code: "DatabaseCredentialsRejected",
  title: "A user or password that the database rejects",
  reads: "The refusals that clients of MySQL, PostgreSQL, Redis, MongoDB and RabbitMQ get at login, and the Secrets that they use.",
  means: "The server answers and rejects the user or password of the client: the Secret and the server disagree.",
  needs: ["logs"],
  signs: ["log"],
  of: (view: View) =>
    engines.flatMap((engine) =>
      view.workloads.flatMap((workload) => {
        const lines = linesSaying(view, workload, engine.rejected);
        if (lines.length === 0) return [];
        const servers = serversOf(view, engine);
        if (servers.includes(workload)) return [];
        const words = lines.map(({ text }) => text);
        const server = usedServer(view, serversFor(servers, workload.reference.namespace), { client: workload, words })?.server;
        const secrets = secretsOf(workload);
        return [
          {
            ...{ engine, workload, lines, server, secrets },
            name: server === undefined ? engine.name : `${engine.name} (${nameOf(server)})`,
            source: secrets.length === 0 ? "the configuration" : `Secret ${secrets.join(", ")}`,
          },
        ];
      }),
    ),
  supports: [
    { ...hasUnreadyPod, weight: 2 },
    { is: "the server is ready", holds: ({ server }) => (server === undefined ? "unknown" : isServing(server)) },
    {
      is: "the Secret with the credentials changed",
      holds: ({ workload: { reference }, secrets }, view) =>
        secrets.some((name) => view.changesOf({ kind: "Secret", namespace: reference.namespace, name }).length > 0) || "unknown",
    },
  ],
  detail: ({ engine }) => ({ engine: engine.name }),
  says: "{name} rejects the credentials of {workload}.",
  chain: "the user or password in {source} of {workload} is wrong → {name} rejects its logins → its requests there fail",
  quotes: ({ lines, workload, source }) => [...lines.slice(0, 2).map(lineQuote), objectQuote(workload, `credentials from ${source}`)],
  remedy: "Make the password in the Secret and the password of the server the same. Kintsugi never reads the values of Secrets.",
  otherwise: "make the password in {source} the same as the server's",
});
