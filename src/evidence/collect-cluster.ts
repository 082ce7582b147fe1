// Reads everything an investigator may look at, live and in parallel, within a budget: around one object, in namespaces, or in the whole cluster.
// Never writes; never asks for the value of a Secret.
import type { Alert, Reference } from "#api/fields.ts";
import { Events, Leases, Pods, ReplicaSets, type Event, type Lease } from "#api/kubernetes.ts";
import { type KubeObject, type ResourceType, controllerOf } from "#api/object.ts";
import { type Clock, toPreciseTimestamp } from "#lib/clock.ts";
import { completeTarget, templatesOf, uidsAbove } from "#evidence/around-target.ts";
import { createBudget, type Budget, type Limits } from "#evidence/budget.ts";
import { calledNamespaces } from "#evidence/called-namespaces.ts";
import { chooseLogs, type LogChoice } from "#evidence/choose-logs.ts";
import { componentStates } from "#evidence/components.ts";
import { withoutKnown } from "#evidence/known-secrets.ts";
import { eventEvidence } from "#evidence/events.ts";
import { type Evidence, evidenceForm, type ObservedChange, optionalSource, type PodLog } from "#evidence/evidence.ts";
import { type ClusterReader, createGather, type Gather, type GatherOptions } from "#evidence/gather.ts";
import { inParallel } from "#evidence/in-parallel.ts";
import { calledKinds, clusterKinds, type KindToRead, leaseNamespaces, namespacedKinds, type Reason } from "#evidence/kinds-read.ts";
import { metricsOf } from "#evidence/metrics.ts";
import { type PrometheusSource, readPrometheus } from "#evidence/read-prometheus.ts";
import { readLogs } from "#evidence/read-logs.ts";
import { reasonsFor } from "#evidence/reasons.ts";
import type { EventEvidence } from "#evidence/workload-evidence.ts";

/** What is looked at: what surrounds one object, some namespaces, or everything. */
export type Around = { readonly target: Reference } | { readonly namespaces: readonly string[] } | { readonly namespaces: "all" };

export interface EvidenceQuestion {
  readonly around: Around;
  readonly alerts?: readonly Alert[];
  /** Their names are not asked for: for whom the right to list them is too much. */
  readonly secrets?: "left out";
  readonly progress?: GatherOptions["progress"];
  /** What is known of changes, such as the journal of an installation; asked once the rest is read. */
  readonly changes?: ChangeSource;
  /** Who is asked for metrics and firing alerts; nobody where absent. */
  readonly prometheus?: PrometheusSource | undefined;
}

export type ChangeSource = (namespaces: readonly string[] | "all", since: number) => Promise<KnownChanges>;
export interface KnownChanges {
  readonly changes: readonly ObservedChange[];
  /** What is not known of them, or not certain. */
  readonly gaps: readonly string[];
}

/** A change of the day before may still be the reason. */
const changesForMs = 24 * 3_600_000;
const readJournal = "read the change journal";

interface Extents extends Omit<GatherOptions, "budget" | "progress"> {
  readonly limits: Limits;
  readonly listsAtOnce: number;
  readonly events: number;
  readonly logs: Omit<LogChoice, "isOwn">;
  readonly called: number;
}

const MB = 1_000_000;
const extents = {
  /** Of sixty calls ten are left to finding the target before and to planning a repair after. */
  target: {
    limits: { calls: 50, bytes: 1.6 * MB, ms: 10_000 },
    callTimeoutMs: 8_000,
    pageSize: 100,
    answerBytes: 4 * MB,
    maxObjects: 2_000,
    listsAtOnce: 24,
    events: 1_000,
    logs: { max: 5, perWorkload: 2, quiet: 0 },
    called: 2,
  },
  namespaces: {
    limits: { calls: 300, bytes: 64 * MB, ms: 20_000 },
    callTimeoutMs: 15_000,
    pageSize: 500,
    answerBytes: 64 * MB,
    maxObjects: 10_000,
    listsAtOnce: 24,
    events: 4_000,
    logs: { max: 40, perWorkload: 3, quiet: 10 },
    called: 4,
  },
  all: {
    limits: { calls: 2_000, bytes: 1_000 * MB, ms: 60_000 },
    callTimeoutMs: 30_000,
    pageSize: 250,
    answerBytes: 64 * MB,
    maxObjects: 50_000,
    // Answers of several megabytes are parsed whole: a few at a time.
    listsAtOnce: 4,
    events: 10_000,
    logs: { max: 120, perWorkload: 3, quiet: 0 },
    called: 0,
  },
} as const satisfies Record<string, Extents>;

