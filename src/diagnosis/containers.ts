// Containers by name, their limits, and what the API server says of them. Pure.
import type { Container, ContainerStatus, Pod, PodSpec } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** Init containers included. */
export const containerOf = ({ containers, initContainers = [] }: PodSpec, name: string): Container | undefined =>
  [...containers, ...initContainers].find((each) => each.name === name);

export const memoryLimitOf = (spec: PodSpec, container: string): string | undefined =>
  containerOf(spec, container)?.resources?.limits?.["memory"];

export const statusesOf = ({ status }: Pick<Pod, "status">): readonly ContainerStatus[] => [
  ...(status?.initContainerStatuses ?? []),
  ...(status?.containerStatuses ?? []),
];

/** Of a main container. */
export const containerStatusOf = ({ status }: Pick<Pod, "status">, container: string): ContainerStatus | undefined =>
  status?.containerStatuses?.find(({ name }) => name === container);

/** Messages of the kubelet and the container runtime, newest first. */
export const messagesOf = ({ state, lastState }: ContainerStatus): readonly string[] =>
  [state?.waiting?.message, state?.terminated?.message, lastState?.terminated?.message].filter((text) => text !== undefined);

/** Workloads with a container that does not simply run: most of a cluster need not be read more closely. */
export const failingWorkloads = (view: View): readonly Workload[] => view.shared(findFailingWorkloads);

const findFailingWorkloads = (view: View): readonly Workload[] => view.workloads.filter(({ pods }) => pods.some(isFailing));

const isFailing = (pod: Pod): boolean =>
  statusesOf(pod).some(
    ({ state, lastState, restartCount }) => state?.running === undefined || lastState?.terminated !== undefined || restartCount > 0,
  );
