// How far a workload's own controller has come with what was changed. Pure; health is somebody else's question.
import type { Change } from "#api/change.ts";
import type { DaemonSet, Deployment, StatefulSet } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { Effect } from "#actions/action.ts";
import { isInPlace } from "#actions/change.ts";

/** The template reaches every replica: `updatedReplicas = replicas`. Failed where somebody else has changed it again. */
export const rolloutEffect = (target: KubeObject | undefined, changes: readonly Change[]): Effect =>
  stillThere(target, changes) ?? progressOf(target as Workload);

/** Failed where the target, or what was written to it, is not there any more. */
export const stillThere = (target: KubeObject | undefined, changes: readonly Change[]): Effect | undefined => {
  if (target === undefined) return { state: "failed", reason: "the target does not exist any more" };
  if (changes.some((change) => !isInPlace(change, target)))
    return { state: "failed", reason: `somebody else has changed ${referenceText({ kind: target.kind, ...target.metadata })} again` };
  const { status } = target as Workload;
  if ((status?.observedGeneration ?? 0) < (target.metadata.generation ?? 0))
    return { state: "pending", reason: "its controller has not seen the change yet" };
  return undefined;
};

type Workload = Deployment | StatefulSet | DaemonSet;

const progressOf = (workload: Workload): Effect => {
  const { updated, wanted } = countsOf(workload);
  return updated >= wanted ? { state: "done" } : { state: "pending", reason: `${updated} of ${wanted} replicas are updated` };
};

const countsOf = (workload: Workload): { updated: number; wanted: number } => {
  switch (workload.kind) {
    case "DaemonSet": {
      const { status } = workload as DaemonSet;
      return { updated: status?.updatedNumberScheduled ?? 0, wanted: status?.desiredNumberScheduled ?? 0 };
    }
    default: {
      const { spec, status } = workload as Deployment | StatefulSet;
      return { updated: status?.updatedReplicas ?? 0, wanted: spec.replicas ?? 1 };
    }
  }
};
