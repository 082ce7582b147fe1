// The workflow's controller on an API server: the symptom watched in real time, several steps, records that disappear.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { Step } from "#api/fields.ts";
import { JOB_FINALIZER } from "#api/labels.ts";
import type { ObjectReference } from "#api/object.ts";
import { targetHash } from "#api/target-hash.ts";
import { type OrchestrationHarness, openOrchestration } from "#test/orchestration-harness.ts";
import { aPlan, aStep } from "#test/orchestration-samples.ts";

let harness: OrchestrationHarness;
let running: { stop: () => Promise<void> } | undefined;
let usual: OrchestrationHarness["policy"]["settings"];
beforeAll(async () => {
  harness = await openOrchestration();
});
afterAll(() => harness.close());
beforeEach(() => {
  usual = harness.policy.settings;
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  harness.policy.settings = usual;
});

const exists = (): boolean => true;
const applied = { phase: "Completed", changed: true, result: "Applied", inverse: '[{"type":"undo"}]' } as const;
const workflowIn = (name: string, phase: string) => harness.until(WorkflowExecution, name, ({ status }) => status?.phase === phase);
const statusWrites = (name: string): string[] => harness.writes(name).filter((write) => write === `PUT workflowexecutions/${name}/status`);

/** A workflow of these steps whose first execution exists; answers its name. */
const begin = async (name: string, stepsOf: (target: ObjectReference) => Step[], stabilisationSeconds: number): Promise<string> => {
  running = harness.start();
  const target = await harness.createWorkload(name);
  await harness.createRequest(`rr-${name}`, target);
  await harness.until(AIAnalysis, `rr-${name}-a1-aia`, exists);
  const symptom = { object: target, stabilisationSeconds };
  await harness.analyse(`rr-${name}-a1-aia`, target, { plans: [aPlan({ steps: stepsOf(target) })], symptom });
  await harness.until(KubernetesExecution, `rr-${name}-a1-kex-s1`, exists);
  return `wfe-${targetHash(target)}-1`;
};
const oneStep = (target: ObjectReference): Step[] => [aStep("s1", { target })];

describe("the symptom", () => {
  test("is gone when the object has been healthy for the window, which begins when it becomes healthy", async () => {
    const workflow = await begin("window", oneStep, 1);
    await harness.execute("rr-window-a1-kex-s1", applied);
    const watching = await workflowIn(workflow, "Verifying");
    expect(watching.status?.verification).toMatchObject({ result: "Pending", message: "The object is not healthy yet." });
    await harness.setHealth("window", "healthy");
    const since = await harness.until(WorkflowExecution, workflow, ({ status }) => status?.verification?.healthySince !== undefined);
    harness.pass(1);
    const done = await workflowIn(workflow, "Completed");
    expect(done.status?.verification).toMatchObject({ healthySince: since.status?.verification?.healthySince, result: "SymptomGone" });
    expect(done.status?.conditions).toMatchObject([{ type: "Verified", status: "True", reason: "SymptomGone" }]);
    // Executing, Verifying, healthy since, Completed.
    expect(statusWrites(workflow)).toHaveLength(4);
  });

  test("is gone sooner when its alert is resolved", async () => {
    const workflow = await begin("resolved", oneStep, 3600);
    await harness.setHealth("resolved", "healthy");
    await harness.execute("rr-resolved-a1-kex-s1", applied);
    await workflowIn(workflow, "Verifying");
    await harness.resolveAlert("rr-resolved");
    const done = await workflowIn(workflow, "Completed");
    expect(done.status?.verification?.alertResolvedAt).toBeDefined();
    await harness.until(RemediationRequest, "rr-resolved", ({ status }) => status?.outcome === "Remediated");
  });

  test("that stays makes the repair be undone, and its request look again", async () => {
    harness.policy.settings = { ...usual, verificationSeconds: 1 };
    const workflow = await begin("stays", oneStep, 60);
    await harness.execute("rr-stays-a1-kex-s1", applied);
    await workflowIn(workflow, "Verifying");
    harness.pass(1);
    const undo = await harness.until(KubernetesExecution, "rr-stays-a1-undo-s1", exists);
    expect(undo.metadata.finalizers).toEqual([JOB_FINALIZER]);
    await harness.execute("rr-stays-a1-undo-s1", { phase: "Completed", changed: true, message: "Taken back." });
    const over = await workflowIn(workflow, "RolledBack");
    expect(over.status).toMatchObject({
      steps: [{ id: "s1", state: "Undone", undo: "rr-stays-a1-undo-s1" }],
      verification: { result: "SymptomPersists" },
    });
    expect(over.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["Verified", "False", "SymptomPersists"],
      ["Restored", "True", "Undone"],
    ]);
    await harness.until(AIAnalysis, "rr-stays-a2-aia", exists);
  });
});

