// One incident of several objects: a request that leads, and those that follow it, on an API server under the controllers' own rights.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { ObjectReference } from "#api/object.ts";
import { type OrchestrationHarness, openOrchestration } from "#test/orchestration-harness.ts";
import { aPlan, aStep } from "#test/orchestration-samples.ts";

let harness: OrchestrationHarness;
let running: { stop: () => Promise<void> } | undefined;
beforeAll(async () => {
  harness = await openOrchestration();
});
afterAll(() => harness.close());
beforeEach(() => {
  running = harness.start();
});
afterEach(() => running?.stop());

const exists = (): boolean => true;
const requestIn = (name: string, ...phases: readonly string[]) =>
  harness.until(RemediationRequest, name, ({ status }) => phases.includes(status?.phase ?? ""));
const analyse = async (request: string, target: ObjectReference, status: Parameters<OrchestrationHarness["analyse"]>[2], attempt = 1) => {
  await harness.until(AIAnalysis, `${request}-a${attempt}-aia`, exists);
  await harness.analyse(`${request}-a${attempt}-aia`, target, status);
};
const cause = (object: ObjectReference) => ({ code: "ReleaseCrashes", object, summary: "It is broken.", chain: [] });
const findings = (object: ObjectReference) => ({
  result: "ManualReviewRequired" as const,
  message: "A person has to decide.",
  rootCause: cause(object),
  plans: [],
});
const applied = { phase: "Completed", changed: true, result: "Applied", inverse: '[{"type":"undo"}]' } as const;

describe("one incident", () => {
  const core = (kind: string, name: string, namespace?: string): ObjectReference => ({
    apiVersion: "v1",
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
  });
  const set = (name: string, namespace: string): ObjectReference => ({ apiVersion: "apps/v1", kind: "StatefulSet", namespace, name });

  test.each<[string, string, (shop: string) => readonly [ObjectReference, ObjectReference]]>([
    ["a claim and the workload that mounts it", "claim", (shop) => [core("PersistentVolumeClaim", "data", shop), set("files", shop)]],
    ["a workload and the Service before it", "service", (shop) => [set("api", shop), core("Service", "api", shop)]],
    ["a node and a workload on it", "node", (shop) => [core("Node", "node-1"), set("busy", shop)]],
    ["a database and its client in another namespace", "database", (shop) => [set("db", shop), set("orders", `${shop}-other`)]],
  ])("%s are one leader, and a follower that runs nothing", async (_what, name, objects) => {
    const [root, dependent] = objects(harness.shop);
    await harness.createRequest(`rr-${name}-root`, root);
    await analyse(`rr-${name}-root`, root, findings(root));
    await requestIn(`rr-${name}-root`, "AwaitingPerson");
    await harness.createRequest(`rr-${name}-too`, dependent);
    await analyse(`rr-${name}-too`, dependent, { rootCause: cause(root), plans: [aPlan({ steps: [aStep("s1", { target: root })] })] });
    const follower = await requestIn(`rr-${name}-too`, "Following");
    expect(follower.status).toMatchObject({ leader: `rr-${name}-root` });
    expect(harness.writes(`rr-${name}-too`).filter((write) => write.startsWith("POST"))).toEqual([
      "POST remediationprocessings",
      "POST aianalyses",
    ]);
    // Closed without a repair, and the symptom remains: it looks itself.
    const close = { by: "kubernetes-admin", message: "done" };
    await harness.cluster.direct.mergePatch(RemediationRequest, { namespace: harness.own, name: `rr-${name}-root` }, { spec: { close } });
    await requestIn(`rr-${name}-root`, "Completed");
    await harness.cluster.direct.mergePatch(RemediationRequest, { namespace: harness.own, name: `rr-${name}-too` }, { spec: { close } });
    await requestIn(`rr-${name}-too`, "Completed");
  });

  test("a follower ends with the outcome and the name of the request that repaired its backend, for five writes", async () => {
    const backend = await harness.createWorkload("backend");
    const front = await harness.createWorkload("front");
    await harness.setHealth("backend", "broken");
    await harness.setHealth("front", "broken");
    await harness.createRequest("rr-backend", backend);
    await analyse("rr-backend", backend, {});
    await harness.until(KubernetesExecution, "rr-backend-a1-kex-s1", exists);
    await harness.createRequest("rr-front", front);
    await analyse("rr-front", front, { rootCause: cause(backend) });
    await requestIn("rr-front", "Following");
    await harness.setHealth("backend", "healthy");
    await harness.execute("rr-backend-a1-kex-s1", applied);
    await requestIn("rr-backend", "Completed");
    await harness.setHealth("front", "healthy");
    const { status } = await requestIn("rr-front", "Completed");
    expect(status).toMatchObject({ outcome: "Remediated", leader: "rr-backend" });
    expect(status?.message).toContain(`Followed rr-backend, which worked on Deployment ${harness.shop}/backend: Repaired:`);
    expect(harness.writes("rr-front").filter((write) => write !== "PUT remediationprocessings/rr-front-a1-rp/status")).toEqual([
      "POST remediationprocessings",
      "POST aianalyses",
      "PATCH remediationrequests/rr-front/status",
      "PATCH remediationrequests/rr-front/status",
      "PATCH remediationrequests/rr-front/status",
    ]);
  });

  test("two that name the same root object at the same moment have one leader: the older one", async () => {
    const both = ["twin-a", "twin-b"] as const;
    const root = await harness.createWorkload("twin-root");
    for (const name of both) await harness.createRequest(`rr-${name}`, await harness.createWorkload(name));
    for (const name of both) await harness.until(AIAnalysis, `rr-${name}-a1-aia`, exists);
    await Promise.all(both.map((name) => harness.analyse(`rr-${name}-a1-aia`, root, findings(root))));
    await requestIn("rr-twin-b", "Following");
    expect((await requestIn("rr-twin-a", "AwaitingPerson")).status?.leader).toBeUndefined();
  });
});
