import { describe, expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { ExecutionPhase, executionTransitions, type KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { JOB_FINALIZER } from "#api/labels.ts";
import type { ObjectMeta } from "#api/object.ts";
import type { Report } from "#actions/report.ts";
import {
  type Aftermath,
  decide,
  graceMs,
  isJobLost,
  type JobView,
  type ExecutionObservation,
  phases,
  quietMs,
  type Status,
  type Validation,
  wantsAftermath,
  wantsValidation,
  type Words,
} from "#controllers/kubernetes-execution/decide.ts";
import { testDecisionLaws } from "#test/decision-laws.ts";

const t0 = Date.parse("2030-01-01T00:00:00Z");
const timeoutSeconds = 300;
const deadline = t0 + timeoutSeconds * 1000;

interface Given {
  readonly status?: Status;
  readonly spec?: Partial<KubernetesExecution["spec"]>;
  readonly metadata?: Partial<ObjectMeta>;
}
const execution = (phase: ExecutionPhase | undefined, { status, spec, metadata }: Given = {}): KubernetesExecution => ({
  apiVersion: API_VERSION,
  kind: "KubernetesExecution",
  metadata: {
    namespace: "kintsugi-system",
    name: "rr-1-a1-kex-s1",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: new Date(t0).toISOString(),
    ...metadata,
  },
  spec: {
    request: "rr-1",
    workflow: "wfe-1",
    step: "s1",
    action: "rollback_deployment",
    target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
    parameters: { revision: "1" },
    changesHash: "0".repeat(64),
    timeoutSeconds,
    ...spec,
  },
  ...(phase === undefined ? {} : { status: { phase, phaseStartedAt: new Date(t0).toISOString(), ...status } }),
});

const job: JobView = { uid: "job-uid", name: "rr-1-a1-kex-s1", createdAtMs: t0 };
const succeeded: JobView = { ...job, ended: { atMs: t0 + 2000, succeeded: true, message: "Completed" } };
const killed: JobView = { ...job, ended: { atMs: t0 + 2000, succeeded: false, message: "BackoffLimitExceeded" } };
const known = { job: { name: job.name, uid: job.uid } };
const applied = { result: "Applied", changed: true, message: "changed Deployment shop/web" } as const;
const done: Aftermath = { report: applied, trace: "in-place", effect: { state: "done" } };
const spreading: Aftermath = { report: applied, trace: "in-place", effect: { state: "pending", reason: "1 of 2 replicas are updated" } };
const reverted: Aftermath = {
  report: applied,
  trace: "unclear",
  effect: { state: "failed", reason: "another client changed it again" },
};
const unreadable: Aftermath = { trace: "unclear", effect: { state: "failed", reason: "cannot open it" }, unreadable: "cannot open it" };
const endedJob = { atMs: t0, succeeded: true, message: "it ended well" };
const fields = { changes: "[]", inverse: "[]", priorState: "[]", diffs: [], dryRun: { accepted: true } };
const ready = { kind: "ready", fields } as const;
const unavailable = { kind: "unavailable", error: new Error("the API server is away") } as const;

const cases: Record<string, [ExecutionObservation, number, object]> = {
  "what is checked is recorded before the Job exists, in one write": [
    { execution: execution(undefined), validation: ready },
    t0 + 1,
    { do: "transition", through: ["Validating"], to: "Executing", status: fields },
  ],
  "what waited for the API server goes on from there": [
    { execution: execution("Validating"), validation: ready },
    t0 + 1,
    { do: "transition", to: "Executing", status: fields },
  ],
  "a check that is not done yet is waited for": [{ execution: execution(undefined) }, t0 + 1, { do: "wait", untilMs: deadline }],
  "so it is after a stop at Validating": [{ execution: execution("Validating") }, t0 + 1, { do: "wait", untilMs: deadline }],
  "what cannot be checked in time fails after a stop at Validating": [
    { execution: execution("Validating") },
    deadline,
    { do: "transition", to: "Failed", reason: "TimedOut" },
  ],
  "what is so already is completed after a stop at Validating": [
    { execution: execution("Validating"), validation: { kind: "notNeeded", message: "so already" } },
    t0 + 1,
    { do: "transition", to: "Completed", status: { result: "NotNeeded" } },
  ],
  "what is so already is completed without a Job": [
    { execution: execution(undefined), validation: { kind: "notNeeded", message: "so already" } },
    t0 + 1,
    { do: "transition", through: ["Validating"], to: "Completed", status: { result: "NotNeeded", changed: false } },
  ],
  "drift fails and has changed nothing": [
    { execution: execution(undefined), validation: { kind: "failed", failure: "Drifted", message: "another one" } },
    t0 + 1,
    { do: "transition", through: ["Validating"], to: "Failed", status: { failure: "Drifted", changed: false } },
  ],
  "a rejected dry run is kept": [
    {
      execution: execution("Validating"),
      validation: { kind: "failed", failure: "DryRunRejected", message: "no", dryRun: { accepted: false, message: "no" } },
    },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "DryRunRejected", dryRun: { accepted: false, message: "no" } } },
  ],
  "a cancel before the check ends it": [
    { execution: execution(undefined, { spec: { cancel: true } }) },
    t0 + 1,
    { do: "transition", to: "Cancelled", status: { changed: false } },
  ],
  "a deletion before the check ends it": [
    { execution: execution("Validating", { metadata: { deletionTimestamp: "2030-01-01T00:00:01Z" } }) },
    t0 + 1,
    { do: "transition", to: "Cancelled" },
  ],
  "a hiccup of the API server is tried again without a trace": [
    { execution: execution(undefined), validation: unavailable },
    t0 + 1,
    { do: "act", effect: { type: "retry", error: unavailable.error } },
  ],
  "an API server that stays away is shown": [
    { execution: execution(undefined), validation: unavailable },
    t0 + quietMs,
    { do: "transition", to: "Validating", message: "Waiting for the API server: the API server is away" },
  ],
  "shown once, it is tried again": [
    { execution: execution("Validating"), validation: unavailable },
    t0 + quietMs,
    { do: "act", effect: { type: "retry" } },
  ],
  "what cannot be checked in time fails": [
    { execution: execution(undefined) },
    deadline,
    { do: "transition", through: ["Validating"], to: "Failed", status: { failure: "TimedOut", changed: false } },
  ],
  "the Job is made once the record is stored": [
    { execution: execution("Executing") },
    t0 + 1,
    { do: "act", effect: { type: "createJob" }, untilMs: deadline },
  ],
  "a cancel does not stop what is committed": [
    { execution: execution("Executing", { spec: { cancel: true } }) },
    t0 + 1,
    { do: "act", effect: { type: "createJob" }, untilMs: deadline },
  ],
  "policy that forbids it before its Job exists ends it": [
    { execution: execution("Executing"), refusal: "Repairs are paused by policy." },
    t0,
    {
      do: "transition",
      to: "Failed",
      reason: "Forbidden",
      message: "Repairs are paused by policy.",
      status: { failure: "Forbidden", changed: false },
    },
  ],
  "policy never stops a Job that exists": [
    { execution: execution("Executing"), job, refusal: "Repairs are paused by policy." },
    t0 + 1,
    { do: "wait", untilMs: t0 + quietMs },
  ],
  "a Job that policy stopped says so": [
    {
      execution: execution("Executing"),
      job: { ...job, ended: endedJob },
      aftermath: {
        trace: "untouched",
        effect: { state: "failed", reason: "" },
        report: { result: "Failed", changed: false, forbidden: true, message: "Repairs are paused by policy." },
      },
    },
    t0,
    { do: "transition", to: "Failed", reason: "Forbidden", status: { failure: "Forbidden", changed: false } },
  ],
  "a Job that has just begun is waited for": [{ execution: execution("Executing"), job }, t0 + 1, { do: "wait", untilMs: t0 + quietMs }],
  "a Job that lasts is recorded": [{ execution: execution("Executing"), job }, t0 + quietMs, { do: "updateStatus", status: known }],
  "a recorded Job is waited for until its own deadline and some": [
    { execution: execution("Executing", { status: known }), job },
    t0 + quietMs,
    { do: "wait", untilMs: deadline + graceMs },
  ],
  "changes that cannot be opened after a Job that reports success end it, and may be in place": [
    { execution: execution("Executing"), job: { ...job, ended: endedJob }, aftermath: { ...unreadable, report: applied } },
    t0 + 1,
    {
      do: "transition",
      to: "Failed",
      status: { failure: "Unreadable", changed: true },
      message: "Cannot open it; it is unknown whether the change was applied.",
    },
  ],
  "changes that cannot be opened after a Job that changed nothing end it unchanged": [
    {
      execution: execution("Executing"),
      job: { ...job, ended: endedJob },
      aftermath: { ...unreadable, report: { result: "Failed", changed: false, message: "cannot open it" } },
    },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "Unreadable", changed: false }, message: "Cannot open it; nothing was changed." },
  ],
  "changes that cannot be opened once the Job is lost end it": [
    { execution: execution("Executing", { status: known }), aftermath: unreadable },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "Unreadable", changed: true } },
  ],
  "changes that cannot be opened while the Job lasts too long end it": [
    { execution: execution("Executing", { status: known }), job, aftermath: unreadable },
    deadline + graceMs,
    { do: "transition", to: "Failed", status: { failure: "Unreadable", changed: true } },
  ],
  "changes that cannot be opened end what is being verified": [
    { execution: execution("Verifying"), aftermath: unreadable },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "Unreadable", changed: true } },
  ],
  "a Job that has gone after it was recorded is lost, not made again": [
    { execution: execution("Executing", { status: known }), aftermath: { trace: "untouched", effect: { state: "failed", reason: "" } } },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "JobLost", changed: false } },
  ],
  "a lost Job that has changed something says so": [
    { execution: execution("Executing", { status: known }), aftermath: { ...done } },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "JobLost", changed: true } },
  ],
  "a Job that could not be made in time is lost": [
    { execution: execution("Executing"), aftermath: { trace: "untouched", effect: { state: "failed", reason: "" } } },
    deadline,
    { do: "transition", to: "Failed", status: { failure: "JobLost", changed: false } },
  ],
  "a Job that never ends times out, and what it changed is looked up": [
    { execution: execution("Executing"), job, aftermath: { trace: "unclear", effect: { state: "failed", reason: "" } } },
    deadline + graceMs,
    { do: "transition", to: "Failed", status: { failure: "TimedOut", changed: true, ...known } },
  ],
  "a change that took effect at once is completed in one write": [
    { execution: execution("Executing"), job: succeeded, aftermath: done },
    t0 + 2500,
    { do: "transition", to: "Completed", status: { ...known, result: "Applied", changed: true } },
  ],
  "a change that was there already is said to be so": [
    { execution: execution("Executing"), job: succeeded, aftermath: { ...done, report: { ...applied, result: "AlreadyApplied" } } },
    t0 + 2500,
    { do: "transition", to: "Completed", status: { result: "AlreadyApplied", changed: true } },
  ],
  "a change that spreads is waited for without a write": [
    { execution: execution("Executing"), job: succeeded, aftermath: spreading },
    t0 + 2500,
    { do: "wait", untilMs: t0 + 2000 + quietMs },
  ],
  "a change that spreads for long is shown": [
    { execution: execution("Executing"), job: succeeded, aftermath: spreading },
    t0 + 2000 + quietMs,
    { do: "transition", to: "Verifying", status: { ...known, result: "Applied", changed: true } },
  ],
  "a change that another client reverted at once fails": [
    { execution: execution("Executing"), job: succeeded, aftermath: reverted },
    t0 + 2500,
    { do: "transition", to: "Failed", status: { failure: "VerificationFailed", changed: true } },
  ],
  "a Job that was killed after its change is as good as one that was not": [
    { execution: execution("Executing"), job: killed, aftermath: { trace: "in-place", effect: { state: "done" } } },
    t0 + 2500,
    { do: "transition", to: "Completed", status: { result: "Applied", changed: true } },
  ],
  "a Job that was killed before its change has changed nothing": [
    { execution: execution("Executing"), job: killed, aftermath: { trace: "untouched", effect: { state: "failed", reason: "" } } },
    t0 + 2500,
    { do: "transition", to: "Failed", status: { failure: "JobFailed", changed: false, ...known } },
  ],
  "a Job that says it failed is believed where the object does not say otherwise": [
    {
      execution: execution("Executing"),
      job: killed,
      aftermath: {
        report: { result: "Failed", changed: false, message: "forbidden" },
        trace: "unclear",
        effect: { state: "failed", reason: "" },
      },
    },
    t0 + 2500,
    {
      do: "transition",
      to: "Failed",
      status: { failure: "JobFailed", changed: false },
      message: expect.stringContaining("forbidden") as string,
    },
  ],
  "a Job that says it failed, though its change is there, has made it": [
    {
      execution: execution("Executing"),
      job: killed,
      aftermath: { report: { result: "Failed", changed: true, message: "connection lost" }, trace: "in-place", effect: { state: "done" } },
    },
    t0 + 2500,
    { do: "transition", to: "Completed", status: { result: "Applied", changed: true } },
  ],
  "an undo that no longer fits says so": [
    {
      execution: execution("Executing", { spec: { undoes: "rr-1-a1-kex-s1" } }),
      job: killed,
      aftermath: {
        report: { result: "Failed", changed: false, message: "guard" },
        trace: "unclear",
        effect: { state: "failed", reason: "" },
      },
    },
    t0 + 2500,
    { do: "transition", to: "Failed", status: { failure: "UndoGuardFailed" } },
  ],
  "verified, it is completed": [
    { execution: execution("Verifying"), aftermath: done },
    t0 + 1,
    { do: "transition", to: "Completed", status: {} },
  ],
  "still spreading, it waits": [{ execution: execution("Verifying"), aftermath: spreading }, t0 + 1, { do: "wait", untilMs: deadline }],
  "an effect that does not come in time fails": [
    { execution: execution("Verifying"), aftermath: spreading },
    deadline,
    {
      do: "transition",
      to: "Failed",
      status: { failure: "VerificationFailed" },
      message: "The change has not taken effect after 300 s: 1 of 2 replicas are updated.",
    },
  ],
  "an effect that is there at the deadline counts": [
    { execution: execution("Verifying"), aftermath: done },
    deadline,
    { do: "transition", to: "Completed" },
  ],
  "an effect that was taken back fails": [
    { execution: execution("Verifying"), aftermath: reverted },
    t0 + 1,
    { do: "transition", to: "Failed", status: { failure: "VerificationFailed" } },
  ],
};
describe("the decisions", () => {
  for (const [name, [seen, now, want]] of Object.entries(cases)) test(name, () => expect(decide(seen, now)).toMatchObject(want));
});

