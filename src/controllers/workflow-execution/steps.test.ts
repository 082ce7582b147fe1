import { describe, expect, test } from "vitest";
import { executionName, executionOf, undoOf } from "#controllers/workflow-execution/children.ts";
import { hasChanged, nextStep, problemsOf, statusesOf, viewsOf } from "#controllers/workflow-execution/steps.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { JOB_FINALIZER } from "#api/labels.ts";
import { aStep, aWorkflow, anExecution, target } from "#test/orchestration-samples.ts";

const other = { ...target, name: "api" };

describe("problemsOf", () => {
  test.each<[string, Parameters<typeof problemsOf>[0], string[]]>([
    ["one step has none", [aStep("s1")], []],
    ["steps in an order in which they may run have none", [aStep("s1"), aStep("s2", { target: other, dependsOn: ["s1"] })], []],
    ["ids are unique", [aStep("s1"), aStep("s1", { target: other })], ["duplicate step id s1"]],
    ["a dependency exists", [aStep("s1", { dependsOn: ["x"] })], ["step s1 depends on x, which does not exist"]],
    ["a step does not depend on itself", [aStep("s1", { dependsOn: ["s1"] })], ["step s1 depends on s1, which does not come before it"]],
    [
      "nor in a circle",
      [aStep("s1", { dependsOn: ["s2"] }), aStep("s2", { target: other, dependsOn: ["s1"] })],
      ["step s1 depends on s2, which does not come before it"],
    ],
    [
      "no step does again what an earlier one did",
      [aStep("s1"), aStep("s2")],
      ["steps s1 and s2 are the same: rollback_deployment on Deployment shop/web"],
    ],
  ])("%s", (_name, steps, problems) => expect(problemsOf(steps)).toEqual(problems));
});

describe("viewsOf", () => {
  const steps = [aStep("s1", { critical: false }), aStep("s2", { dependsOn: ["s1"] }), aStep("s3", { dependsOn: ["s2"] })];
  const none = { done: new Map(), undone: new Map(), lost: new Set<string>() };

  test("what depends on a failed step is skipped, also at second hand", () => {
    const views = viewsOf(steps, { ...none, done: new Map([["s1", anExecution("s1", { phase: "Failed", changed: false })]]) });
    expect(views.map(({ state }) => state)).toEqual(["Failed", "Skipped", "Skipped"]);
    expect(nextStep(views)).toBeUndefined();
  });

  test("the status names executions and undos, and says what they said", () => {
    const done = new Map([["s1", anExecution("s1", { phase: "Completed", changed: true, inverse: "[1]", message: "Applied." })]]);
    const undone = new Map([["s1", anExecution("s1", { phase: "Completed", message: "Taken back." }, { undoes: "rr-1-a1-kex-s1" })]]);
    expect(statusesOf(viewsOf([aStep("s1")], { ...none, done, undone }))).toEqual([
      { id: "s1", execution: "rr-1-a1-kex-s1", undo: "rr-1-a1-undo-s1", state: "Undone", message: "Taken back." },
    ]);
    expect(viewsOf([aStep("s1")], { ...none, done, undone }).some(hasChanged)).toBe(false);
    expect(viewsOf([aStep("s1")], { ...none, done }).some(hasChanged)).toBe(true);
  });
});

describe("children", () => {
  const workflow = aWorkflow();
  test("an execution carries its finalizer from the start, its owner and its request", () => {
    expect(executionOf(workflow, aStep("s1")).metadata).toMatchObject({
      name: "rr-1-a1-kex-s1",
      namespace: "kintsugi-system",
      finalizers: [JOB_FINALIZER],
      labels: { "kintsugi.dev/request": "rr-1" },
      ownerReferences: [{ kind: "WorkflowExecution", uid: workflow.metadata.uid, controller: true }],
    });
  });
  test("a long name stays within what a label's value may be", () => {
    const long = aWorkflow(undefined, { request: "r".repeat(70) });
    expect(executionName(long, "s1").length).toBeLessThanOrEqual(63);
    expect(executionName(long, "s1")).not.toBe(executionName(long, "s2"));
  });
  test("an undo is bound to the inverse that was stored", () => {
    const original = anExecution("s1", { phase: "Completed", inverse: "[7]" });
    expect(undoOf(workflow, aStep("s1"), original)).toMatchObject({
      metadata: { name: "rr-1-a1-undo-s1" },
      spec: { undoes: "rr-1-a1-kex-s1", changesHash: sha256("[7]"), action: "rollback_deployment" },
    });
    expect(undoOf(workflow, aStep("s1"), anExecution("s1", { inverse: "irreversible" }))).toBeUndefined();
    expect(undoOf(workflow, aStep("s1"), anExecution("s1"))).toBeUndefined();
  });
});
