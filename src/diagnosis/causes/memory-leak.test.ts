import { expect, test } from "vitest";
import { memoryLeak } from "#diagnosis/causes/memory-leak.ts";
import { createView } from "#diagnosis/view.ts";
import { answers, crashed, deployment, evidence, failing, podsOf } from "#test/evidence-sketch.ts";

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

test.each([
  ["near its limit again supports it", 63 * 2 ** 20, 1],
  ["far below it says nothing", 5 * 2 ** 20, 0],
  ["more than its limit is not believed", 65 * 2 ** 20, 0],
])("a container that is measured %s", (_, value, more) => {
  const objects = [web, ...killed(600)];
  const object = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-7d9c5b8f6-bx2z4" };
  const found = (metrics: Parameters<typeof evidence>[0]["metrics"] = []) =>
    memoryLeak.find(createView(evidence({ objects, metrics }))).flatMap((each) => ("found" in each ? [each.found] : []))[0]!;
  const measured = found([{ object, container: "web", name: "memory_working_set_bytes", value }]);
  const without = found();
  expect(Math.sign(measured.score - without.score)).toBe(more);
  expect(measured.quotes.length - without.quotes.length).toBe(more);
});