describe("what is looked at, and when", () => {
  const at = t0 + 1;
  test("the plan only until it is recorded", () => {
    expect(ExecutionPhase.options.filter((phase) => wantsValidation(execution(phase), at))).toEqual(["Pending", "Validating"]);
    expect(wantsValidation(execution("Pending", { spec: { cancel: true } }), at)).toBe(false);
    expect(wantsValidation(execution("Pending"), deadline)).toBe(false);
  });
  test("the live object only after the Job", () => {
    expect(wantsAftermath(execution("Executing"), job, at)).toBe(false);
    expect(wantsAftermath(execution("Executing"), undefined, at)).toBe(false);
    expect(wantsAftermath(execution("Executing"), succeeded, at)).toBe(true);
    expect(wantsAftermath(execution("Executing"), job, deadline + graceMs)).toBe(true);
    expect(wantsAftermath(execution("Verifying"), undefined, at)).toBe(true);
    expect(wantsAftermath(execution("Completed"), undefined, at)).toBe(false);
  });
  test("a Job is lost where it was recorded, the execution is going, or its time is over", () => {
    expect(isJobLost(execution("Executing"), at)).toBe(false);
    expect(isJobLost(execution("Executing", { status: known }), at)).toBe(true);
    expect(isJobLost(execution("Executing", { metadata: { deletionTimestamp: "2030-01-01T00:00:01Z" } }), at)).toBe(true);
    expect(isJobLost(execution("Executing"), deadline)).toBe(true);
  });
});

