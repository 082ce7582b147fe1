// The objects that an action reads, from evidence instead of from the cluster: a plan against a saved state. Pure.
import type { ControllerRevision, HorizontalPodAutoscaler, Pod, ReplicaSet } from "#api/kubernetes.ts";
import { controllerOf, type KubeObject } from "#api/object.ts";
import { isNamed } from "#cluster/read-for-action.ts";
import type { Evidence } from "#evidence/evidence.ts";
import type { ReadForAction } from "#investigation/plan-repair.ts";

export const readFromEvidence =
  ({ objects }: Evidence): ReadForAction =>
  async (reads, reference) => {
    const target = objects.find(
      ({ kind, metadata }) => kind === reference.kind && metadata.namespace === reference.namespace && metadata.name === reference.name,
    );
    const beside = <T extends KubeObject>(read: (typeof reads)[number], kind: string, belongs: (object: T) => boolean): T[] =>
      target === undefined || !reads.includes(read)
        ? []
        : (objects as readonly T[]).filter(
            (object) => object.kind === kind && object.metadata.namespace === target.metadata.namespace && belongs(object),
          );
    const byName = reads.filter((read) => isNamed(read));
    return {
      target,
      // What was saved is redacted: good to be read, not to be put back.
      kept: { unknown: "saved evidence does not contain its earlier content" },
      named: objects.filter(
        ({ kind, metadata }) =>
          metadata.namespace === target?.metadata.namespace && byName.some((one) => one.kind === kind && one.name === metadata.name),
      ),
      replicaSets: beside<ReplicaSet>("replicaSets", "ReplicaSet", (set) => makerOf(set) === target?.metadata.uid),
      controllerRevisions: beside<ControllerRevision>(
        "controllerRevisions",
        "ControllerRevision",
        (kept) => makerOf(kept) === target?.metadata.uid,
      ),
      siblings: beside<Pod>("siblings", "Pod", (pod) => makerOf(pod) !== undefined && makerOf(pod) === (target && makerOf(target))),
      autoscalers: beside<HorizontalPodAutoscaler>(
        "autoscalers",
        "HorizontalPodAutoscaler",
        ({ spec: { scaleTargetRef } }) => scaleTargetRef.kind === target?.kind && scaleTargetRef.name === target.metadata.name,
      ),
    };
  };

const makerOf = (object: KubeObject): string | undefined => controllerOf(object)?.uid;
