// The half of a cluster that makes workloads run: what kube-controller-manager does, and the nodes that run pods. Off unless it is asked for.
import type { Behave, Pull } from "#embedded/nodes/behaviour.ts";
import type { NodeShape } from "#embedded/nodes/node-objects.ts";

export interface Workloads {
  /** Default: two of 2 CPUs and 8 GiB, n1 and n2. */
  readonly nodes?: readonly NodeShape[];
  readonly behave?: Behave;
  readonly pull?: Pull;
  /** Default: five minutes, as every kubelet that is not told otherwise. */
  readonly maxBackoffMs?: number;
  /** `none` lets a cluster at rest have no timers. */
  readonly heartbeats?: "renewed" | "none";
}