/**
 * Flow: the lists; then logs; then what those ask for; then the namespaces that are called.
 * Guarantees: bounded and redacted; what is missing stands in `gaps`. Throws only where pods, the target or
 * its revisions cannot be read at all: without them every answer would be a guess.
 */
export const collectEvidence = async (
  reader: ClusterReader,
  clock: Clock,
  question: EvidenceQuestion,
  signal?: AbortSignal,
): Promise<Evidence> => {
  const extent: Extents = extentOf(question.around);
  const budget = createBudget(clock, extent.limits, signal);
  try {
    return await collected(reader, clock, question, extent, budget);
  } finally {
    budget.stop();
    signal?.throwIfAborted();
  }
};

const extentOf = (around: Around): Extents => {
  if ("target" in around)
    return around.target.namespace === undefined ? { ...extents.all, limits: extents.namespaces.limits } : extents.target;
  return around.namespaces === "all" ? extents.all : extents.namespaces;
};

const collected = async (
  reader: ClusterReader,
  clock: Clock,
  { around, alerts = [], secrets, progress, changes: known, prometheus }: EvidenceQuestion,
  extent: Extents,
  budget: Budget,
): Promise<Evidence> => {
  const collectedAt = toPreciseTimestamp(clock.now());
  const gather = createGather(reader, { ...extent, budget, progress });
  const target = "target" in around ? around.target : undefined;
  const namespaces = namespacesOf(around);
  const everywhere = namespaces === "all";
  const places = everywhere ? [undefined] : namespaces;
  const events: EventEvidence[] = [];
  const done = new Set<KindToRead>(secrets === undefined ? [] : namespacedKinds.filter(({ part }) => part === "metadata"));

  const wave = async (reasons: ReadonlySet<Reason> | "any"): Promise<void> => {
    const wanted = (kind: KindToRead): boolean =>
      !done.has(kind) && (reasons === "any" || kind.when === undefined || reasons.has(kind.when));
    const kinds = [...namespacedKinds.filter(wanted), ...clusterKinds.filter(wanted)];
    for (const kind of kinds) done.add(kind);
    await inParallel(
      kinds.flatMap((kind) => (kind.type.namespaced ? places : [undefined]).map((namespace) => ({ kind, namespace }))),
      extent.listsAtOnce,
      ({ kind, namespace }) => gather.list(kind, namespace === undefined ? {} : { namespace }),
    );
  };

  await Promise.all([
    wave(target !== undefined && !everywhere ? new Set() : "any"),
    ...places.map((namespace) => readEvents(gather, extent, namespace, events)),
  ]);
  for (const type of essential(target)) failWithout(gather, type, places);
  if (target !== undefined) await completeTarget(gather, target);

  const ofTarget = target === undefined ? undefined : uidsAbove(gather, target);
  const heard = new Set<string>();
  const listen = async (max: number): Promise<readonly PodLog[]> => {
    const choice = {
      ...extent.logs,
      max,
      isOwn: (root: string, pod: KubeObject) => ofTarget?.has(root) === true || ofTarget?.has(pod.metadata.uid) === true,
    };
    const wanted = chooseLogs(gather, choice).filter((log) => !heard.has(JSON.stringify(log)));
    for (const log of wanted) heard.add(JSON.stringify(log));
    return readLogs(reader, gather, budget, wanted);
  };
  const logs: PodLog[] = [...(await listen(extent.logs.max))];

  const reasons = reasonsFor(gather, events, logs);
  const templates = target === undefined ? gather.of(Pods).map(({ spec }) => ({ spec })) : templatesOf(gather, target);
  const called = everywhere
    ? []
    : [...new Set(namespaces.flatMap((namespace) => calledNamespaces(gather, namespace, templates, logs)))]
        .filter((name) => !namespaces.includes(name))
        .slice(0, extent.called);
  const leases: Lease[] = [];
  const [metrics] = await Promise.all([
    readMetrics(gather, reader, places),
    everywhere ? undefined : wave(reasons),
    ...(everywhere || reasons.has("clusterTroubled") ? leaseNamespaces.map((namespace) => readLeases(gather, namespace, leases)) : []),
  ]);
  if (called.length > 0) {
    await inParallel(
      called.flatMap((namespace) => calledKinds.map((kind) => ({ kind, namespace }))),
      extent.listsAtOnce,
      ({ kind, namespace }) => gather.list(kind, { namespace }),
    );
    await Promise.all(called.map((namespace) => readEvents(gather, extent, namespace, events)));
    logs.push(...(await listen(extent.logs.max + 2)));
  }

  const said = events.map((event) => {
    // A probe's answer is the program's own word.
    const [, ofNamespace, pod] = /^Pod ([^/]+)\/(\S+)$/.exec(event.object) ?? [];
    return pod === undefined ? event : { ...event, message: withoutKnown(event.message, gather.secretsOf(ofNamespace, pod)) };
  });
  const objects = withoutStrays(gather);
  const scope = everywhere ? ("all" as const) : [...namespaces, ...called];
  // Last: a Prometheus gets what the cluster's own word has left of the calls.
  const [changes, measured] = await Promise.all([
    known === undefined ? undefined : gather.tryTo(readJournal, () => known(scope, clock.now() - changesForMs)),
    readPrometheus({ reader, gather, budget, now: clock.now }, prometheus, { namespaces: scope, alerts }),
  ]);
  for (const gap of changes?.gaps ?? []) gather.gaps.add(readJournal, gap);
  return {
    form: evidenceForm,
    collectedAt,
    scope: { namespaces, ...(called.length === 0 ? {} : { called }), ...(target === undefined ? {} : { target }) },
    alerts: [...alerts],
    objects,
    read: [...gather.read],
    events: said.toSorted((a, b) => compare(b.lastAt ?? "", a.lastAt ?? "")).slice(0, extent.events),
    logs,
    metrics: [...metrics, ...measured.metrics],
    firing: measured.firing,
    connections: [],
    components: componentStates(leases),
    changes: (changes?.changes ?? []).map(observed),
    gaps: gather.gaps.lines(),
  };
};

