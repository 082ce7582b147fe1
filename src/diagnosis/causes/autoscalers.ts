// Autoscalers that need more replicas than they may have, or that cannot scale. Their conditions carry the controller's own reasons.
import { conditionOf } from "#api/conditions.ts";
import type { Reference } from "#api/fields.ts";
import { type HorizontalPodAutoscaler, HorizontalPodAutoscalers } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { patch } from "#diagnosis/kubectl.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const targetOf = (autoscaler: HorizontalPodAutoscaler): Reference => {
  const { apiVersion = "apps/v1", kind, name } = autoscaler.spec.scaleTargetRef;
  return { ...referenceTo(autoscaler), apiVersion, kind, name };
};

/** The most that the suggested command asks for. */
const replicasAtMost = 1000;

export const autoscalerAtItsLimit = cause({
  code: "AutoscalerAtItsLimit",
  title: "An autoscaler at its upper limit",
  reads: "The condition ScalingLimited of HorizontalPodAutoscalers, and their replicas.",
  means: "The load needs more replicas than maxReplicas allows.",
  needs: ["objects.HorizontalPodAutoscaler"],
  signs: ["HorizontalPodAutoscaler ScalingLimited=True"],
  of: (view: View) =>
    view.all(HorizontalPodAutoscalers).flatMap((autoscaler) => {
      const limited = conditionOf(autoscaler, "ScalingLimited");
      if (limited?.status !== "True" || limited.reason !== "TooManyReplicas") return [];
      const { maxReplicas } = autoscaler.spec;
      const { currentReplicas = 0, desiredReplicas = 0 } = autoscaler.status ?? {};
      const raised = Math.min(replicasAtMost, Math.ceil(maxReplicas * 1.5));
      return [
        {
          ...{ autoscaler, maxReplicas, currentReplicas, desiredReplicas, message: limited.message ?? "" },
          step:
            raised === maxReplicas
              ? "find the source of the load: maxReplicas is at its maximum already"
              : `raise maxReplicas if the load is expected: ${patch(referenceTo(autoscaler), { spec: { maxReplicas: raised } })}`,
        },
      ];
    }),
  when: [
    {
      is: "it has maxReplicas replicas",
      not: ({ autoscaler, maxReplicas, currentReplicas }) =>
        `${nameOf(autoscaler)} has ${currentReplicas} of at most ${maxReplicas} replicas`,
      holds: ({ maxReplicas, currentReplicas }) => currentReplicas >= maxReplicas,
    },
  ],
  supports: [{ is: "it wants no fewer", holds: ({ maxReplicas, desiredReplicas }) => desiredReplicas >= maxReplicas }],
  object: ({ autoscaler }) => autoscaler,
  says: "{autoscaler} has all {maxReplicas} replicas that maxReplicas allows, and needs more.",
  chain: "the load needs more replicas → maxReplicas is {maxReplicas}",
  quotes: ({ autoscaler, message, currentReplicas, maxReplicas }) => [
    objectQuote(autoscaler, `ScalingLimited: ${message}; replicas ${currentReplicas} of at most ${maxReplicas}`),
  ],
  explains: ({ autoscaler }) => [targetOf(autoscaler)],
  remedy: "Raise `maxReplicas` if the load is expected. Otherwise, find the source of the load.",
  otherwise: "{step}",
});

/** New pods have no metrics for some minutes; a target may be created, or get its requests by a rollout, shortly after its autoscaler. */
const patienceMs = { metrics: 3 * 60_000, target: 30_000 };

export const autoscalerWithoutMetrics = cause({
  code: "AutoscalerWithoutMetrics",
  title: "An autoscaler that cannot scale",
  reads: "The conditions ScalingActive and AbleToScale of HorizontalPodAutoscalers, their target and its resource requests.",
  means: "The target does not exist, its containers do not request the resource, or no metrics arrive.",
  needs: ["objects.HorizontalPodAutoscaler"],
  signs: ["HorizontalPodAutoscaler ScalingActive=False", "HorizontalPodAutoscaler AbleToScale=False"],
  of: (view: View) =>
    view.all(HorizontalPodAutoscalers).flatMap((autoscaler) => {
      const stuck = ["ScalingActive", "AbleToScale"].map((type) => conditionOf(autoscaler, type)).find((each) => each?.status === "False");
      if (stuck === undefined) return [];
      const target = targetOf(autoscaler);
      const resource = /missing request for (\w+)/.exec(stuck.message ?? "")?.[1];
      const isTargetLost = stuck.reason === "FailedGetScale";
      const since = fromTimestamp(stuck.lastTransitionTime) ?? fromTimestamp(autoscaler.metadata.creationTimestamp) ?? 0;
      const lost = `${referenceText(target)} ${view.workload(target) === undefined ? "does not exist" : "cannot be read"}`;
      return [
        {
          ...{ autoscaler, target, stuck, since, isKnown: isTargetLost || resource !== undefined },
          reason: isTargetLost
            ? lost
            : resource === undefined
              ? "no metrics arrive"
              : `containers of ${referenceText(target)} do not request ${resource}`,
          step:
            resource === undefined ? "repair the metrics server, or correct the target" : `set a request for ${resource} on its containers`,
        },
      ];
    }),
  unless: [
    {
      is: ({ target }) => `${referenceText(target)} wants no replicas, which disables scaling`,
      holds: ({ stuck }) => stuck.reason === "ScalingDisabled",
    },
    {
      is: ({ autoscaler }) => `${nameOf(autoscaler)} has waited for less than its metrics take`,
      holds: ({ since, isKnown }, view) => view.now - since < (isKnown ? patienceMs.target : patienceMs.metrics),
    },
  ],
  supports: [{ is: "the condition names the reason", holds: ({ isKnown }) => isKnown }],
  object: ({ autoscaler }) => autoscaler,
  says: "{autoscaler} cannot scale: {reason}.",
  chain: "{reason} → {autoscaler} does not change {target}",
  quotes: ({ autoscaler, stuck }) => [objectQuote(autoscaler, `${stuck.type} is False, ${stuck.reason}: ${stuck.message ?? ""}`)],
  remedy: "Set the missing requests, repair the metrics server, or correct the target.",
  otherwise: "{step}",
});
