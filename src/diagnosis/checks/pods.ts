// Checks of a workload's pods.
import { isReady } from "#api/conditions.ts";
import type { Condition } from "#diagnosis/rule.ts";
import type { Workload } from "#diagnosis/view.ts";

interface OfWorkload {
  readonly workload: Workload;
}

/** A pod that is being deleted is not ready on purpose. */
export const unreadyPods = ({ pods }: Workload): Workload["pods"] =>
  pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !isReady(pod));

export const hasUnreadyPod: Condition<OfWorkload> = {
  is: "a pod is not ready",
  not: ({ workload: { reference } }) => `all pods of ${reference.kind} ${reference.namespace}/${reference.name} are ready`,
  holds: ({ workload }) => unreadyPods(workload).length > 0,
};

/** The controller wants more pods than exist. */
export const lacksPods: Condition<OfWorkload> = {
  is: "pods are missing",
  holds: ({ workload: { desired = 1, pods } }) => desired > pods.length,
};
