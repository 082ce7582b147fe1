// A database that answers and refuses in its own words, because it has no connections left or takes no writes. Its clients quote it; the server is at fault.
import type { Cause } from "#diagnosis/cause.ts";
import { type Engine, engines } from "#diagnosis/database-engines.ts";
import { serversFor, serversOf, usedServer } from "#diagnosis/database-servers.ts";
import { lineQuote, linesSaying } from "#diagnosis/log-lines.ts";
import { eventQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";

const quotesAtMost = 4;

interface DatabaseRefusal extends Pick<Cause, "code" | "title" | "reads" | "means" | "remedy"> {
  readonly words: (engine: Engine) => RegExp | undefined;
  readonly effect: string;
  readonly otherwise: string;
}

const refusal = ({ words, effect, ...texts }: DatabaseRefusal): Cause =>
  cause({
    ...texts,
    needs: ["logs"],
    signs: ["log", "event Unhealthy"],
    of: (view: View) =>
      engines
        .flatMap((engine) => {
          const pattern = words(engine);
          return pattern === undefined ? [] : refusedBy(view, engine, pattern);
        })
        .map((refused) => ({ ...refused, effect })),
    supports: [
      { is: "the server is known", holds: ({ by }) => (by === undefined ? false : by === "deployed" ? "unknown" : true) },
      { is: "several clients quote it", holds: ({ clients }) => clients.length > 1 },
    ],
    object: ({ object }) => object,
    detail: ({ engine }) => ({ engine: engine.name }),
    says: "{name} {effect}, as {count}.",
    chain: "{name} {effect} → {failing}",
    quotes: ({ own, clients }) => [
      ...own.slice(0, 1).map(eventQuote),
      ...clients.flatMap(({ lines }) => lines.slice(0, 1).map(lineQuote)).slice(0, quotesAtMost),
    ],
    explains: ({ clients }) => clients.map(({ workload }) => workload),
  });

/** Each namespace by itself: two tenants have a database each. */
const refusedBy = (view: View, engine: Engine, pattern: RegExp) => {
  const refused = view.workloads.flatMap((workload) => {
    const lines = linesSaying(view, workload, pattern);
    return lines.length === 0 ? [] : [{ workload, lines }];
  });
  if (refused.length === 0 && !view.evidence.events.some(({ message }) => pattern.test(message))) return [];
  const servers = serversOf(view, engine);
  const refusing = servers.filter((server) => view.eventsAround(server).some(({ message }) => pattern.test(message)));
  const namespaces = new Set([...refused.map(({ workload }) => workload), ...refusing].map(({ reference }) => reference.namespace));
  return [...namespaces].flatMap((namespace) => {
    const clients = refused.filter(({ workload }) => workload.reference.namespace === namespace && !servers.includes(workload));
    const used = usedServer(view, serversFor(servers, namespace), {
      client: clients[0]?.workload,
      words: clients.flatMap(({ lines }) => lines.map(({ text }) => text)),
      own: pattern,
    });
    const own = used === undefined ? [] : view.eventsAround(used.server).filter(({ message }) => pattern.test(message));
    const object = used?.server ?? clients[0]?.workload;
    if (object === undefined || clients.length + own.length === 0) return [];
    return [
      {
        ...{ engine, clients, own, object, by: used?.by },
        name: `The ${engine.name} server${used === undefined ? "" : ` ${nameOf(used.server)}`}`,
        count:
          clients.length === 0 ? "its probes report" : clients.length === 1 ? "1 workload reports" : `${clients.length} workloads report`,
        failing: clients.slice(0, 3).map(({ workload }) => `${nameOf(workload)} fails with its requests there`),
      },
    ];
  });
};

export const databaseConnectionsExhausted = refusal({
  code: "DatabaseConnectionsExhausted",
  title: "A database whose connections are used up",
  reads: "The refusals that clients and probes of MySQL, PostgreSQL, Redis, MongoDB and RabbitMQ get when they connect.",
  means: "The server runs and refuses new connections because its limit is reached: one client leaks them, or the limit is too low.",
  remedy: "Find the client that holds the connections. A restart of clients or a higher limit only buys time.",
  words: ({ full }) => full,
  effect: "has no connections left",
  otherwise: "find the client that holds the connections: look for a leaking pool, more replicas than the limit allows, or a lowered limit",
});

export const databaseReadOnly = refusal({
  code: "DatabaseReadOnly",
  title: "A database that takes no writes",
  reads: "The refusals that clients of MySQL, PostgreSQL, Redis and MongoDB get when they write.",
  means: "The server runs, answers reads and refuses every write: it was switched to read-only, or the address leads to a replica.",
  remedy: "Point the client to the primary, or make this server writable after you checked why it is read-only.",
  words: ({ readOnly }) => readOnly,
  effect: "is read-only and refuses writes",
  otherwise:
    "point the client to the primary, or make this server writable once you know why it is read-only: it may be a replica, or its disk may be full",
});