describe("several steps", () => {
  const three = (target: ObjectReference): Step[] => [
    aStep("s1", { target, critical: false }),
    aStep("s2", { target, action: "scale_deployment", dependsOn: ["s1"] }),
    aStep("s3", { target, action: "increase_resources" }),
  ];

  test("run one after the other, and what depends on a failed one is skipped", async () => {
    const workflow = await begin("several", three, 0);
    await harness.setHealth("several", "healthy");
    const first = await workflowIn(workflow, "Executing");
    expect(first.status?.steps?.map(({ state }) => state)).toEqual(["Running", "Waiting", "Waiting"]);
    await harness.execute("rr-several-a1-kex-s1", { phase: "Failed", changed: false, failure: "Refused", message: "Not allowed." });
    await harness.until(KubernetesExecution, "rr-several-a1-kex-s3", exists);
    await harness.execute("rr-several-a1-kex-s3", applied);
    const done = await workflowIn(workflow, "Completed");
    expect(done.status?.steps).toMatchObject([
      { id: "s1", state: "Failed", message: "Not allowed." },
      { id: "s2", state: "Skipped" },
      { id: "s3", state: "Completed" },
    ]);
  });

  test("that make no sense together are refused before anything is done", async () => {
    running = harness.start();
    const target = await harness.createWorkload("nonsense");
    await harness.createRequest("rr-nonsense", target);
    await harness.until(AIAnalysis, "rr-nonsense-a1-aia", exists);
    await harness.analyse("rr-nonsense-a1-aia", target, { plans: [aPlan({ steps: [aStep("s1", { target, dependsOn: ["s9"] })] })] });
    const failed = await workflowIn(`wfe-${targetHash(target)}-1`, "Failed");
    expect(failed.status?.message).toContain("step s1 depends on s9, which does not exist");
    expect(failed.status?.conditions).toMatchObject([{ type: "Restored", status: "True", reason: "NothingChanged" }]);
  });
});

test("an execution that was deleted while it ran may have changed anything: a person has to look", async () => {
  const workflow = await begin("lost", oneStep, 0);
  await workflowIn(workflow, "Executing");
  const key = { namespace: harness.own, name: "rr-lost-a1-kex-s1" };
  const { server } = harness.cluster;
  await server.asPerson("system:serviceaccount:kube-system:generic-garbage-collector", ["system:masters"]).delete(KubernetesExecution, key);
  const dying = await harness.until(KubernetesExecution, key.name, ({ metadata }) => metadata.deletionTimestamp !== undefined);
  await harness.release(dying);
  const failed = await workflowIn(workflow, "Failed");
  expect(failed.status?.steps).toMatchObject([
    { state: "Failed", message: "Its KubernetesExecution was deleted while it ran. Whether it changed anything is unknown." },
  ]);
  expect(failed.status?.conditions).toMatchObject([{ type: "Restored", status: "False" }]);
  const request = await harness.until(RemediationRequest, "rr-lost", ({ status }) => status?.phase === "AwaitingPerson");
  expect(request.status?.outcome).toBe("ManualReviewRequired");
});