const maybe = <T>(values: readonly T[]): readonly (T | undefined)[] => [undefined, ...values];

/** Every combination of what a decision may see, in every phase, early, late and too late. */
function* everything(): Generator<[ExecutionObservation, number]> {
  const validations = maybe<Validation>([
    ready,
    unavailable,
    { kind: "notNeeded", message: "" },
    { kind: "failed", failure: "Refused", message: "" },
  ]);
  const jobs = maybe([job, succeeded, killed]);
  const traces = ["in-place", "untouched", "unclear"] as const;
  const effects = [{ state: "done" }, { state: "pending", reason: "" }, { state: "failed", reason: "" }] as const;
  const reports = maybe<Report>([applied, { ...applied, result: "Failed" }]);
  const aftermaths = maybe(
    reports.flatMap((report) =>
      traces.flatMap((trace) => effects.map((effect): Aftermath => ({ trace, effect, ...(report === undefined ? {} : { report }) }))),
    ),
  );
  const givens: Given[] = [
    {},
    { spec: { cancel: true } },
    { metadata: { deletionTimestamp: "2030-01-01T00:00:01Z", finalizers: [JOB_FINALIZER] } },
    { status: known },
  ];
  for (const phase of ExecutionPhase.options)
    for (const given of givens)
      for (const validation of validations)
        for (const seenJob of jobs)
          for (const aftermath of aftermaths)
            for (const now of [t0 + 1, t0 + 2000 + quietMs, deadline + graceMs])
              yield [
                {
                  execution: execution(phase, given),
                  ...(validation === undefined ? {} : { validation }),
                  ...(seenJob === undefined ? {} : { job: seenJob }),
                  ...(aftermath === undefined ? {} : { aftermath }),
                },
                now,
              ];
}

testDecisionLaws<Words, ExecutionObservation>({
  phases,
  transitions: executionTransitions,
  phaseIn: ({ execution: { status } }) => status?.phase ?? "Pending",
  cases: Object.values(cases).map(([observed, now]) => [observed, now]),
  everything: everything(),
});

test("no failure says that nothing was changed where something was seen to be", () => {
  for (const [seen, now] of everything()) {
    const decision = decide(seen, now);
    if (decision.do !== "transition" || decision.to !== "Failed" || seen.execution.status?.phase !== "Executing") continue;
    if (seen.aftermath?.trace === "in-place") expect(decision.status?.changed).toBe(true);
    if (seen.job?.ended !== undefined && seen.aftermath?.report?.result === "Applied") expect(decision.status?.changed ?? true).toBe(true);
  }
});
