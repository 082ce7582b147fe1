// The orchestrating controllers on an API server under their own rights, with restarts, lost answers, races and deletions.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { ObjectReference } from "#api/object.ts";
import { type OrchestrationHarness, openOrchestration } from "#test/orchestration-harness.ts";
import { aPlan, aStep } from "#test/orchestration-samples.ts";
import { targetHash } from "#api/target-hash.ts";

let harness: OrchestrationHarness;
let running: { stop: () => Promise<void> } | undefined;
beforeAll(async () => {
  harness = await openOrchestration();
});
afterAll(() => harness.close());

let usual: OrchestrationHarness["policy"]["settings"];
beforeEach(() => {
  usual = harness.policy.settings;
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  harness.policy.settings = usual;
  harness.policy.missing = [];
});

const start = (): void => {
  running = harness.start();
};
/** A new process: nothing is remembered but what the API server keeps. */
const restart = async (): Promise<void> => {
  await running?.stop();
  start();
};

const inPhase =
  (...phases: readonly string[]) =>
  (object: { status?: { phase?: string | undefined } | undefined }): boolean =>
    phases.includes(object.status?.phase ?? "");
const requestIn = (name: string, ...phases: readonly string[]) => harness.until(RemediationRequest, name, inPhase(...phases));
const workflowOf = (target: ObjectReference, number = 1): string => `wfe-${targetHash(target)}-${number}`;
const exists = (): boolean => true;
const applied = { phase: "Completed", changed: true, result: "Applied", inverse: '[{"type":"undo"}]' } as const;

/** One request from alert to outcome; `between` runs at every step. */
const remediate = async (name: string, between: () => Promise<void> = async () => {}): Promise<ObjectReference> => {
  const target = await harness.createWorkload(name);
  await harness.setHealth(name, "broken");
  await harness.createRequest(`rr-${name}`, target);
  await harness.until(AIAnalysis, `rr-${name}-a1-aia`, exists);
  await between();
  await harness.analyse(`rr-${name}-a1-aia`, target);
  await harness.until(KubernetesExecution, `rr-${name}-a1-kex-s1`, exists);
  await between();
  await harness.setHealth(name, "healthy");
  await between();
  await harness.execute(`rr-${name}-a1-kex-s1`, applied);
  await requestIn(`rr-${name}`, "Completed");
  return target;
};

/** What one remediation of this name costs, whatever happened on the way; order aside, since three controllers run side by side. */
const costOf = (name: string, target: ObjectReference): string[] =>
  [
    "POST aianalyses",
    "POST kubernetesexecutions",
    "POST remediationprocessings",
    "POST workflowexecutions",
    `PATCH remediationrequests/rr-${name}/status`,
    `PATCH remediationrequests/rr-${name}/status`,
    `PATCH remediationrequests/rr-${name}/status`,
    `PUT remediationprocessings/rr-${name}-a1-rp/status`,
    `PUT workflowexecutions/${workflowOf(target)}/status`,
    `PUT workflowexecutions/${workflowOf(target)}/status`,
  ].toSorted();

