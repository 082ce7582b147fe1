// How many pods of the workload behind a finding are ready, for a person to judge how bad it is. Pure.
import type { Reference } from "#api/fields.ts";
import type { Pod } from "#api/kubernetes.ts";
import { isReady } from "#api/conditions.ts";
import type { View } from "#diagnosis/view.ts";

export interface ReadyPods {
  readonly ready: number;
  readonly wanted: number;
  /** Pods that should run and are not ready; also those of a new release, beside enough ready ones of the old release. */
  readonly unready: number;
}

/** Of the object itself where it runs pods, else of all that it affects; undefined where there is none. */
export const readyPodsOf = (view: View, object: Reference, affected: readonly Reference[]): ReadyPods | undefined => {
  const own = countOf(view, object);
  if (own !== undefined) return own;
  const counts = affected.flatMap((each) => countOf(view, each) ?? []);
  if (counts.length === 0) return undefined;
  return counts.reduce(
    (sum, { ready, wanted, unready }) => ({ ready: sum.ready + ready, wanted: sum.wanted + wanted, unready: sum.unready + unready }),
    { ready: 0, wanted: 0, unready: 0 },
  );
};

interface Counted {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly desiredNumberScheduled?: number };
}

const countOf = (view: View, reference: Reference): ReadyPods | undefined => {
  const workload = view.workload(reference);
  if (workload === undefined || workload.reference.kind !== reference.kind || workload.reference.name !== reference.name) return undefined;
  const { spec, status } = workload.object as Counted;
  const pods = workload.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const wanted =
    reference.kind === "DaemonSet" ? status?.desiredNumberScheduled : hasReplicas.has(reference.kind) ? (spec?.replicas ?? 1) : undefined;
  const ready = pods.filter(isReady).length;
  const unready = pods.filter((pod) => !isReady(pod) && !hasEnded(pod)).length;
  return { ready: Math.min(ready, wanted ?? ready), wanted: wanted ?? pods.length, unready };
};

const hasEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

const hasReplicas: ReadonlySet<string> = new Set(["Deployment", "StatefulSet", "ReplicaSet"]);
