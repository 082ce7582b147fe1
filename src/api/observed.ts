// The live objects that an action reads, as plain data: declared by the action, the same for the controller and the Job that plan it.
import type { ControllerRevision, HorizontalPodAutoscaler, Pod, ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";

/**
 * What an action reads besides its target, which is always read.
 * `replicaSets`, `controllerRevisions`: those the target owns. `siblings`: pods of the same controller as the target, itself included. `autoscalers`: those that scale the target.
 */
export type Read = "replicaSets" | "controllerRevisions" | "siblings" | "autoscalers" | Named | KeptBefore;

/** One object of the target's namespace by its name, if the parameters name one. Never a Secret: no planner may read one. */
export interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** The last state of the target before this time (RFC 3339), from the change journal; also if the target no longer exists. */
export interface KeptBefore {
  readonly keptBefore: string;
}

/** What the change journal kept of an object: without apiVersion, kind, name, namespace and status; or why there is nothing, in words. */
export type Kept =
  | { readonly object: ObjectReference; readonly at: string; readonly content: Readonly<Record<string, unknown>> }
  | { readonly unknown: string };

/** What was not declared is an empty list. */
export interface ObservedObjects {
  /** Absent where it does not exist. */
  readonly target: KubeObject | undefined;
  readonly replicaSets: readonly ReplicaSet[];
  readonly siblings: readonly Pod[];
  readonly autoscalers: readonly HorizontalPodAutoscaler[];
  readonly controllerRevisions?: readonly ControllerRevision[];
  /** Those that were asked for by name and exist. */
  readonly named?: readonly KubeObject[];
  readonly kept?: Kept;
}
