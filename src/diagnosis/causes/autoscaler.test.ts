import { expect, test } from "vitest";
import { autoscalerAtItsLimit } from "#diagnosis/causes/autoscalers.ts";
import { autoscalerWithoutMetrics } from "#diagnosis/causes/autoscalers.ts";
import { answers, deployment, manualSteps, objects } from "#test/evidence-sketch.ts";

const web = deployment("web");
const scaler = (status: string): ReturnType<typeof objects>[0] =>
  objects(
    `{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: web }, spec: { maxReplicas: 4, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web } }, status: ${status} }`,
  )[0]!;
const limited = (current: number, reason: string): string =>
  `{ currentReplicas: ${current}, desiredReplicas: ${current}, conditions: [{ type: ScalingLimited, status: "True", reason: ${reason}, message: the desired replica count is more than the maximum replica count }] }`;
const inactive = (reason: string, message: string, since = "2027-03-01T13:00:00Z"): string =>
  `{ conditions: [{ type: ScalingActive, status: "False", reason: ${reason}, message: "${message}", lastTransitionTime: "${since}" }] }`;

test("one that is at its limit and wants more: the manual step raises it by half", () => {
  const given = { objects: [web, scaler(limited(4, "TooManyReplicas"))] };
  expect(answers(autoscalerAtItsLimit, given)).toEqual(["AutoscalerAtItsLimit HorizontalPodAutoscaler web → person"]);
  expect(manualSteps(autoscalerAtItsLimit, given)).toEqual([
    `raise maxReplicas if the load is expected: kubectl -n shop patch horizontalpodautoscaler web --type=merge -p '{"spec":{"maxReplicas":6}}'`,
  ]);
});

test("one that is limited from below is well", () => {
  expect(answers(autoscalerAtItsLimit, { objects: [web, scaler(limited(1, "TooFewReplicas"))] })).toEqual([]);
});

test("fewer replicas than it may have contradict a limit that its condition still reports", () => {
  expect(answers(autoscalerAtItsLimit, { objects: [web, scaler(limited(3, "TooManyReplicas"))] })).toEqual([]);
});

test("one whose target requests none of the resource cannot scale", () => {
  const objectsOf = [
    web,
    scaler(inactive("FailedGetResourceMetric", "failed to get cpu utilization: missing request for cpu in container web")),
  ];
  expect(answers(autoscalerWithoutMetrics, { objects: objectsOf })).toEqual([
    "AutoscalerWithoutMetrics HorizontalPodAutoscaler web → person",
  ]);
});

test("one that is merely at its limit has metrics", () => {
  expect(answers(autoscalerWithoutMetrics, { objects: [web, scaler(limited(4, "TooManyReplicas"))] })).toEqual([]);
});

test("one that is new, or whose target wants no replicas, contradicts it", () => {
  expect(
    answers(autoscalerWithoutMetrics, {
      objects: [web, scaler(inactive("FailedGetResourceMetric", "no metrics returned", "2027-03-01T13:59:00Z"))],
    }),
  ).toEqual([]);
  const missing = "the HPA controller was unable to get the target's current scale: deployments.apps not found";
  const young = (since: string): readonly string[] =>
    answers(autoscalerWithoutMetrics, { objects: [scaler(inactive("FailedGetScale", missing, since))] });
  expect(young("2027-03-01T13:59:50Z")).toEqual([]);
  expect(young("2027-03-01T13:59:00Z")).toEqual(["AutoscalerWithoutMetrics HorizontalPodAutoscaler web → person"]);
  expect(
    answers(autoscalerWithoutMetrics, {
      objects: [web, scaler(inactive("ScalingDisabled", "scaling is disabled since the replica count of the target is zero"))],
    }),
  ).toEqual([]);
});
