// What a step's changes affect: objects that it writes, and pods that it replaces, adds, removes or evicts. Pure.
import type { Change, PatchOperation } from "#api/change.ts";
import type { BlastRadius } from "#api/fields.ts";
import type { DaemonSet, Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { ObservedObjects } from "#api/observed.ts";
import { objectKey } from "#actions/change.ts";

/** `percent`: of the pods that the changed workload has now, rounded up. A Service, a ConfigMap or a policy has no pods of its own. */
export const blastRadiusOf = (
  changes: readonly Change[],
  { target, siblings }: Pick<ObservedObjects, "target" | "siblings">,
): BlastRadius => {
  const objects = new Set(changes.map(({ object }) => objectKey(object))).size;
  const affected = changes.map((change) => podsOf(change, target, siblings.length));
  const pods = affected.reduce((sum, each) => sum + each.pods, 0);
  const all = Math.max(...affected.map((each) => each.of), 0);
  return { objects, pods, percent: pods === 0 ? 0 : all === 0 ? 100 : Math.min(100, Math.ceil((100 * pods) / all)) };
};

interface Affected {
  readonly pods: number;
  readonly of: number;
}

const none: Affected = { pods: 0, of: 0 };

const podsOf = (change: Change, target: KubeObject | undefined, siblings: number): Affected => {
  if (change.object.kind === "Pod") return { pods: 1, of: Math.max(1, siblings) };
  const desired = target === undefined ? undefined : desiredPods(target);
  if (change.type !== "patch" || desired === undefined) return none;
  const scaled = change.operations.find(({ op, path }) => path === "/spec/replicas" && op !== "test");
  if (scaled !== undefined) return { pods: Math.abs(replicasAfter(scaled) - desired), of: desired };
  return change.operations.some(({ op, path }) => op !== "test" && rolls(path)) ? { pods: desired, of: desired } : none;
};

/** What makes a controller replace pods: another template, or a rollout that goes on. */
const rolls = (path: string): boolean => path === "/spec/paused" || path === "/spec/template" || path.startsWith("/spec/template/");

const replicasAfter = (operation: PatchOperation): number =>
  "value" in operation && typeof operation.value === "number" ? operation.value : 1;

const desiredPods = (object: KubeObject): number | undefined => {
  if (object.kind === "DaemonSet") return (object as DaemonSet).status?.desiredNumberScheduled ?? 0;
  return ["Deployment", "StatefulSet", "ReplicaSet"].includes(object.kind) ? ((object as Deployment).spec.replicas ?? 1) : undefined;
};