describe("one remediation", () => {
  test("takes ten writes of these three controllers", async () => {
    start();
    const target = await remediate("happy");
    expect(harness.writes("rr-happy").toSorted()).toEqual(costOf("happy", target));
    const request = await requestIn("rr-happy", "Completed");
    expect(request.status).toMatchObject({
      outcome: "Remediated",
      attempt: 1,
      rootCause: "Revision 2 crashes.",
      repair: `rollback_deployment on Deployment ${harness.shop}/happy (revision 1)`,
      attempts: [
        {
          number: 1,
          processing: "rr-happy-a1-rp",
          analysis: "rr-happy-a1-aia",
          workflow: workflowOf(target),
          actions: ["rollback_deployment"],
        },
      ],
      conditions: [{ type: "Complete", status: "True", reason: "Remediated" }],
    });
    const processing = await harness.until(RemediationProcessing, "rr-happy-a1-rp", inPhase("Completed"));
    expect(processing.status).toMatchObject({
      environment: { value: "staging" },
      priority: "P2",
      autonomy: "auto",
      managed: true,
      protections: [],
      context: { exists: true, replicas: { desired: 1, ready: 0 } },
      quality: { missing: [] },
    });
    const text = await harness.metrics.text();
    expect(text).toContain('kintsugi_remediations_total{outcome="Remediated"} 1');
    expect(text).toContain('kintsugi_time_to_repair_seconds_count{since="alert"} 1');
    expect(harness.events.filter((event) => event.startsWith("rr-happy "))).toEqual([
      "rr-happy Analyzing",
      "rr-happy Executing",
      "rr-happy Remediated",
    ]);
  });

  test("is the same with a new process at every step", async () => {
    start();
    const target = await remediate("restarts", restart);
    expect(harness.writes("rr-restarts").toSorted()).toEqual(costOf("restarts", target));
  });

  test("ends the same when the answer to every single write is lost", async () => {
    const lost = new Set<string>();
    harness.cluster.proxy.onRequest(({ isWrite, method, path, body }) => {
      const id = `${method} ${path} ${/"phase":"\w+"/.exec(body)?.[0] ?? ""}`;
      if (!isWrite || !`${path}${body}`.includes("rr-lost") || lost.has(id)) return undefined;
      lost.add(id);
      return { kind: "reset", when: "after" };
    });
    start();
    const target = await remediate("lost");
    harness.cluster.proxy.onRequest(() => undefined);
    expect(lost.size).toBeGreaterThanOrEqual(8);
    const request = await requestIn("rr-lost", "Completed");
    expect(request.status).toMatchObject({ outcome: "Remediated", attempt: 1, attempts: [{ workflow: workflowOf(target) }] });
    const workflows = await harness.cluster.direct.list(WorkflowExecution, { namespace: harness.own });
    expect(workflows.filter(({ spec }) => spec.request === "rr-lost")).toHaveLength(1);
    expect(
      await harness.cluster.direct.list(KubernetesExecution, { namespace: harness.own, labelSelector: "kintsugi.dev/request=rr-lost" }),
    ).toHaveLength(1);
  });
});

describe("an attempt that fails", () => {
  const fail = async (name: string): Promise<ObjectReference> => {
    start();
    const target = await harness.createWorkload(name);
    await harness.createRequest(`rr-${name}`, target);
    await harness.until(AIAnalysis, `rr-${name}-a1-aia`, exists);
    await harness.analyse(`rr-${name}-a1-aia`, target);
    await harness.until(KubernetesExecution, `rr-${name}-a1-kex-s1`, exists);
    return target;
  };
  const giveUp = async (name: string, target: ObjectReference): Promise<RemediationRequest> => {
    await harness.analyse(`rr-${name}-a2-aia`, target, {
      result: "ManualReviewRequired",
      plans: [],
      message: "Nothing else is known to help.",
    });
    return requestIn(`rr-${name}`, "AwaitingPerson");
  };

  test("is undone, and the next one knows what did not help", async () => {
    const target = await fail("undone");
    await harness.execute("rr-undone-a1-kex-s1", {
      ...applied,
      phase: "Failed",
      failure: "VerificationFailed",
      message: "Still crashing.",
    });
    const undo = await harness.until(KubernetesExecution, "rr-undone-a1-undo-s1", exists);
    expect(undo.spec).toMatchObject({ undoes: "rr-undone-a1-kex-s1", action: "rollback_deployment" });
    await harness.execute("rr-undone-a1-undo-s1", { phase: "Completed", changed: true });
    const second = await harness.until(AIAnalysis, "rr-undone-a2-aia", exists);
    expect(second.spec).toMatchObject({ attempt: 2, pastActions: ["rollback_deployment"] });
    const request = await giveUp("undone", target);
    expect(request.status).toMatchObject({ outcome: "RolledBack", attempt: 2 });
    expect(request.status?.attempts?.[0]?.result).toContain("Everything it changed was undone.");
    expect(request.status?.message).toContain("Nothing else is known to help.");
  });

  test("because the world had changed may be planned again", async () => {
    const target = await fail("drifted");
    await harness.execute("rr-drifted-a1-kex-s1", { phase: "Failed", changed: false, failure: "Drifted", message: "Not as planned." });
    const second = await harness.until(AIAnalysis, "rr-drifted-a2-aia", exists);
    expect(second.spec.pastActions).toEqual([]);
    expect((await giveUp("drifted", target)).status).toMatchObject({ outcome: "ManualReviewRequired", attempts: [{ actions: [] }, {}] });
  });

  test("while its undo fails too needs a person at once", async () => {
    await fail("worse");
    await harness.execute("rr-worse-a1-kex-s1", { ...applied, phase: "Failed", failure: "VerificationFailed" });
    await harness.until(KubernetesExecution, "rr-worse-a1-undo-s1", exists);
    await harness.execute("rr-worse-a1-undo-s1", {
      phase: "Failed",
      failure: "UndoGuardFailed",
      message: "Another client changed it.",
    });
    const request = await requestIn("rr-worse", "AwaitingPerson");
    expect(request.status).toMatchObject({ outcome: "ManualReviewRequired", attempt: 1 });
    expect(request.status?.message).toContain("Another client changed it.");
  });

  test("because its workflow was deleted needs a person", async () => {
    const target = await fail("deleted");
    await requestIn("rr-deleted", "Executing");
    await harness.cluster.server
      .asPerson("system:serviceaccount:kube-system:generic-garbage-collector", ["system:masters"])
      .delete(WorkflowExecution, { namespace: harness.own, name: workflowOf(target) });
    expect((await requestIn("rr-deleted", "AwaitingPerson")).status?.message).toContain("was deleted");
  });

  test("because a person cancelled ends after its execution has", async () => {
    await fail("cancelled");
    await harness.cancel("rr-cancelled");
    const stopping = await harness.until(KubernetesExecution, "rr-cancelled-a1-kex-s1", ({ spec }) => spec.cancel === true);
    expect(stopping.status).toBeUndefined();
    expect((await harness.cluster.direct.get(RemediationRequest, { namespace: harness.own, name: "rr-cancelled" }))?.status?.phase).toBe(
      "Executing",
    );
    await harness.execute("rr-cancelled-a1-kex-s1", { phase: "Cancelled", changed: false });
    await requestIn("rr-cancelled", "Cancelled");
  });
});

