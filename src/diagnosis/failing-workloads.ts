// Workloads a container of which does not simply run, read from the pods as they are: most of a cluster need not be looked at more closely. Pure.
import type { ContainerStatus } from "#api/kubernetes.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export const failingWorkloads = (view: View): readonly Workload[] =>
  view.workloads.filter(({ pods }) =>
    pods.some(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(isTroubled)),
  );

const isTroubled = ({ state, lastState, restartCount }: ContainerStatus): boolean =>
  state?.running === undefined || lastState?.terminated !== undefined || restartCount > 0;

/** Asks about each of them. Wherever the fault lies, the workload's trouble is accounted for. */
export const inFailingWorkloads =
  (assessOne: (view: View, workload: Workload) => Assessment): Cause["find"] =>
  (view) =>
    failingWorkloads(view).map((workload) => {
      const assessment = assessOne(view, workload);
      if ("ruledOut" in assessment) return assessment;
      const { found } = assessment;
      return { found: { ...found, explains: [...(found.explains ?? []), workload.reference] } };
    });
