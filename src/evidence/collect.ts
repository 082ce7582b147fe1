// Reads everything an investigator may look at, live and in parallel, within a budget. Never writes, never reads a Secret.
import type { Alert, Reference } from "#api/fields.ts";
import {
  ConfigMaps,
  Events,
  Nodes,
  Pods,
  ReplicaSets,
  builtInTypes,
  type Deployment,
  type LabelSelector,
  type Pod,
} from "#api/kubernetes.ts";
import { referenceText, type Key, type KubeObject, type Need } from "#api/object.ts";
import { typeOf } from "#cluster/read-for-action.ts";
import type { CallOptions, Kube } from "#kube/client.ts";
import { toPreciseTimestamp, type Clock } from "#lib/clock.ts";
import { configEvidence, configsRead, type ConfigUse } from "#evidence/configs.ts";
import {
  bounds,
  type ConfigEvidence,
  type WorkloadEvidence,
  type LogEvidence,
  type NodeEvidence,
  type PodEvidence,
} from "#evidence/workload-evidence.ts";
import { eventsAbout } from "#evidence/events.ts";
import { logsToRead, type LogToRead } from "#evidence/logs.ts";
import { cleanConditions, podEvidence } from "#evidence/pods.ts";
import { revisionsOf } from "#evidence/revisions.ts";
import { selectorText } from "#evidence/selector-text.ts";
import { targetEvidence } from "#evidence/target.ts";
import { cleanLog, cleanMessage } from "#evidence/text.ts";

/** The part of the API server that is read here. */
export type ClusterReader = Pick<Kube, "get" | "list" | "logs">;

export interface Question {
  readonly target: Reference;
  readonly alert: Alert;
}

export const needs: readonly Need[] = [
  ...builtInTypes.map((type): Need => ({ group: type.group, resource: type.plural, verbs: ["get"], scope: "cluster" })),
  { group: "", resource: "pods", verbs: ["list"], scope: "cluster" },
  { group: "", resource: "pods/log", verbs: ["get"], scope: "cluster" },
  { group: "", resource: "events", verbs: ["list"], scope: "cluster" },
  { group: "apps", resource: "replicasets", verbs: ["list"], scope: "cluster" },
];

/** Of one call. Three waves of calls, so that the whole takes at most three times this. */
const callTimeoutMs = 10_000;
/** A namespace in trouble has many events; those about the target are among the newest. */
const maxEventsListed = 2000;

/**
 * Flow: the target; then its pods, revisions and events; then logs, ConfigMaps and nodes.
 * Guarantees: bounded and redacted; what is missing stands in `gaps`. Throws only where the target, its pods or its revisions cannot be read:
 * without them every answer would be a guess.
 */
export const collect = async (kube: ClusterReader, clock: Clock, question: Question, signal?: AbortSignal): Promise<WorkloadEvidence> => {
  const { target, alert } = question;
  const options: CallOptions = { timeoutMs: callTimeoutMs, ...(signal === undefined ? {} : { signal }) };
  const gaps: string[] = [];
  const unless = async <T, O>(doing: string, read: Promise<T>, otherwise: O): Promise<T | O> => {
    try {
      return await read;
    } catch (error) {
      signal?.throwIfAborted();
      gaps.push(cleanMessage(`${doing}: ${error instanceof Error ? error.message : "failed"}`, 256));
      return otherwise;
    }
  };
  const nothing = { pods: [], revisions: [], events: [], logs: [], configs: [], nodes: [] };
  const told = { collectedAt: toPreciseTimestamp(clock.now()), alert };

  const type = typeOf(target);
  if (type === undefined || (type.namespaced && target.namespace === undefined)) {
    const gap = `objects of kind ${target.kind} cannot be looked into`;
    return { ...told, ...nothing, target: { reference: target, state: "unknown", conditions: [] }, gaps: [gap] };
  }
  const object = await kube.get(type, keyOfReference(target), options);
  if (object === undefined) return { ...told, ...nothing, target: { reference: target, state: "gone", conditions: [] }, gaps: [] };

  const seen = targetEvidence(target, { ...object, kind: target.kind });
  const [podObjects, sets, eventObjects] = await Promise.all([
    podsOf(kube, object, seen.selector, options),
    isDeployment(object, target)
      ? kube.list(ReplicaSets, { ...inNamespace(target), labelSelector: selectorText(object.spec.selector) }, options)
      : [],
    target.namespace === undefined
      ? []
      : unless(
          `read the events of ${target.namespace}`,
          kube.list(Events, { namespace: target.namespace, limit: maxEventsListed }, options),
          [],
        ),
  ]);
  const ownSets = sets.filter((set) => ownedBy(set, object));
  const owners = new Set([object.metadata.uid, ...ownSets.map((set) => set.metadata.uid)]);
  const owned = podObjects.filter(
    (pod) => pod.metadata.uid === object.metadata.uid || pod.metadata.ownerReferences?.some((owner) => owners.has(owner.uid)),
  );
  const pods = owned.map(podEvidence).toSorted((a, b) => (a.createdAt === b.createdAt ? 0 : a.createdAt < b.createdAt ? -1 : 1));
  if (pods.length > bounds.pods) gaps.push(`${pods.length - bounds.pods} of ${pods.length} pods were left out`);
  // The newest ones: old pods that run well are the less interesting part, and their number is in the replica counts.
  const kept = pods.slice(-bounds.pods);

  const [logs, configs, nodes] = await Promise.all([
    Promise.all(logsToRead(kept).map((log) => unless(doingLog(log), readLog(kube, target, log, options), undefined))),
    Promise.all(usesOf(seen.template).map((use) => readConfig(kube, target, use, options, unless))),
    Promise.all(nodesOf(kept).map((name) => readNode(kube, name, options, unless))),
  ]);
  const makers = isDeployment(object, target) ? ownSets.map((set) => set.metadata.name) : seen.selector === undefined ? [] : [target.name];
  const uids = new Set([...owners, ...kept.map((pod) => pod.uid)]);
  return {
    ...told,
    target: seen,
    pods: kept,
    revisions: isDeployment(object, target) ? revisionsOf(object, ownSets, pods) : [],
    events: eventsAbout(eventObjects, { uids, makers }),
    logs: logs.filter((log) => log !== undefined && log.text !== "") as LogEvidence[],
    configs,
    nodes,
    gaps: gaps.slice(0, bounds.gaps),
  };
};