test("a rejected repair is not proposed again: the next attempt knows it, its approver and the reason", async () => {
  start();
  const target = await harness.createWorkload("refused");
  await harness.createRequest("rr-refused", target);
  await harness.until(AIAnalysis, "rr-refused-a1-aia", exists);
  const first = aPlan({ steps: [aStep("s1", { target })], autonomy: "approve" });
  const second = aPlan({
    steps: [aStep("s1", { target, action: "increase_resources", parameters: { container: "web", memory: "1Gi" } })],
    autonomy: "approve",
    score: 0.5,
  });
  const plans = [first, second];
  await harness.analyse("rr-refused-a1-aia", target, { phase: "AwaitingApproval", plans, result: undefined });
  await requestIn("rr-refused", "AwaitingApproval");
  await harness.analyse("rr-refused-a1-aia", target, { plans, result: "Rejected", message: "Rejected by ann (“not today”)." });
  const next = await harness.until(AIAnalysis, "rr-refused-a2-aia", exists);
  const steps = [{ action: "rollback_deployment", target, parameters: { revision: "1" } }];
  expect(next.spec).toMatchObject({ attempt: 2, pastActions: [], rejected: [{ steps, reason: "Rejected by ann (“not today”)." }] });
  await harness.analyse("rr-refused-a2-aia", target, { plans: [second], result: "Rejected", message: "Rejected by ben." });
  const { status } = await requestIn("rr-refused", "AwaitingPerson");
  expect(status).toMatchObject({
    outcome: "Rejected",
    attempt: 2,
    message: "Rejected by ben.",
    attempts: [
      { number: 1, actions: [], rejected: [{ reason: "Rejected by ann (“not today”)." }], result: "Rejected by ann (“not today”)." },
      { number: 2, rejected: [{ steps: [{ action: "increase_resources" }], reason: "Rejected by ben." }] },
    ],
  });
  expect(harness.writes("rr-refused").toSorted()).toEqual(
    [
      "POST aianalyses",
      "POST aianalyses",
      "POST remediationprocessings",
      "POST remediationprocessings",
      // Analyzing, AwaitingApproval, Recovering, Processing, Analyzing, Failed
      ...Array.from({ length: 6 }, () => "PATCH remediationrequests/rr-refused/status"),
      "PUT remediationprocessings/rr-refused-a1-rp/status",
      "PUT remediationprocessings/rr-refused-a2-rp/status",
    ].toSorted(),
  );
});

