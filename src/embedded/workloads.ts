// The half of a cluster that makes workloads run: what kube-controller-manager does, and the nodes that run pods. Off unless it is asked for.
import type { Stored } from "#embedded/json.ts";

export interface Workloads {
  /** What metrics-server would measure, in cores and bytes; without it, HorizontalPodAutoscalers know nothing. */
  readonly usage?: (pod: Stored) => PodUsage | undefined;
}

export interface PodUsage {
  readonly cpu: number;
  readonly memory: number;
}
