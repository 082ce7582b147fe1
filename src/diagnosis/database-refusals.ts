// A database that is up and refuses in its own words: told by its clients, to be blamed on the server. What full and read-only ones share. Pure.
import type { CauseCode } from "#api/cause-codes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { engines, type Engine } from "#diagnosis/database-engines.ts";
import { type Meant, serverMeant, serversFor, serversOf } from "#diagnosis/database-servers.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { lineQuote, type LogLine, linesSaying } from "#diagnosis/log-lines.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export interface Refusal extends Omit<Cause, "find"> {
  readonly words: (engine: Engine) => RegExp | undefined;
  /** `the MySQL server StatefulSet shop/db …` */
  readonly does: string;
  readonly why: string;
}

export const refusalCause = ({ words, does, why, ...cause }: Refusal): Cause => ({
  ...cause,
  find: (view) =>
    engines.flatMap((engine) => {
      const pattern = words(engine);
      return pattern === undefined ? [] : find(view, engine, pattern, cause.code, does, why);
    }),
});

const quotesAtMost = 4;

const find = (view: View, engine: Engine, pattern: RegExp, code: CauseCode, does: string, why: string): readonly Assessment[] => {
  const refused = view.workloads.flatMap((workload) => {
    const lines = linesSaying(view, workload, pattern);
    return lines.length === 0 ? [] : [{ workload, lines }];
  });
  if (refused.length === 0 && !view.evidence.events.some(({ message }) => pattern.test(message))) return [];
  const servers = serversOf(view, engine);
  const refusing = servers.filter((server) => view.eventsAround(server).some(({ message }) => pattern.test(message)));
  const namespaces = new Set([...refused.map(({ workload }) => workload), ...refusing].map(({ reference }) => reference.namespace));
  // Each namespace by itself: two tenants have a database each.
  return [...namespaces].flatMap((namespace) => {
    const clients = refused.filter(({ workload }) => workload.reference.namespace === namespace && !servers.includes(workload));
    const meant = serverMeant(
      view,
      serversFor(servers, namespace),
      clients.flatMap(({ lines }) => lines.map(({ text }) => text)),
      pattern,
    );
    return judgeServer(view, { engine, pattern, code, does, why, clients, meant });
  });
};

interface Refusing {
  readonly engine: Engine;
  readonly pattern: RegExp;
  readonly code: CauseCode;
  readonly does: string;
  readonly why: string;
  readonly clients: readonly { readonly workload: Workload; readonly lines: readonly LogLine[] }[];
  readonly meant: Meant | undefined;
}

const judgeServer = (view: View, { engine, pattern, code, does, why, clients, meant }: Refusing): readonly Assessment[] => {
  const [first] = clients;
  const own = meant === undefined ? [] : view.eventsAround(meant.server).filter(({ message }) => pattern.test(message));
  if (first === undefined && own.length === 0) return [];
  const object = meant?.server.reference ?? first?.workload.reference;
  if (object === undefined) return [];
  const name = `The ${engine.name} server ${meant === undefined ? "outside of what was read" : referenceText(meant.server.reference)}`;
  return [
    assess(
      code,
      {
        required: [{ claim: `clients of ${engine.name}, or its probes, are told so`, holds: true }],
        supporting: [
          { claim: "it is known which server they mean", holds: meant === undefined ? false : meant.by === "changed" ? "unknown" : true },
          { claim: "several clients say the same", holds: clients.length > 1 },
          { claim: "the words are the server's own, by number or in full", holds: true, weight: 2 },
        ],
      },
      () => ({
        object,
        summary: `${name} ${does}: ${clients.length} workloads are told so.`,
        chain: [
          `${name} ${does}`,
          ...clients.slice(0, 3).map(({ workload }) => `${referenceText(workload.reference)} fails with what it needs there`),
        ],
        quotes: [
          ...own.slice(0, 1).map(eventQuote),
          ...clients.flatMap(({ lines }) => lines.slice(0, 1).map(lineQuote)).slice(0, quotesAtMost),
        ],
        detail: { engine: engine.name },
        explains: clients.map(({ workload }) => workload.reference),
        facts: person(why),
      }),
    ),
  ];
};