describe("a repair that may not begin", () => {
  test("waits while another request repairs the same object, then takes its turn", async () => {
    start();
    const target = await harness.createWorkload("shared");
    const other = await harness.createWorkload("client");
    await harness.setHealth("shared", "healthy");
    await harness.createRequest("rr-first", target);
    await harness.createRequest("rr-second", other);
    for (const name of ["rr-first", "rr-second"]) await harness.until(AIAnalysis, `${name}-a1-aia`, exists);
    await harness.analyse("rr-first-a1-aia", target);
    await harness.until(KubernetesExecution, "rr-first-a1-kex-s1", exists);
    // Another root cause, and a plan for the first one's object.
    const symptom = { object: target, stabilisationSeconds: 0 };
    const rootCause = { code: "DependencyDown", object: other, summary: "It waits for another.", chain: [] };
    await harness.analyse("rr-second-a1-aia", target, { rootCause, plans: [aPlan({ steps: [aStep("s1", { target })] })], symptom });
    const blocked = await requestIn("rr-second", "Blocked");
    expect(blocked.status?.blockedBy).toBe(`rr-first is repairing Deployment ${harness.shop}/shared already`);
    await harness.execute("rr-first-a1-kex-s1", applied);
    await requestIn("rr-first", "Completed");
    const execution = await harness.until(KubernetesExecution, "rr-second-a1-kex-s1", exists);
    expect(execution.spec.workflow).toBe(workflowOf(target, 2));
    const executing = await requestIn("rr-second", "Executing");
    expect(executing.status?.blockedBy).toBeUndefined();
  });

  test("waits while policy says so, and is woken by a change of policy", async () => {
    harness.policy.settings = { ...usual, paused: true };
    start();
    const target = await harness.createWorkload("paused");
    await harness.createRequest("rr-paused", target);
    await harness.until(AIAnalysis, "rr-paused-a1-aia", exists);
    await harness.analyse("rr-paused-a1-aia", target);
    expect((await requestIn("rr-paused", "Blocked")).status?.blockedBy).toBe("repairs are paused by policy");
    harness.policy.settings = usual;
    harness.policy.missing = ["some-policy"];
    await harness.cluster.direct.create(RemediationPolicy, {
      apiVersion: API_VERSION,
      kind: "RemediationPolicy",
      metadata: { namespace: harness.own, name: "resumed" },
      spec: {},
    });
    await harness.until(RemediationRequest, "rr-paused", ({ status }) => status?.blockedBy?.includes("some-policy") === true);
    harness.policy.missing = [];
    await harness.cluster.direct.mergePatch(RemediationPolicy, { namespace: harness.own, name: "resumed" }, { spec: { maxAttempts: 2 } });
    await requestIn("rr-paused", "Executing");
  });
});

describe("trouble that ends by itself", () => {
  test("is not repaired once its alerts are resolved and its target is healthy, and the Gateway's part of the status stays", async () => {
    const target = await harness.createWorkload("calm");
    await harness.setHealth("calm", "broken");
    await harness.createRequest("rr-calm", target);
    // Before anybody has written a phase: the first write must not erase it.
    await harness.resolveAlert("rr-calm");
    start();
    await harness.until(AIAnalysis, "rr-calm-a1-aia", exists);
    await harness.setHealth("calm", "healthy");
    const request = await requestIn("rr-calm", "Completed");
    expect(request.status).toMatchObject({ outcome: "SelfResolved", alerts: { f1: { count: 1 } } });
    expect(await harness.cluster.direct.get(WorkflowExecution, { namespace: harness.own, name: workflowOf(target) })).toBeUndefined();
  });
});

test("a request that is deleted on the way is left alone, and its successor of the same name waits until the old children are gone", async () => {
  start();
  const target = await harness.createWorkload("again");
  await harness.createRequest("rr-again", target);
  const analysis = await harness.until(AIAnalysis, "rr-again-a1-aia", exists);
  await requestIn("rr-again", "Analyzing");
  const key = { namespace: harness.own, name: "rr-again" };
  await harness.cluster.direct.delete(RemediationRequest, key);
  const successor = await harness.createRequest("rr-again", target);
  // Nothing collects garbage here, so that the children of the first one stay until we take them away.
  const owner = analysis.metadata.ownerReferences?.[0]?.uid;
  expect(successor.metadata.uid).not.toBe(owner);
  await harness.cluster.direct.delete(RemediationProcessing, { ...key, name: "rr-again-a1-rp" });
  await harness.cluster.direct.delete(AIAnalysis, { ...key, name: "rr-again-a1-aia" });
  const fresh = await harness.until(
    AIAnalysis,
    "rr-again-a1-aia",
    ({ metadata }) => metadata.ownerReferences?.[0]?.uid === successor.metadata.uid,
  );
  expect(fresh.metadata.uid).not.toBe(analysis.metadata.uid);
});
