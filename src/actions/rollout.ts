// How far a workload's own controller has come with what was changed. Pure; health is not judged here.
import type { Change } from "#api/change.ts";
import type { DaemonSet, Deployment, StatefulSet } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { Effect } from "#actions/action.ts";
import { isInPlace } from "#actions/change.ts";

/** The template reaches every replica: `updatedReplicas = replicas`. Failed where another client changed it again. */
export const rolloutEffect = (target: KubeObject | undefined, changes: readonly Change[]): Effect =>
  stillThere(target, changes) ?? progressOf(target as RollingWorkload);

/** Failed where the target, or what was written to it, is not there any more. */
export const stillThere = (target: KubeObject | undefined, changes: readonly Change[]): Effect | undefined => {
  if (target === undefined) return { state: "failed", reason: "the target no longer exists" };
  if (changes.some((change) => !isInPlace(change, target)))
    return { state: "failed", reason: `another client changed ${referenceText({ kind: target.kind, ...target.metadata })} again` };
  const { status } = target as RollingWorkload;
  if ((status?.observedGeneration ?? 0) < (target.metadata.generation ?? 0))
    return { state: "pending", reason: "its controller has not seen the change yet" };
  return undefined;
};

/** Why a change of the template would reach no pod. */
export const rolloutObstacle = (target: KubeObject): string | undefined => {
  const { paused, updateStrategy } = (target as Rollable).spec;
  if (paused === true) return "the Deployment is paused: its rollout would not start";
  return updateStrategy?.type === "OnDelete" ? `the ${target.kind} replaces pods only when they are deleted (OnDelete)` : undefined;
};

/**
 * The same for a template whose pods do not become ready: a StatefulSet that replaces pods in order waits for the broken one for ever,
 * also where its template is right by now (kubernetes/kubernetes#67250).
 */
export const repairObstacle = (target: KubeObject): string | undefined => {
  const obstacle = rolloutObstacle(target);
  if (obstacle !== undefined || target.kind !== "StatefulSet") return obstacle;
  const { spec, status } = target as StatefulSet;
  const { partition = 0 } = spec.updateStrategy?.rollingUpdate ?? {};
  if (partition > 0) return `the StatefulSet leaves pods below number ${partition} as they are (partition)`;
  return spec.podManagementPolicy !== "Parallel" && (status?.readyReplicas ?? 0) < (spec.replicas ?? 1)
    ? "the StatefulSet replaces its pods in order and waits for the one that is not ready: after the correction that pod has to be deleted by hand"
    : undefined;
};
type Rollable = KubeObject & { spec: { paused?: boolean; updateStrategy?: { type?: string } } };

type RollingWorkload = Deployment | StatefulSet | DaemonSet;

const progressOf = (workload: RollingWorkload): Effect => {
  const { updated, wanted } = countsOf(workload);
  return updated >= wanted ? { state: "done" } : { state: "pending", reason: `${updated} of ${wanted} replicas are updated` };
};

const countsOf = (workload: RollingWorkload): { updated: number; wanted: number } => {
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
