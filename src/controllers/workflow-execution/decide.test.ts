import { describe, expect, test } from "vitest";
import { phaseOf } from "#api/define-kind.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { type WorkflowExecution, WorkflowPhase, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import type { Health } from "#cluster/workload-health.ts";
import { type WorkflowObservation, decide, phases, type Words } from "#controllers/workflow-execution/decide.ts";
import { testDecisionLaws } from "#test/decision-laws.ts";
import { aStep, aWorkflow, anExecution, at, stamp, target } from "#test/orchestration-samples.ts";

const healthy: Health = { state: "Healthy", reasons: [], restarts: 2 };
const sick: Health = { state: "Unhealthy", reasons: ["0 of 1 replicas are available."], restarts: 2 };

interface Given {
  readonly phase?: WorkflowPhase;
  readonly status?: WorkflowExecution["status"];
  readonly spec?: Partial<WorkflowExecution["spec"]>;
  readonly done?: readonly KubernetesExecution[];
  readonly undone?: readonly KubernetesExecution[];
  readonly lost?: readonly string[];
  readonly health?: Health;
  /** Of the object that is changed, where it is not the alerted one. */
  readonly changed?: Health;
  readonly resolvedAt?: number;
}
const byStep = (executions: readonly KubernetesExecution[] = []) =>
  new Map(executions.map((execution) => [execution.spec.step, execution]));
const seen = ({ phase, status, spec, done, undone, lost, health = healthy, changed, resolvedAt }: Given): WorkflowObservation => ({
  workflow: aWorkflow(phase === undefined ? undefined : { phase, phaseStartedAt: stamp(0), ...status }, spec),
  executions: { done: byStep(done), undone: byStep(undone), lost: new Set(lost) },
  health,
  ...(changed === undefined ? {} : { changed }),
  ...(resolvedAt === undefined ? {} : { resolvedAt }),
  verificationSeconds: 300,
});

const inverse = '[{"type":"patch"}]';
const applied = anExecution("s1", { phase: "Completed", changed: true, inverse });
const running = anExecution("s1", { phase: "Executing" });
const failedClean = anExecution("s1", { phase: "Failed", changed: false, failure: "DryRunRejected", message: "The server refused it." });
const failedDirty = anExecution("s1", { phase: "Failed", changed: true, inverse, failure: "VerificationFailed" });
const drifted = anExecution("s1", { phase: "Failed", changed: false, failure: "Drifted" });
const undo = (step: string, phase: "Executing" | "Completed" | "Failed") =>
  anExecution(step, { phase, message: "a guard failed" }, { undoes: `rr-1-a1-kex-${step}` });
const two = { steps: [aStep("s1"), aStep("s2", { action: "restart_pod", dependsOn: ["s1"] })] };
const second = anExecution("s2", { phase: "Completed", changed: true, inverse });

const without: Health = { state: "Unknown", reasons: ["A Service reports no health."], restarts: 0 };
const watched = { verification: { healthySince: stamp(5), baseline: 2 } };
/** The alert is about another object than the one that is changed. */
const elsewhere = (namespace: string) => ({
  symptom: { object: { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "caller" }, stabilisationSeconds: 60 },
});

const restoredIs = (claim: { readonly status: "True" | "False"; readonly reason?: string }) =>
  expect.arrayContaining([expect.objectContaining({ type: "Restored", ...claim })]);

