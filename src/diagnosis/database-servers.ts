// The workloads that serve a database, and the one that a client uses: by name in the client's words, by the server's own words, the only one, or
// the one that was deployed with the client. Pure. An address in a Secret is not evidence: where none of this decides, no server is named.
import { isReady } from "#api/conditions.ts";
import { Services, type Service } from "#api/kubernetes.ts";
import { serviceSelects } from "#api/selectors.ts";
import type { Engine } from "#diagnosis/database-engines.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { escaped } from "#lib/escaped.ts";

/** Workloads that serve at the engine's port, as their containers or the Services before them declare. */
export const serversOf = (view: View, { port }: Engine): readonly Workload[] => {
  const services = view
    .all(Services)
    .filter(({ spec }) => (spec.ports ?? []).some((each) => each.port === port && (each.targetPort ?? port) === port));
  const behind = new Set(services.flatMap((service) => view.podsBehind(service)));
  return view.workloads.filter(
    ({ template, pods }) =>
      template.spec.containers.some(({ ports = [] }) => ports.some(({ containerPort }) => containerPort === port)) ||
      pods.some((pod) => behind.has(pod)),
  );
};

/** Servers in the client's own namespace come before servers elsewhere: two tenants have a database each. */
export const serversFor = (servers: readonly Workload[], namespace: string | undefined): readonly Workload[] => {
  const own = servers.filter(({ reference }) => reference.namespace === namespace);
  return own.length > 0 ? own : servers;
};

/** Services that select one of its pods: the leader of a database has a label that no template has. */
export const servicesBefore = (view: View, { reference, pods }: Workload): readonly Service[] =>
  view.all(Services, reference.namespace).filter(({ spec }) => pods.some(({ metadata }) => serviceSelects(spec.selector, metadata.labels)));

export const isServing = ({ pods }: Workload): boolean => pods.length > 0 && pods.every(isReady);

export interface UsedServer {
  readonly server: Workload;
  /** Why this one: `named` in the client's words, it `reports` so itself, the `only` one, or `deployed` with the client. */
  readonly by: "named" | "reports" | "only" | "deployed";
}

interface Use {
  readonly client: Workload | undefined;
  /** Log lines of clients. */
  readonly words: readonly string[];
  /** The words of the server's own logs or events. */
  readonly own?: RegExp;
}

export const usedServer = (view: View, servers: readonly Workload[], { client, words, own }: Use): UsedServer | undefined => {
  const named = servers.find((server) =>
    servicesBefore(view, server).some(({ metadata }) => words.some((text) => nameIn(metadata.name).test(text))),
  );
  if (named !== undefined) return { server: named, by: "named" };
  const reporting = own === undefined ? undefined : servers.find((server) => reports(view, server, own));
  if (reporting !== undefined) return { server: reporting, by: "reports" };
  const [only, ...others] = servers;
  if (only !== undefined && others.length === 0) return { server: only, by: "only" };
  const deployed = client === undefined ? undefined : deployedWith(client, servers);
  return deployed === undefined ? undefined : { server: deployed, by: "deployed" };
};

/** A system and its database are created together. Where the next server is less than three times as far away, the gap says nothing. */
const clearGap = 3;

const deployedWith = (client: Workload, servers: readonly Workload[]): Workload | undefined => {
  const createdAt = ({ object }: Workload): number => fromTimestamp(object.metadata.creationTimestamp) ?? 0;
  const [nearest, next] = servers
    .map((server) => ({ server, gap: Math.abs(createdAt(server) - createdAt(client)) }))
    .toSorted((a, b) => a.gap - b.gap);
  return nearest !== undefined && next !== undefined && next.gap > 0 && next.gap >= clearGap * nearest.gap ? nearest.server : undefined;
};

const reports = (view: View, server: Workload, own: RegExp): boolean =>
  view.eventsAround(server).some(({ message }) => own.test(message)) || view.logsOf(server).some(({ text }) => own.test(text));

const nameIn = (name: string): RegExp => new RegExp(`(?<![A-Za-z0-9-])${escaped(name)}(?![A-Za-z0-9-])`);
