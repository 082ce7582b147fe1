// Reads everything an investigator may look at, live, from all sources within one budget: around one object, in namespaces, or in the whole cluster.
// Never writes; never asks for the value of a Secret.
import { ReplicaSets } from "#api/kubernetes.ts";
import { controllerOf, type KubeObject, type Need } from "#api/object.ts";
import { type Clock, toPreciseTimestamp } from "#lib/clock.ts";
import { createBudget } from "#evidence/budget.ts";
import { type Evidence, evidenceForm } from "#evidence/evidence.ts";
import { type Around, extentOf } from "#evidence/extents.ts";
import { type ClusterReader, createGather, type Gather } from "#evidence/gather.ts";
import { withoutKnown } from "#evidence/known-secrets.ts";
import { type SourceName, sourceNames } from "#evidence/source-names.ts";
import { calledNamespaces } from "#evidence/sources/called-namespaces.ts";
import { events } from "#evidence/sources/events.ts";
import { journal } from "#evidence/sources/journal.ts";
import { leases } from "#evidence/sources/leases.ts";
import { logs } from "#evidence/sources/logs.ts";
import { metricsServer } from "#evidence/sources/metrics-server.ts";
import { objects, relatedObjects } from "#evidence/sources/objects.ts";
import { prometheus } from "#evidence/sources/prometheus.ts";
import type { Collection, EvidenceQuestion, EvidenceSource, Found, Reading } from "#evidence/sources/source.ts";

/** Sources of one step are read at once, on what the steps before it found. The last gets what the cluster's own word has left of the calls. */
const steps: readonly (readonly EvidenceSource[])[] = [
  [objects, events],
  [logs],
  [relatedObjects, metricsServer, leases],
  [calledNamespaces],
  [journal, prometheus],
];

export const evidenceSources: readonly EvidenceSource[] = steps.flat();

/** What a collection of any scope may ask for. */
export const collectionNeeds: readonly Need[] = [...new Set(evidenceSources.flatMap(({ needs }) => needs))];

/**
 * Guarantees: bounded and redacted; what is missing is in `gaps`. Throws only where pods, the target or
 * its revisions cannot be read at all: without them every answer would be a guess.
 */
export const collectEvidence = async (
  reader: ClusterReader,
  clock: Clock,
  question: EvidenceQuestion,
  signal?: AbortSignal,
): Promise<Evidence> => {
  const extent = extentOf(question.around);
  const budget = createBudget(clock, extent.limits, signal);
  const collectedAt = toPreciseTimestamp(clock.now());
  const gather = createGather(reader, { ...extent, budget, progress: question.progress });
  const target = "target" in question.around ? question.around.target : undefined;
  const namespaces = namespacesOf(question.around);
  try {
    let found = nothing;
    const provided = new Set<SourceName>((question.alerts ?? []).length > 0 ? ["alerts"] : []);
    for (const step of steps) {
      const collection: Collection = { reader, clock, gather, budget, extent, question, target, namespaces, found };
      const readings = await allOf(step.map((source) => source.collect(collection)));
      found = readings.reduce<Found>(merged, found);
      for (const [index, { provides }] of step.entries())
        for (const name of provides) if (readings[index]?.lacks?.includes(name) !== true) provided.add(name);
    }
    return {
      form: evidenceForm,
      collectedAt,
      scope: { namespaces, ...(found.called.length === 0 ? {} : { called: found.called }), ...(target === undefined ? {} : { target }) },
      alerts: [...(question.alerts ?? [])],
      objects: withoutStrays(gather),
      read: [...gather.read],
      events: found.events
        .map((event) => withoutSecrets(gather, event))
        // Within a second by their text: else the order would be that of generated names.
        .toSorted((a, b) => compare(b.lastAt ?? "", a.lastAt ?? "") || compare(b.message, a.message))
        .slice(0, extent.events),
      logs: found.logs,
      metrics: found.metrics,
      firing: found.firing,
      connections: [],
      components: found.components,
      changes: found.changes,
      gaps: gather.gaps.lines(),
      lacks: sourceNames.filter((name) => !provided.has(name)),
    };
  } finally {
    budget.stop();
    signal?.throwIfAborted();
  }
};

/** No read outlives the collection, whichever fails. */
const allOf = async <T>(work: readonly Promise<T>[]): Promise<readonly T[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};

const nothing: Found = {
  ...{ events: [], logs: [], logsAsked: [], metrics: [] },
  ...{ firing: [], components: [], changes: [], called: [] },
};

const merged = (found: Found, reading: Reading): Found => ({
  events: [...found.events, ...(reading.events ?? [])],
  logs: [...found.logs, ...(reading.logs ?? [])],
  logsAsked: [...found.logsAsked, ...(reading.logsAsked ?? [])],
  metrics: [...found.metrics, ...(reading.metrics ?? [])],
  firing: [...found.firing, ...(reading.firing ?? [])],
  components: [...found.components, ...(reading.components ?? [])],
  changes: [...found.changes, ...(reading.changes ?? [])],
  called: [...found.called, ...(reading.called ?? [])],
});

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

const namespacesOf = (around: Around): readonly string[] | "all" => {
  if (!("target" in around)) return around.namespaces;
  const { kind, namespace, name } = around.target;
  if (namespace !== undefined) return [namespace];
  return kind === "Namespace" ? [name] : "all";
};

/** A probe's answer is the program's own word. */
const withoutSecrets = <E extends Evidence["events"][number]>(gather: Gather, event: E): E => {
  const [, namespace, pod] = /^Pod ([^/]+)\/(\S+)$/.exec(event.object) ?? [];
  return pod === undefined ? event : { ...event, message: withoutKnown(event.message, gather.secretsOf(namespace, pod)) };
};

/** A pod whose ReplicaSet was left out would look as if it had no owner. */
const withoutStrays = (gather: Gather): readonly KubeObject[] => {
  const isStray = (object: KubeObject): boolean => {
    const owner = object.kind === "Pod" ? controllerOf(object) : undefined;
    const { namespace } = object.metadata;
    if (owner?.kind !== "ReplicaSet" || namespace === undefined || gather.hasRead(ReplicaSets, namespace)) return false;
    return gather.find(ReplicaSets, { namespace, name: owner.name }) === undefined;
  };
  return gather.objects().filter((object) => !isStray(object));
};
