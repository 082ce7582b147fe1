// Pods that a controller wants and the API server refuses: the FailedCreate events of a workload that lacks pods, still unsolved. Pure.
import { conditionOf } from "#api/conditions.ts";
import type { Deployment, ObjectCondition } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { recentEvent } from "#diagnosis/checks/events.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

export interface PodRefusal {
  readonly workload: Workload;
  readonly event: ObservedEvent;
}

/** Longer than a controller's longest pause between two tries. */
const recentMs = 20 * 60_000;

/** The newest refusal of each workload that has fewer pods than it wants, or whose controller says that it cannot create one: old pods may serve meanwhile. */
export const refusedPods = (view: View): readonly PodRefusal[] => view.shared(findRefusedPods);

const findRefusedPods = (view: View): readonly PodRefusal[] =>
  view.workloads.flatMap((workload) => {
    const living = workload.pods.filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase !== "Failed");
    if (workload.desired !== undefined && living.length >= workload.desired && creationRefusal(workload) === undefined) return [];
    const event = recentEvent(view, workload, "FailedCreate", recentMs);
    return event === undefined ? [] : [{ workload, event }];
  });

/** The controller's own word that it cannot create a pod, while that lasts. */
export const creationRefusal = ({ object }: Workload): ObjectCondition | undefined => {
  const condition = conditionOf(object as Deployment, "ReplicaFailure");
  return condition?.status === "True" ? condition : undefined;
};
