// Reads the live objects that an action declares, for its plan. Never from a cache: the plan is compared with a hash.
import {
  builtInTypes,
  ConfigMaps,
  ControllerRevisions,
  type ControllerRevision,
  HorizontalPodAutoscalers,
  type HorizontalPodAutoscaler,
  PersistentVolumeClaims,
  Pods,
  type Pod,
  ReplicaSets,
  type ReplicaSet,
} from "#api/kubernetes.ts";
import {
  apiVersionOf,
  type KubeObject,
  type Need,
  type ObjectReference,
  type ResourceType,
  controllerOf,
  isControlledBy,
} from "#api/object.ts";
import type { Kept, KeptBefore, Named, ObservedObjects, Read } from "#api/observed.ts";
import { keyNeeds } from "#cluster/installation-key.ts";
import type { JournalReader } from "#cluster/journal/journal-reader.ts";
import { JOURNAL_KEY_NAME } from "#cluster/journal/journal-seal.ts";
import { journalKey } from "#cluster/journal/journal.ts";
import { keptBefore } from "#cluster/journal/kept-content.ts";
import type { Kube } from "#kube/client.ts";

const may = (type: ResourceType, verbs: Need["verbs"]): Need => ({ group: type.group, resource: type.plural, verbs, scope: "cluster" });

/** What the reads below need; the target's own kind comes with the action. */
export const needs: readonly Need[] = [
  ...[Pods, ReplicaSets, HorizontalPodAutoscalers].map((type) => may(type, ["get", "list", "watch"])),
  may(ControllerRevisions, ["list"]),
  // Only by name.
  ...[ConfigMaps, PersistentVolumeClaims].map((type) => may(type, ["get"])),
  // The saved change journal.
  { ...may(ConfigMaps, ["list"]), scope: "own" },
  ...keyNeeds(JOURNAL_KEY_NAME, ["get"]),
];

type Reader = Pick<Kube, "get" | "list">;

export interface ActionReader {
  readonly kube: Reader;
  readonly journal: JournalReader;
}

/** Where objects of this reference live; undefined for a kind that Kintsugi does not know. */
export const typeOf = (reference: ObjectReference): ResourceType | undefined =>
  builtInTypes.find((type) => type.kind === reference.kind && apiVersionOf(type) === reference.apiVersion);

export const readObject = async (kube: Reader, reference: ObjectReference, signal?: AbortSignal): Promise<KubeObject | undefined> => {
  const type = typeOf(reference);
  if (type === undefined || (type.namespaced && reference.namespace === undefined)) return undefined;
  const key =
    type.namespaced && reference.namespace !== undefined
      ? { namespace: reference.namespace, name: reference.name }
      : { name: reference.name };
  return kube.get(type, key, optionsOf(signal));
};

/** Guarantee: only what `reads` names is asked for, besides the target. */
export const readForAction = async (
  { kube, journal }: ActionReader,
  reads: readonly Read[],
  reference: ObjectReference,
  signal?: AbortSignal,
): Promise<ObservedObjects> => {
  const target = await readObject(kube, reference, signal);
  const wanted = reads.find((read) => isKeptBefore(read));
  const past = wanted === undefined ? {} : { kept: await readKept(journal, reference, wanted, signal) };
  const namespace = target?.metadata.namespace;
  if (target === undefined || namespace === undefined) return { target, replicaSets: [], siblings: [], autoscalers: [], ...past };
  const list = async <T extends KubeObject>(read: Read, type: ResourceType<T>, belongs: (object: T) => boolean): Promise<T[]> =>
    reads.includes(read) ? (await kube.list(type, { namespace }, optionsOf(signal))).filter(belongs) : [];
  const byName = reads
    .filter((read) => isNamed(read))
    .map(({ apiVersion, kind, name }) => readObject(kube, { apiVersion, kind, namespace, name }, signal));
  const [replicaSets, controllerRevisions, siblings, autoscalers, named] = await Promise.all([
    list<ReplicaSet>("replicaSets", ReplicaSets, (set) => isControlledBy(set, target)),
    list<ControllerRevision>("controllerRevisions", ControllerRevisions, (kept) => isControlledBy(kept, target)),
    list<Pod>("siblings", Pods, (pod) => controllerOf(pod) !== undefined && controllerOf(pod)?.uid === controllerOf(target)?.uid),
    list<HorizontalPodAutoscaler>("autoscalers", HorizontalPodAutoscalers, ({ spec }) => scales(spec.scaleTargetRef, target)),
    Promise.all(byName),
  ]);
  return {
    target,
    replicaSets,
    controllerRevisions,
    siblings,
    autoscalers,
    named: named.filter((object) => object !== undefined),
    ...past,
  };
};

export const isNamed = (read: Read): read is Named => typeof read !== "string" && "name" in read;
const isKeptBefore = (read: Read): read is KeptBefore => typeof read !== "string" && "keptBefore" in read;

const readKept = async (
  journal: JournalReader,
  reference: ObjectReference,
  { keptBefore: before }: KeptBefore,
  signal: AbortSignal | undefined,
): Promise<Kept> => {
  const read = await journal(signal);
  if (read === undefined) return { unknown: "no change journal could be read" };
  const { tracks, troubles, unverified } = read;
  // Another writer's content must never be put back.
  if (unverified !== undefined) return { unknown: `the change journal is ${unverified}` };
  const key = journalKey(reference);
  const kept = keptBefore(
    tracks.find(({ object }) => journalKey(object) === key),
    before,
  );
  return "unknown" in kept && troubles.length > 0 ? { unknown: [kept.unknown, ...troubles].join("; ") } : kept;
};

const scales = (reference: { kind: string; name: string }, target: KubeObject): boolean =>
  reference.kind === target.kind && reference.name === target.metadata.name;

const optionsOf = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });
