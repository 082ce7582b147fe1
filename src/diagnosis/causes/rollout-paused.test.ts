import { expect, test } from "vitest";
import { rolloutPaused } from "#diagnosis/causes/rollout-paused.ts";
import type { KubeObject } from "#api/object.ts";
import { answers, deployment, podsOf } from "#test/evidence-sketch.ts";

const web = (paused: boolean, updatedReplicas: number): KubeObject =>
  ({
    ...deployment("web", {}, { spec: { replicas: 2, paused } }),
    status: { replicas: 2, updatedReplicas, conditions: [{ type: "Progressing", status: "Unknown", reason: "DeploymentPaused" }] },
  }) as KubeObject;
const all = (object: KubeObject): KubeObject[] => [object, ...podsOf(object, {}, {})];

test("a paused Deployment with a template that waits is resumed", () => {
  expect(answers(rolloutPaused, { objects: all(web(true, 0)) })).toEqual(["RolloutPaused Deployment web → resume_rollout"]);
});

test("a rollout that is under way is not paused", () => {
  expect(answers(rolloutPaused, { objects: all(web(false, 1)) })).toEqual([]);
});

test("one that is paused with nothing to roll out is at rest", () => {
  expect(answers(rolloutPaused, { objects: all(web(true, 2)) })).toEqual([]);
});
