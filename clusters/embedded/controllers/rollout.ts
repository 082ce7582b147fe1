// A Deployment's rollout: its ReplicaSets, the bounds of its strategy, and the one step that is due next, as pkg/controller/deployment. Pure.
import type { Deployment, ReplicaSet } from "#api/kubernetes.ts";
import { replicasOf } from "#embedded/controllers/replica-set.ts";
import { shareOf } from "#embedded/json.ts";
import { jsonEqual } from "#lib/canonical-json.ts";

export const hashLabel = "pod-template-hash";
const own = (name: string): string => `deployment.kubernetes.io/${name}`;
const [revision, history, desired, most] = [own("revision"), own("revision-history"), own("desired-replicas"), own("max-replicas")];
/** Never copied from a Deployment to its ReplicaSets. */
const notCopied = new Set([revision, history, desired, most, "kubectl.kubernetes.io/last-applied-configuration"]);

export interface Family {
  readonly deployment: Deployment;
  /** The one of the present template. */
  readonly newest: ReplicaSet | undefined;
  readonly older: readonly ReplicaSet[];
}

export type Annotations = Readonly<Record<string, string>>;
export type Step =
  | { readonly do: "create"; readonly replicas: number; readonly annotations: Annotations }
  | { readonly do: "resize"; readonly set: ReplicaSet; readonly replicas: number; readonly annotations: Annotations }
  | { readonly do: "annotate"; readonly set: ReplicaSet; readonly annotations: Annotations }
  /** The Deployment shows the revision of its newest ReplicaSet. */
  | { readonly do: "number"; readonly annotations: Annotations };

export const familyOf = (deployment: Deployment, owned: readonly ReplicaSet[]): Family => {
  const sets = owned.toSorted(byAge);
  const wanted = withoutHash(deployment);
  const newest = sets.find((set) => jsonEqual(withoutHash(set), wanted));
  return { deployment, newest, older: sets.filter((set) => set !== newest) };
};

const withoutHash = ({ spec: { template } }: Deployment | ReplicaSet): object => {
  const { [hashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
};

const byAge = (a: ReplicaSet, b: ReplicaSet): number =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) || (a.metadata.name < b.metadata.name ? -1 : 1);

export const allOf = ({ newest, older }: Pick<Family, "newest" | "older">): readonly ReplicaSet[] =>
  newest === undefined ? older : [...older, newest];
export const sum = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number =>
  sets.reduce((total, set) => total + count(set), 0);
export const actualOf = ({ status }: ReplicaSet): number => status?.replicas ?? 0;
export const availableOf = ({ status }: ReplicaSet): number => status?.availableReplicas ?? 0;

/** How many pods there may be too many, and too few. */
export const boundsOf = ({ spec }: Deployment): { readonly surge: number; readonly unavailable: number } => {
  const replicas = replicasOf({ spec });
  if (spec.strategy?.type !== "RollingUpdate") return { surge: 0, unavailable: 0 };
  const { maxSurge = 0, maxUnavailable = 0 } = spec.strategy.rollingUpdate ?? {};
  const surge = shareOf(maxSurge, replicas, Math.ceil);
  const unavailable = shareOf(maxUnavailable, replicas, Math.floor);
  // With neither, a rollout could never begin.
  return { surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
};

/** The step that is due; undefined while the rollout waits for its pods, or is over. */
export const nextStep = (family: Family, hasOldPods: boolean): Step | undefined => {
  const { deployment, newest, older } = family;
  const numbered = newest === undefined ? undefined : renumbered(family, newest);
  if (numbered !== undefined) return numbered;
  const resized = deployment.spec.strategy?.type === "Recreate" ? recreate(family, hasOldPods) : roll(family);
  if (resized === undefined) return undefined;
  const { set, replicas } = resized;
  if (set !== undefined) return { do: "resize", set, replicas, annotations: { ...set.metadata.annotations, ...sizesOf(deployment) } };
  return { do: "create", replicas, annotations: { ...annotationsOf(deployment, undefined, older), ...sizesOf(deployment) } };
};

const renumbered = ({ deployment, older }: Family, newest: ReplicaSet): Step | undefined => {
  const annotations = annotationsOf(deployment, newest, older);
  if (!jsonEqual(annotations, newest.metadata.annotations ?? {})) return { do: "annotate", set: newest, annotations };
  const shown = { ...deployment.metadata.annotations, [revision]: annotations[revision] ?? "" };
  return jsonEqual(shown, deployment.metadata.annotations ?? {}) ? undefined : { do: "number", annotations: shown };
};

/** A ReplicaSet that is taken again gets the next revision, and remembers those that it had. */
const annotationsOf = (deployment: Deployment, set: ReplicaSet | undefined, older: readonly ReplicaSet[]): Annotations => {
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([name]) => !notCopied.has(name));
  const before = set?.metadata.annotations ?? {};
  const next = Math.max(0, ...older.map(revisionOf)) + 1;
  const old = before[revision];
  const annotations = { ...before, ...Object.fromEntries(copied) };
  if (Number(old ?? 0) >= next) return annotations;
  const past = old === undefined ? {} : { [history]: [before[history], old].filter((each) => each !== undefined).join(",") };
  return { ...annotations, ...past, [revision]: String(next) };
};
const revisionOf = ({ metadata }: ReplicaSet): number => Number(metadata.annotations?.[revision] ?? 0);

const sizesOf = (deployment: Deployment): Annotations => ({
  [desired]: String(replicasOf(deployment)),
  [most]: String(replicasOf(deployment) + boundsOf(deployment).surge),
});

interface Resize {
  /** Absent: the newest one, which does not exist yet. */
  readonly set?: ReplicaSet;
  readonly replicas: number;
}

/** Up as far as the surge allows, else down as far as enough pods stay available: those that are of no use first. */
const roll = (family: Family): Resize | undefined => {
  const { deployment, newest, older } = family;
  const wanted = replicasOf(deployment);
  const sets = allOf(family);
  const current = newest === undefined ? 0 : replicasOf(newest);
  const room = Math.max(0, wanted + boundsOf(deployment).surge - sum(sets, replicasOf));
  if (newest === undefined) return { replicas: Math.min(room, wanted) };
  const size = current > wanted ? wanted : current + Math.min(room, wanted - current);
  if (size !== current) return { set: newest, replicas: size };
  const needed = wanted - boundsOf(deployment).unavailable;
  const removable = sum(sets, replicasOf) - needed - (current - availableOf(newest));
  const spare = sum(sets, availableOf) - needed;
  if (removable <= 0) return undefined;
  const down = (count: (set: ReplicaSet) => number): Resize | undefined => {
    const set = older.find((each) => count(each) > 0);
    return set === undefined ? undefined : { set, replicas: replicasOf(set) - count(set) };
  };
  return down((set) => Math.min(removable, replicasOf(set) - availableOf(set))) ?? down((set) => Math.min(spare, replicasOf(set)));
};

/** First all old pods go, then the new ones come. */
const recreate = ({ deployment, newest, older }: Family, hasOldPods: boolean): Resize | undefined => {
  const replicas = replicasOf(deployment);
  const set = older.find((each) => replicasOf(each) > 0);
  if (set !== undefined) return { set, replicas: 0 };
  if (hasOldPods) return undefined;
  if (newest === undefined) return { replicas };
  return replicasOf(newest) === replicas ? undefined : { set: newest, replicas };
};
