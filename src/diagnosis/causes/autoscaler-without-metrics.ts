// An autoscaler that cannot scale: its target is not there, or it gets no metrics. Its conditions carry the controller's own reasons.
import type { Reference } from "#api/fields.ts";
import { HorizontalPodAutoscalers, type HorizontalPodAutoscaler } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "AutoscalerWithoutMetrics";
/** New pods have no metrics yet; a target may be made a moment after its autoscaler, or be given its requests by a rollout. */
const patienceMs = { metrics: 3 * 60_000, target: 30_000 };

export const autoscalerWithoutMetrics: Cause = {
  code,
  title: "An autoscaler that cannot scale",
  reads: "The conditions ScalingActive and AbleToScale of HorizontalPodAutoscalers, their target and its resource requests.",
  means: "The target does not exist, its containers request none of the resource, or no metrics arrive.",
  remedy: "Set the missing requests, repair the metrics server, or correct the target.",
  find: (view) => view.all(HorizontalPodAutoscalers).map((autoscaler) => find(view, autoscaler)),
};

const find = (view: View, autoscaler: HorizontalPodAutoscaler): Assessment => {
  const reference = referenceTo(autoscaler);
  const { scaleTargetRef } = autoscaler.spec;
  const target: Reference = {
    ...reference,
    apiVersion: scaleTargetRef.apiVersion ?? "apps/v1",
    kind: scaleTargetRef.kind,
    name: scaleTargetRef.name,
  };
  const conditions = autoscaler.status?.conditions ?? [];
  const stuck = conditions.find(({ type, status }) => (type === "ScalingActive" || type === "AbleToScale") && status === "False");
  const workload = view.workload(target);
  const since = fromTimestamp(stuck?.lastTransitionTime) ?? fromTimestamp(autoscaler.metadata.creationTimestamp) ?? 0;
  const withoutRequests = /missing request for (\w+)/.exec(stuck?.message ?? "")?.[1];
  const isMetricsMissing = stuck?.reason !== "FailedGetScale" && withoutRequests === undefined;
  const why =
    stuck?.reason === "FailedGetScale"
      ? `${referenceText(target)} cannot be read${workload === undefined ? ": it does not exist" : ""}`
      : withoutRequests === undefined
        ? "no metrics arrive"
        : `containers of ${referenceText(target)} request no ${withoutRequests}`;
  return assess(
    code,
    {
      required: [{ claim: "the autoscaler says that it cannot scale", holds: stuck !== undefined }],
      against: [
        // Somebody set it aside: no fault.
        { claim: "scaling is disabled because the target wants no replicas", holds: stuck?.reason === "ScalingDisabled" },
        { claim: "it has not waited long enough", holds: view.now - since < (isMetricsMissing ? patienceMs.metrics : patienceMs.target) },
      ],
      supporting: [
        { claim: "it says what is missing", holds: withoutRequests !== undefined || stuck?.reason === "FailedGetScale", weight: 1 },
      ],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} cannot scale: ${why}.`,
      chain: [why, `${referenceText(reference)} leaves ${referenceText(target)} as it is`],
      quotes: [objectQuote(reference, `${stuck?.type} is False, ${stuck?.reason}: ${stuck?.message ?? ""}`)],
      facts: person(
        withoutRequests === undefined
          ? "repair the metrics server, or correct the target"
          : `set a request for ${withoutRequests} on its containers`,
      ),
    }),
  );
};