type Unless = <T, O>(doing: string, read: Promise<T>, otherwise: O) => Promise<T | O>;

const keyOfReference = (reference: Reference): Key =>
  reference.namespace === undefined ? { name: reference.name } : { namespace: reference.namespace, name: reference.name };
const inNamespace = (reference: Reference): { namespace?: string } =>
  reference.namespace === undefined ? {} : { namespace: reference.namespace };

const isDeployment = (object: KubeObject, reference: Reference): object is Deployment =>
  reference.kind === "Deployment" && "spec" in object;

const ownedBy = (object: KubeObject, owner: KubeObject): boolean =>
  object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false;

const podsOf = async (
  kube: ClusterReader,
  object: KubeObject,
  selector: LabelSelector | undefined,
  options: CallOptions,
): Promise<readonly Pod[]> => {
  if (object.kind === "Pod") return [object as Pod];
  if (selector === undefined || object.metadata.namespace === undefined) return [];
  return kube.list(Pods, { namespace: object.metadata.namespace, labelSelector: selectorText(selector) }, options);
};

const doingLog = (log: LogToRead): string => `read the ${log.run} log of ${log.container} in Pod ${log.pod}`;

const readLog = async (kube: ClusterReader, target: Reference, log: LogToRead, options: CallOptions): Promise<LogEvidence> => {
  const text = await kube.logs(
    { ...inNamespace(target), name: log.pod },
    {
      ...options,
      container: log.container,
      tailLines: bounds.logLines,
      // What tailLines selects is cut from its beginning by the server, so that asking for too little would lose the end.
      limitBytes: 16 * bounds.logBytes,
      ...(log.run === "previous" ? { previous: true as const } : {}),
    },
  );
  // The kubelet answers so, with 200, once the container behind the log has been removed.
  const isGone = text.startsWith("unable to retrieve container logs for ");
  return { ...log, text: isGone ? "" : cleanLog(text, bounds.logLines, bounds.logBytes) };
};

const usesOf = (template: WorkloadEvidence["target"]["template"]): readonly ConfigUse[] =>
  template === undefined ? [] : configsRead(template).slice(0, bounds.configs);

const readConfig = async (
  kube: ClusterReader,
  target: Reference,
  use: ConfigUse,
  options: CallOptions,
  unless: Unless,
): Promise<ConfigEvidence> => {
  const object = { kind: "ConfigMap", namespace: target.namespace, name: use.name };
  const unread = "unread" as const;
  const read = await unless(
    `read ${referenceText(object)}`,
    kube.get(ConfigMaps, { ...inNamespace(target), name: use.name }, options),
    unread,
  );
  return read === unread ? { ...use, state: "unread", keys: [] } : configEvidence(use, read);
};

const nodesOf = (pods: readonly PodEvidence[]): readonly string[] =>
  [...new Set(pods.map((pod) => pod.node).filter((name) => name !== undefined))].slice(0, bounds.nodes);

const readNode = async (kube: ClusterReader, name: string, options: CallOptions, unless: Unless): Promise<NodeEvidence> => {
  const read = await unless(`read Node ${name}`, kube.get(Nodes, { name }, options), "unread" as const);
  if (read === "unread") return { name, state: "unread", conditions: [] };
  if (read === undefined) return { name, state: "gone", conditions: [] };
  return { name, state: "found", conditions: cleanConditions(read.status?.conditions) };
};
