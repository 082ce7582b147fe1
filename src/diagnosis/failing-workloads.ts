// Workloads a container of which does not simply run, told from the pods as they are: most of a cluster need not be looked at more closely. Pure.
import type { ContainerStatus } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export const failingWorkloads = (view: View): readonly Workload[] =>
  view.workloads.filter(({ pods }) =>
    pods.some(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].some(isTroubled)),
  );

const isTroubled = ({ state, lastState, restartCount }: ContainerStatus): boolean =>
  state?.running === undefined || lastState?.terminated !== undefined || restartCount > 0;