const cases: Record<string, [WorkflowObservation, number, object]> = {
  "a changed object that is well is not taken back while the alerted one is still ill": [
    seen({ phase: "Verifying", done: [applied], status: watched, changed: healthy, health: sick, spec: elsewhere("other") }),
    at(301),
    {
      do: "transition",
      to: "Failed",
      claims: restoredIs({ status: "False", reason: "ChangesRemain" }),
      status: { verification: { result: "SymptomPersists" } },
      message: expect.stringMatching(/healthy, so its repair is kept, but Deployment other\/caller is not healthy/),
    },
  ],
  "the alerted object has the time of the verification to recover after the changed one": [
    seen({ phase: "Verifying", done: [applied], status: watched, changed: healthy, health: sick, spec: elsewhere("shop") }),
    at(100),
    { do: "updateStatus", status: { verification: { result: "Pending" } }, untilMs: at(300) },
  ],
  "it completes when both are well": [
    seen({ phase: "Verifying", done: [applied], status: watched, changed: healthy, health: healthy, spec: elsewhere("shop") }),
    at(65),
    { do: "transition", to: "Completed", status: { verification: { result: "SymptomGone" } } },
  ],
  "an alerted object that crashed within the window is not well yet": [
    seen({
      phase: "Verifying",
      done: [applied],
      status: watched,
      changed: healthy,
      health: { ...healthy, crashedAtMs: at(60) },
      spec: elsewhere("shop"),
    }),
    at(65),
    { do: "updateStatus", status: { verification: { result: "Pending" } }, untilMs: at(120) },
  ],
  "a changed object that is no better is taken back although the alerted one is well": [
    seen({ phase: "Verifying", done: [applied], changed: sick, health: healthy, spec: elsewhere("other") }),
    at(301),
    { do: "transition", to: "RollingBack" },
  ],
  "the resolved alert of another namespace does not shorten the look at the changed object": [
    seen({ phase: "Verifying", done: [applied], status: watched, changed: healthy, resolvedAt: at(10), spec: elsewhere("other") }),
    at(20),
    { do: "updateStatus", status: { verification: { result: "Pending" } } },
  ],
  "where the changed object has no health, the alerted one of the same namespace decides": [
    seen({ phase: "Verifying", done: [applied], changed: without, health: sick, spec: elsewhere("shop") }),
    at(301),
    { do: "transition", to: "RollingBack" },
  ],
  "where the changed object has no health, another namespace's does not decide": [
    seen({ phase: "Verifying", done: [applied], changed: without, health: sick, spec: elsewhere("other") }),
    at(301),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "False", reason: "ChangesRemain" }) },
  ],
  "a step that policy stopped before its Job was not tried": [
    seen({ phase: "Executing", done: [anExecution("s1", { phase: "Failed", changed: false, failure: "Forbidden" })] }),
    at(1),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "True", reason: "Forbidden" }) },
  ],
  ...Object.fromEntries(
    (["JobLost", "JobFailed", "TimedOut"] as const).map((failure): [string, [WorkflowObservation, number, object]] => [
      `a step that failed with ${failure} before its change was not tried`,
      [
        seen({ phase: "Executing", done: [anExecution("s1", { phase: "Failed", changed: false, failure })] }),
        at(1),
        { do: "transition", to: "Failed", claims: restoredIs({ status: "True", reason: "NotRun" }) },
      ],
    ]),
  ),
  "the first step begins in the first pass": [
    seen({}),
    at(0),
    { do: "transition", to: "Executing", through: ["Validating"], first: { type: "begin", step: "s1" } },
  ],
  "a plan that cannot be run fails before anything is changed": [
    seen({ spec: { steps: [aStep("s1", { dependsOn: ["s9"] })] } }),
    at(0),
    { do: "transition", to: "Failed", through: ["Validating"], claims: restoredIs({ status: "True", reason: "NothingChanged" }) },
  ],
  "cancelled before it began": [seen({ spec: { cancel: true } }), at(0), { do: "transition", to: "Cancelled" }],
  "cancelled before its first step, after a stop at Validating": [
    seen({ phase: "Validating", spec: { cancel: true } }),
    at(0),
    { do: "transition", to: "Cancelled" },
  ],
  "a plan that cannot be run fails after a stop at Validating": [
    seen({ phase: "Validating", spec: { steps: [aStep("s1", { dependsOn: ["s9"] })] } }),
    at(0),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "True", reason: "NothingChanged" }) },
  ],
  "the first step begins after a stop at Validating": [
    seen({ phase: "Validating" }),
    at(0),
    { do: "transition", to: "Executing", first: { type: "begin", step: "s1" } },
  ],
  "an execution that was created in a pass that was not recorded is taken up, not left behind": [
    seen({ spec: { cancel: true }, done: [running] }),
    at(0),
    { do: "transition", to: "Executing" },
  ],
  "while a step runs nothing else begins": [seen({ phase: "Executing", spec: two, done: [running] }), at(1), { do: "wait" }],
  "the next step begins when the one before is done": [
    seen({ phase: "Executing", spec: two, done: [applied] }),
    at(1),
    { do: "updateStatus", first: { type: "begin", step: "s2" } },
  ],
  "when all are done the symptom is watched": [
    seen({ phase: "Executing", done: [applied] }),
    at(1),
    { do: "transition", to: "Verifying", status: { verification: { healthySince: stamp(1), baseline: 2, result: "Pending" } } },
  ],
  "with no window to wait for it completes at once": [
    seen({ phase: "Executing", done: [applied], spec: { symptom: { object: target, stabilisationSeconds: 0 } } }),
    at(1),
    { do: "transition", to: "Completed", through: ["Verifying"], status: { verification: { result: "SymptomGone" } } },
  ],
  "a window of nothing still wants a healthy object": [
    seen({ phase: "Executing", done: [applied], health: sick, spec: { symptom: { object: target, stabilisationSeconds: 0 } } }),
    at(1),
    { do: "transition", to: "Verifying", status: { verification: { result: "Pending" } } },
  ],
  "a critical step that failed and changed nothing ends it": [
    seen({ phase: "Executing", done: [failedClean] }),
    at(1),
    {
      do: "transition",
      to: "Failed",
      claims: restoredIs({ status: "True", reason: "NothingChanged" }),
      message: expect.stringContaining("The server refused it."),
    },
  ],
  "one that found another world says so": [
    seen({ phase: "Executing", done: [drifted] }),
    at(1),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "True", reason: "Drifted" }) },
  ],
  "one that failed after changing something is undone": [
    seen({ phase: "Executing", done: [failedDirty] }),
    at(1),
    { do: "transition", to: "RollingBack", first: { type: "undo", step: "s1" } },
  ],
  "a step that is not critical may fail": [
    seen({
      phase: "Executing",
      spec: { steps: [aStep("s1", { critical: false }), aStep("s2", { action: "restart_pod" })] },
      done: [failedClean],
    }),
    at(1),
    { do: "updateStatus", first: { type: "begin", step: "s2" } },
  ],
  "what depends on it is skipped, and no success at all is a failure": [
    seen({
      phase: "Executing",
      spec: { steps: [aStep("s1", { critical: false }), aStep("s2", { action: "restart_pod", dependsOn: ["s1"] })] },
      done: [failedClean],
    }),
    at(1),
    { do: "transition", to: "Failed", message: expect.stringContaining("No step succeeded.") },
  ],
  "a step whose record was deleted may have changed anything": [
    seen({ phase: "Executing", lost: ["s1"] }),
    at(1),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "False", reason: "ChangesRemain" }) },
  ],
  "cancel is passed on to the step that runs": [
    seen({ phase: "Executing", spec: { cancel: true }, done: [running] }),
    at(1),
    { do: "act", effect: { type: "cancel", step: "s1" } },
  ],
  "and its end is waited for": [
    seen({ phase: "Executing", spec: { cancel: true }, done: [{ ...running, spec: { ...running.spec, cancel: true } }] }),
    at(1),
    { do: "wait" },
  ],
  "what was done before the cancel is undone": [
    seen({ phase: "Executing", spec: { cancel: true }, done: [applied] }),
    at(1),
    { do: "transition", to: "RollingBack", first: { type: "undo", step: "s1" } },
  ],
  "where nothing was done it is cancelled": [
    seen({ phase: "Executing", spec: { cancel: true }, done: [anExecution("s1", { phase: "Cancelled", changed: false })] }),
    at(1),
    { do: "transition", to: "Cancelled", claims: restoredIs({ status: "True", reason: "NothingChanged" }) },
  ],
  "healthy for the whole window is the proof": [
    seen({ phase: "Verifying", done: [applied], status: { verification: { healthySince: stamp(5), baseline: 2 } } }),
    at(65),
    {
      do: "transition",
      to: "Completed",
      status: { verification: { healthySince: stamp(5), result: "SymptomGone", message: "Healthy for 60 s." } },
    },
  ],
  "until then it waits for that very time": [
    seen({ phase: "Verifying", done: [applied], status: { verification: { healthySince: stamp(5), baseline: 2 } } }),
    at(30),
    { do: "updateStatus", untilMs: at(65), status: { verification: { healthySince: stamp(5) } } },
  ],
  "a restart begins the window anew": [
    seen({
      phase: "Verifying",
      done: [applied],
      health: { ...healthy, restarts: 3 },
      status: { verification: { healthySince: stamp(5), baseline: 2 } },
    }),
    at(65),
    { do: "updateStatus", untilMs: at(125), status: { verification: { healthySince: stamp(65), baseline: 3 } } },
  ],
  "so does a crash that was reported late": [
    seen({
      phase: "Verifying",
      done: [applied],
      health: { ...healthy, restarts: 1, crashedAtMs: at(40) },
      status: { verification: { healthySince: stamp(5), baseline: 2 } },
    }),
    at(65),
    { do: "updateStatus", status: { verification: { healthySince: stamp(65), baseline: 1 } } },
  ],
  "an unhealthy moment forgets the window": [
    seen({ phase: "Verifying", done: [applied], health: sick, status: { verification: { healthySince: stamp(5), baseline: 2 } } }),
    at(30),
    { do: "updateStatus", untilMs: at(300), status: { verification: { result: "Pending", message: "The object is not healthy yet." } } },
  ],
  "a stale execution, from before the verification began, is waited for": [
    seen({ phase: "Verifying", done: [running], health: sick, status: { verification: { healthySince: stamp(5), baseline: 2 } } }),
    at(301),
    { do: "wait" },
  ],
  "so is a stale one, from before the undo began": [seen({ phase: "RollingBack", done: [running] }), at(1), { do: "wait" }],
  "a resolved alert shortens the wait": [
    seen({ phase: "Verifying", done: [applied], resolvedAt: at(10), status: { verification: { healthySince: stamp(5), baseline: 2 } } }),
    at(12),
    { do: "transition", to: "Completed", status: { verification: { alertResolvedAt: stamp(10), result: "SymptomGone" } } },
  ],
  "one that was resolved before the repair says nothing": [
    seen({ phase: "Verifying", done: [applied], resolvedAt: at(-10), status: { verification: { healthySince: stamp(5), baseline: 2 } } }),
    at(12),
    { do: "updateStatus", untilMs: at(65) },
  ],
  "nor does it make an unhealthy object healthy": [
    seen({ phase: "Verifying", done: [applied], health: sick, resolvedAt: at(10) }),
    at(12),
    { do: "updateStatus", untilMs: at(300) },
  ],
  "a kind without a health of its own passes the window": [
    seen({
      phase: "Verifying",
      done: [applied],
      health: { state: "Unknown", reasons: [], restarts: 0 },
      status: { verification: { healthySince: stamp(0), baseline: 0 } },
    }),
    at(60),
    { do: "transition", to: "Completed", status: { verification: { message: expect.stringContaining("report no health") } } },
  ],
  "a symptom that stays is undone": [
    seen({ phase: "Verifying", done: [applied], health: sick }),
    at(300),
    {
      do: "transition",
      to: "RollingBack",
      first: { type: "undo", step: "s1" },
      status: { verification: { result: "SymptomPersists" } },
      message: expect.stringContaining("0 of 1 replicas are available."),
    },
  ],
  "a window that had begun in time may end after the deadline": [
    seen({ phase: "Verifying", done: [applied], status: { verification: { healthySince: stamp(290), baseline: 2 } } }),
    at(310),
    { do: "updateStatus", untilMs: at(350) },
  ],
  "one that begins after it does not count": [
    seen({
      phase: "Verifying",
      done: [applied],
      health: { ...healthy, restarts: 3 },
      status: { verification: { healthySince: stamp(290), baseline: 2 } },
    }),
    at(310),
    { do: "transition", to: "RollingBack", status: { verification: { message: "The object did not stay healthy." } } },
  ],
  "what cannot be undone by plan is left, and said": [
    seen({ phase: "Verifying", done: [applied], health: sick, spec: { rollback: "None" } }),
    at(300),
    {
      do: "transition",
      to: "Failed",
      claims: restoredIs({ status: "False" }),
      message: expect.stringContaining("No rollback is possible: rollback_deployment"),
    },
  ],
  "what is to be undone by hand is left, and said": [
    seen({ phase: "Verifying", done: [applied], health: sick, spec: { rollback: "Manual" } }),
    at(300),
    {
      do: "transition",
      to: "Failed",
      claims: restoredIs({ status: "False" }),
      message: expect.stringContaining("Manual rollback required: rollback_deployment"),
    },
  ],
  "what has no inverse is left, and said": [
    seen({ phase: "Verifying", done: [anExecution("s1", { phase: "Completed", changed: true, inverse: "irreversible" })], health: sick }),
    at(300),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "False" }) },
  ],
  "a pod that was replaced needs no undo": [
    seen({ phase: "Verifying", done: [anExecution("s1", { phase: "Completed", changed: true, inverse: "[]" })], health: sick }),
    at(300),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "True", reason: "NothingChanged" }) },
  ],
  "cancel while verifying undoes the repair": [
    seen({ phase: "Verifying", done: [applied], spec: { cancel: true } }),
    at(1),
    { do: "transition", to: "RollingBack", first: { type: "undo", step: "s1" } },
  ],
  "steps are undone backwards": [
    seen({ phase: "RollingBack", spec: two, done: [applied, second] }),
    at(1),
    { do: "updateStatus", first: { type: "undo", step: "s2" } },
  ],
  "one undo at a time": [
    seen({ phase: "RollingBack", spec: two, done: [applied, second], undone: [undo("s2", "Executing")] }),
    at(1),
    { do: "wait" },
  ],
  "then the one before": [
    seen({ phase: "RollingBack", spec: two, done: [applied, second], undone: [undo("s2", "Completed")] }),
    at(1),
    { do: "updateStatus", first: { type: "undo", step: "s1" } },
  ],
  "when all is undone it says so": [
    seen({ phase: "RollingBack", status: { message: "The symptom is still there." }, done: [applied], undone: [undo("s1", "Completed")] }),
    at(1),
    {
      do: "transition",
      to: "RolledBack",
      claims: restoredIs({ status: "True", reason: "Undone" }),
      message: "The symptom is still there. Everything it changed was undone.",
    },
  ],
  "an undo that fails needs a person": [
    seen({ phase: "RollingBack", done: [applied], undone: [undo("s1", "Failed")] }),
    at(1),
    { do: "transition", to: "Failed", claims: restoredIs({ status: "False" }), message: expect.stringContaining("a guard failed") },
  ],
  "so does a step on the way back that has no inverse": [
    seen({
      phase: "RollingBack",
      spec: two,
      done: [anExecution("s1", { phase: "Completed", changed: true, inverse: "irreversible" }), second],
      undone: [undo("s2", "Completed")],
    }),
    at(1),
    {
      do: "transition",
      to: "Failed",
      claims: restoredIs({ status: "False" }),
      message: expect.stringContaining("The change of step s1 cannot be undone"),
    },
  ],
};