/** Without what only the journal needs to know of it. */
const observed = ({ object, at, by, field, kind, before, after }: ObservedChange): ObservedChange => ({
  ...{ object, at, by, field, kind },
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

const namespacesOf = (around: Around): readonly string[] | "all" => {
  if (!("target" in around)) return around.namespaces;
  const { kind, namespace, name } = around.target;
  if (namespace !== undefined) return [namespace];
  return kind === "Namespace" ? [name] : "all";
};

const essential = (target: Reference | undefined): readonly ResourceType[] => {
  const own = target === undefined ? undefined : namespacedKinds.find(({ type }) => type.kind === target.kind)?.type;
  return [Pods, ...(own === undefined ? [] : [own]), ...(target?.kind === "Deployment" ? [ReplicaSets] : [])];
};

const failWithout = (gather: Gather, type: ResourceType, places: readonly (string | undefined)[]): void => {
  const error = gather.errorOf(type);
  if (error !== undefined && !places.some((namespace) => gather.hasRead(type, namespace))) throw error;
};

const readEvents = (gather: Gather, extent: Extents, namespace: string | undefined, into: EventEvidence[]): Promise<unknown> =>
  gather.each(
    { type: Events as ResourceType, pageSize: Math.min(500, extent.events) },
    namespace === undefined ? {} : { namespace },
    (event) => {
      into.push(eventEvidence(event as Event));
    },
  );

const readLeases = (gather: Gather, namespace: string, into: Lease[]): Promise<unknown> =>
  gather.each({ type: Leases as ResourceType }, { namespace }, (lease) => void into.push(lease as Lease));

const readMetrics = async (
  gather: Gather,
  reader: ClusterReader,
  places: readonly (string | undefined)[],
): Promise<Evidence["metrics"]> => {
  const root = "/apis/metrics.k8s.io/v1beta1";
  const read = (path: string): Promise<unknown> =>
    gather.tryTo(optionalSource, (options) => reader.request("GET", `${root}${path}`, undefined, options));
  const answers = await Promise.all(
    places
      .slice(0, 4)
      .map(async (namespace) =>
        metricsOf("Pod", await read(namespace === undefined ? "/pods" : `/namespaces/${encodeURIComponent(namespace)}/pods`)),
      ),
  );
  const nodes = places.includes(undefined) ? metricsOf("Node", await read("/nodes")) : [];
  return [...answers.flat(), ...nodes];
};

/** A pod whose ReplicaSet was left out would look as if nobody owned it. */
const withoutStrays = (gather: Gather): readonly KubeObject[] => {
  const isStray = (object: KubeObject): boolean => {
    const owner = object.kind === "Pod" ? controllerOf(object) : undefined;
    const { namespace } = object.metadata;
    if (owner?.kind !== "ReplicaSet" || namespace === undefined || gather.hasRead(ReplicaSets, namespace)) return false;
    return gather.find(ReplicaSets, { namespace, name: owner.name }) === undefined;
  };
  return gather.objects().filter((object) => !isStray(object));
};
