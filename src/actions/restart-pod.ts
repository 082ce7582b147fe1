// restart_pod: evicts one pod by its uid, so that its controller makes a new one. Never a pod that nothing would replace.
import * as z from "zod";
import { Pods, type Pod } from "#api/kubernetes.ts";
import { defineAction, planned, refused } from "#actions/action.ts";
import { referenceOf } from "#actions/change.ts";
import { controllerOf } from "#api/object.ts";
import { isReady } from "#api/conditions.ts";

const replacingKinds: ReadonlySet<string> = new Set(["ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController"]);

export const restartPod = defineAction({
  name: "restart_pod",
  title: "Restart a Pod",
  description:
    "Evicts the pod, if its PodDisruptionBudgets allow it; its controller creates a new one. Refuses a pod without a controller, and the last ready pod of its controller.",
  targetKinds: ["Pod"],
  reads: ["siblings"],
  risk: "low",
  undo: "none-needed",
  writes: [{ verb: "evict", type: Pods }],
  parameters: z.object({}),
  plan: (_parameters, target, { siblings }) => {
    const owner = controllerOf(target);
    if (owner === undefined || !replacingKinds.has(owner.kind)) return refused("no controller would replace the pod");
    const others = siblings.filter((pod) => pod.metadata.uid !== target.metadata.uid);
    if (serves(target as Pod) && !others.some(serves)) return refused("it is the last ready pod of its controller");
    return planned({ type: "evict", object: referenceOf(target), uid: target.metadata.uid });
  },
  verify: ({ target }, changes) => {
    const stays = changes.some((change) => change.type === "evict" && change.uid === target?.metadata.uid);
    return stays ? { state: "pending", reason: "the pod is still shutting down" } : { state: "done" };
  },
});

const serves = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && isReady(pod);
