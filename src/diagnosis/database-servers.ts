// Which workload serves a database, and which one a client means: by the name in its own words, by what the server says itself, else by what
// changed last. Pure; an address that sits in a Secret stays unknown, so that this is often an elimination, and says how it came about.
import { Services, type Service } from "#api/kubernetes.ts";
import { serviceSelects } from "#cluster/selectors.ts";
import { isReady } from "#api/conditions.ts";
import type { Engine } from "#diagnosis/database-engines.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { escaped } from "#lib/escaped.ts";

/** Workloads that serve at the engine's port, by what their containers or the Services before them declare. */
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

/** Services that select one of its pods: a database's leader is told by a label that no template has. */
export const servicesBefore = (view: View, { reference, pods }: Workload): readonly Service[] =>
  view.all(Services, reference.namespace).filter(({ spec }) => pods.some(({ metadata }) => serviceSelects(spec.selector, metadata.labels)));

export const isServing = ({ pods }: Workload): boolean => pods.length > 0 && pods.every((pod) => isReady(pod));

export interface Meant {
  readonly server: Workload;
  /** `named` in the client's own words, it `says` so itself, it is the `only` one, or of several the one that `changed` last. */
  readonly by: "named" | "says" | "only" | "changed";
}

/** `words`: what clients say; `own`: what the server's own logs or events would say. */
export const serverMeant = (view: View, servers: readonly Workload[], words: readonly string[], own?: RegExp): Meant | undefined => {
  const named = servers.find((server) =>
    servicesBefore(view, server).some(({ metadata }) => words.some((text) => nameIn(metadata.name).test(text))),
  );
  if (named !== undefined) return { server: named, by: "named" };
  const says = own === undefined ? undefined : servers.find((server) => saysOf(view, server, own));
  if (says !== undefined) return { server: says, by: "says" };
  const [first, ...others] = servers.toSorted((a, b) => (startedAt(a) < startedAt(b) ? 1 : -1));
  return first === undefined ? undefined : { server: first, by: others.length === 0 ? "only" : "changed" };
};

const saysOf = (view: View, server: Workload, own: RegExp): boolean =>
  view.eventsAround(server).some(({ message }) => own.test(message)) || view.logsOf(server).some(({ text }) => own.test(text));

const startedAt = ({ object, pods }: Workload): string =>
  [object.metadata.creationTimestamp, ...pods.map(({ metadata }) => metadata.creationTimestamp)].toSorted().at(-1) ?? "";

const nameIn = (name: string): RegExp => new RegExp(`(?<![A-Za-z0-9-])${escaped(name)}(?![A-Za-z0-9-])`);