describe("decide", () => {
  test.each(Object.entries(cases))("%s", (_name, [observed, now, expected]) => {
    expect(decide(observed, now)).toMatchObject(expected);
  });

  test("an unhealthy object is described with the same words every time, so that nothing is written", () => {
    const other = { ...sick, reasons: ["another reason"], restarts: 9 };
    const [first, later] = [sick, other].map((health) => decide(seen({ phase: "Verifying", done: [applied], health }), at(30)));
    expect(first).toEqual(later);
  });

  test("it never ends while a step runs, and never begins one then", () => {
    for (const phase of WorkflowPhase.options)
      for (const observed of everything(phase)) {
        const runs = [...observed.executions.done.values()].some((execution) => execution.status?.phase === "Executing");
        if (!runs || phase !== "Executing" || observed.executions.undone.size > 0) continue;
        const decision = decide(observed, at(1000));
        expect(decision.do === "wait" || (decision.do === "act" && decision.effect.type === "cancel")).toBe(true);
      }
  });
});

testDecisionLaws<Words, WorkflowObservation>({
  phases,
  transitions: workflowTransitions,
  phaseIn: ({ workflow }) => phaseOf(workflow),
  cases: Object.values(cases).map(([observed, now]) => [observed, now]),
  everything: WorkflowPhase.options.flatMap((phase) =>
    [...everything(phase)].flatMap((observed): [WorkflowObservation, number][] => [
      [observed, at(1)],
      [observed, at(1000)],
    ]),
  ),
});

function* everything(phase: WorkflowPhase): Generator<WorkflowObservation> {
  const cancelledStep = anExecution("s1", { phase: "Cancelled", changed: false });
  const done = [
    [],
    [running],
    [applied],
    [failedClean],
    [failedDirty],
    [drifted],
    [cancelledStep],
    [{ ...applied, status: { ...applied.status, inverse: "irreversible" } }],
  ];
  const undone = [[], [undo("s1", "Executing")], [undo("s1", "Completed")], [undo("s1", "Failed")]];
  for (const first of done)
    for (const back of undone)
      for (const health of [healthy, sick])
        for (const cancel of [{}, { cancel: true }])
          for (const rollback of ["Automatic", "Manual", "None"] as const)
            for (const steps of [[aStep("s1")], [aStep("s1"), aStep("s1")]])
              yield seen({
                phase,
                status: { verification: { healthySince: stamp(0), baseline: 2 } },
                done: first,
                undone: back,
                health,
                spec: { ...cancel, rollback, steps },
              });
}
