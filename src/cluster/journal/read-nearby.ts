// The journal as a reader without a watch of its own has it: what was saved, brought up to now with one look at the cluster, and what Kubernetes
// itself remembers. Only reads; what may not be read is said, never an error.
import {
  ControllerRevisions,
  type ControllerRevision,
  type Deployment,
  type LabelSelector,
  Pods,
  ReplicaSets,
  type ReplicaSet,
} from "#api/kubernetes.ts";
import type { KubeObject, Need, ObjectReference, ResourceType } from "#api/object.ts";
import type { Nearby } from "#cluster/journal/changes-near.ts";
import { createJournal, journalKey } from "#cluster/journal/journal.ts";
import { loadJournal } from "#cluster/journal/journal-reader.ts";
import { helmChanges, recordedChanges, releaseChanges, type Remembered } from "#cluster/journal/remembered-changes.ts";
import { referenceOf, type Track } from "#cluster/journal/track.ts";
import { isTracked } from "#cluster/journal/tracked-content.ts";
import { secretType, trackedTypes } from "#cluster/journal/tracked-kinds.ts";
import { selects } from "#api/selectors.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";

export interface ReadNearbyDeps {
  readonly kube: Pick<Kube, "list" | "get" | "pages">;
  readonly clock: Pick<Clock, "now">;
  /** Kintsugi's own namespace, where the journal is saved. */
  readonly namespace: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadNearby {
  readonly tracks: readonly Track[];
  readonly nearby: Nearby;
  /** What could not be read, and why. */
  readonly notRead: readonly string[];
}

/** Secrets are not among them: without the right to list them, Helm's releases stand in what was not read. */
export const nearbyNeeds: readonly Need[] = [...new Set<ResourceType>([...trackedTypes, ReplicaSets, ControllerRevisions, Pods])].map(
  (type): Need => ({ group: type.group, resource: type.plural, verbs: ["list"], scope: "cluster" }),
);

const workloadKinds: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "DaemonSet"]);

export const readNearby = async (deps: ReadNearbyDeps, target: ObjectReference): Promise<ReadNearby> => {
  const { kube, clock, namespace, signal } = deps;
  const options = signal === undefined ? {} : { signal };
  const notRead: string[] = [];
  const tolerant = async <T>(what: string, read: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof KubeError) || error.status === 0 || error.status === 401) throw error;
      notRead.push(`${what}: ${error.status === 403 ? "not allowed" : (error.message.split("\n")[0] ?? "")}`);
      return otherwise;
    }
  };
  const list = <T extends KubeObject>(type: ResourceType<T>): Promise<T[]> => {
    const scope = type.namespaced && target.namespace !== undefined ? { namespace: target.namespace } : {};
    return tolerant<T[]>(type.plural, kube.list(type, scope, options), []);
  };
  const listSecrets = async (): Promise<KubeObject[]> => {
    const scope = { part: "metadata" as const, ...(target.namespace === undefined ? {} : { namespace: target.namespace }) };
    const found: KubeObject[] = [];
    for await (const page of kube.pages(secretType, scope, options)) found.push(...page.items);
    return found;
  };
  // A cluster-scoped target has no neighbours by namespace: the whole cluster would be too much to read for it.
  const types = trackedTypes.filter((type) => !type.namespaced || target.namespace !== undefined);
  const inNamespace = target.namespace !== undefined;
  const [saved, lists, secrets, replicaSets, revisions, pods] = await Promise.all([
    tolerant("the change journal", loadJournal(kube, namespace, signal), undefined),
    Promise.all(types.map(async (type) => ({ type, items: await list(type) }))),
    inNamespace ? tolerant("secrets", listSecrets(), []) : [],
    inNamespace ? list<ReplicaSet>(ReplicaSets) : [],
    inNamespace ? list<ControllerRevision>(ControllerRevisions) : [],
    inNamespace ? list(Pods) : [],
  ]);
  notRead.push(...(saved?.troubles ?? []));
  if (saved?.unverified !== undefined) notRead.push(`the change journal: ${saved.unverified}`);
  const { tracks = [], savedAt } = saved ?? {};
  if (tracks.length === 0 && !notRead.some((each) => each.startsWith("the change journal")))
    notRead.push(`the change journal: none in ${namespace}; only changes that Kubernetes itself records are shown`);

  const now = clock.now();
  const live = [...lists.flatMap(({ items }) => items), ...secrets].filter(isTracked);
  const journal = createJournal();
  const gap = savedAt === undefined ? undefined : { notBefore: savedAt };
  journal.restore(tracks.filter(({ object }) => object.namespace === undefined || object.namespace === target.namespace));
  for (const object of live) journal.see(object, now, gap);
  const present = new Set(live.map((object) => journalKey(referenceOf(object))));
  const listed = new Set(
    lists.filter(({ type }) => !notRead.some((each) => each.startsWith(`${type.plural}:`))).map(({ type }) => type.kind),
  );
  for (const { object } of journal.tracks())
    if (listed.has(object.kind) && !present.has(journalKey(object))) journal.seeDeleted(object, now, gap);

  const targetObject = live.find((object) => journalKey(referenceOf(object)) === journalKey(target));
  const nodes = nodesOf(targetObject, pods);
  const remembered: Remembered[] = [
    ...live.flatMap(recordedChanges),
    ...live.filter(({ kind }) => workloadKinds.has(kind)).flatMap((workload) => releaseChanges(workload, [...replicaSets, ...revisions])),
    ...helmChanges(secrets, targetObject),
  ];
  return { tracks: journal.tracks(), nearby: { remembered, ...(nodes === undefined ? {} : { nodes }) }, notRead: onePerReason(notRead) };
};

/** `deployments, pods: not allowed`: kinds that were not read for one reason are one line, always in one order. */
const onePerReason = (notRead: readonly string[]): readonly string[] => {
  const byReason = new Map<string, string[]>();
  for (const each of notRead.toSorted()) {
    const at = each.indexOf(": ");
    const reason = each.slice(at + 2);
    byReason.set(reason, [...(byReason.get(reason) ?? []), each.slice(0, at)]);
  }
  return [...byReason].map(([reason, whats]) => `${whats.join(", ")}: ${reason}`);
};

/** Where the pods run that it selects; undefined where it has no pods. */
const nodesOf = (
  target: KubeObject | undefined,
  pods: readonly (KubeObject & { spec?: { nodeName?: string } })[],
): readonly string[] | undefined => {
  const selector: LabelSelector | undefined =
    target !== undefined && workloadKinds.has(target.kind) ? (target as Deployment).spec.selector : undefined;
  if (selector === undefined) return undefined;
  return [...new Set(pods.filter(({ metadata }) => selects(selector, metadata.labels)).flatMap(({ spec }) => spec?.nodeName ?? []))];
};
