// An autoscaler that wants more replicas than it may have: its own condition says so. Whether more would help is another question.
import { HorizontalPodAutoscalers, type HorizontalPodAutoscaler } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { patch } from "#diagnosis/kubectl.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo } from "#diagnosis/view.ts";

const code = "AutoscalerAtItsLimit";

export const autoscalerAtItsLimit: Cause = {
  code,
  title: "An autoscaler at its upper limit",
  reads: "The condition ScalingLimited of HorizontalPodAutoscalers, and their replicas.",
  means: "The load asks for more replicas than maxReplicas allows.",
  remedy: "Raise `maxReplicas` if the load is expected; otherwise find the process that causes it.",
  find: (view) => view.all(HorizontalPodAutoscalers).map(find),
};

const find = (autoscaler: HorizontalPodAutoscaler): Assessment => {
  const reference = referenceTo(autoscaler);
  const { maxReplicas } = autoscaler.spec;
  const { currentReplicas, desiredReplicas, conditions } = autoscaler.status ?? {};
  const limited = conditions?.find(({ type }) => type === "ScalingLimited");
  const raised = Math.min(1000, Math.ceil(maxReplicas * 1.5));
  return assess(
    code,
    {
      required: [
        {
          claim: "the autoscaler says that it is limited from above",
          holds: limited?.status === "True" && limited.reason === "TooManyReplicas",
        },
        { claim: `as many replicas as it may have (${maxReplicas})`, holds: (currentReplicas ?? 0) >= maxReplicas },
      ],
      supporting: [{ claim: "it wants no fewer than it has", holds: (desiredReplicas ?? 0) >= maxReplicas, weight: 1 }],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} has all ${maxReplicas} replicas that it may have and would use more.`,
      chain: ["the load asks for more replicas", `maxReplicas is ${maxReplicas}`],
      quotes: [objectQuote(reference, `ScalingLimited: ${limited?.message ?? ""}; replicas ${currentReplicas} of at most ${maxReplicas}`)],
      explains: [
        {
          ...reference,
          apiVersion: autoscaler.spec.scaleTargetRef.apiVersion ?? "apps/v1",
          kind: autoscaler.spec.scaleTargetRef.kind,
          name: autoscaler.spec.scaleTargetRef.name,
        },
      ],
      facts: person(
        raised === maxReplicas
          ? "find what causes the load: maxReplicas is already as high as it may be"
          : `raise maxReplicas if the load is expected: ${patch(reference, { spec: { maxReplicas: raised } })}`,
      ),
    }),
  );
};
