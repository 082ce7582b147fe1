import { expect, test } from "vitest";
import { memoryLeak } from "#diagnosis/causes/memory-leak.ts";
import { answers, crashed, deployment, failing, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web", { resources: { limits: { memory: "64Mi" } } });
const killed = (ranSeconds: number): ReturnType<typeof podsOf> =>
  podsOf(web, failing(crashed("web", 137, { reason: "OOMKilled", ranSeconds })));
const raise = {
  object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
  at: "2027-03-01T13:20:00Z",
  by: "kintsugi",
  field: "spec.template.spec.containers[web].resources.limits.memory",
  kind: "changed" as const,
  before: "32Mi",
  after: "64Mi",
};

test("killed after a long run, again and again: no second raise, a person decides", () => {
  expect(answers(memoryLeak, { objects: [web, ...killed(600)], changes: [raise] })).toEqual(["MemoryLeak Deployment web → person"]);
});

test("a raise that did not help shows it too, however soon it dies", () => {
  expect(answers(memoryLeak, { objects: [web, ...killed(20)], changes: [raise] })).toEqual(["MemoryLeak Deployment web → person"]);
});

test("killed while it starts, and never given more: its limit is too small", () => {
  expect(answers(memoryLeak, { objects: [web, ...killed(2)] })).toEqual([]);
});

test("a limit that was lowered contradicts it", () => {
  expect(answers(memoryLeak, { objects: [web, ...killed(2)], changes: [{ ...raise, before: "128Mi" }] })).toEqual([]);
});
