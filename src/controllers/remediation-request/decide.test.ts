import { describe, expect, test } from "vitest";
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import {
  type Awaiting,
  type RemediationRequest,
  RequestPhase,
  requestDeadlineSeconds,
  requestTransitions,
} from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { decide, phases } from "#controllers/remediation-request/decide.ts";
import { maxLooks, maxReminders } from "#controllers/remediation-request/decide-waiting.ts";
import type { OutsideChange } from "#controllers/remediation-request/outside-changes.ts";
import type { RequestObservation, Words } from "#controllers/remediation-request/observed.ts";
import { testDecisionLaws } from "#test/decision-laws.ts";
import {
  aPlan,
  aProcessing,
  aRequest,
  aStep,
  aWorkflow,
  anAnalysis,
  at,
  proceed,
  processed,
  restored,
  stamp,
  target as web,
} from "#test/orchestration-samples.ts";

type Given = Omit<Partial<RequestObservation>, "request"> & {
  status?: RemediationRequest["status"];
  cancel?: { by: string; message?: string };
  close?: { by: string; message: string };
};

const seen = (phase: RequestPhase | undefined, { status, cancel, close, ...rest }: Given = {}): RequestObservation => ({
  request: aRequest(phase === undefined ? undefined : { phase, phaseStartedAt: stamp(0), attempt: 1, ...status }, {
    ...(cancel === undefined ? {} : { cancel }),
    ...(close === undefined ? {} : { close }),
  }),
  stabilisationSeconds: 60,
  reminderSeconds: 14_400,
  maxAttempts: 3,
  verificationSeconds: 360,
  ...rest,
});

const ann = { by: "ann", message: "we repair it by hand" };
const hold = { why: "repairs are paused by policy" };
const drifted = anAnalysis({ ...proceed, result: "Drifted", message: "The target changed." });
const anOverride = {
  by: "ann",
  step: "s1",
  parameters: { revision: "3" },
  replaced: aPlan().steps.map(({ action, target, parameters }) => ({ action, target, parameters })),
};
const otherPlan = aPlan({ steps: [aStep("s1", { action: "increase_resources", parameters: { memory: "1Gi" } })], score: 0.5 });
const rejected = (plans: Plan[], overrides?: (typeof anOverride)[]): AIAnalysis =>
  anAnalysis({ ...proceed, result: "Rejected", message: "Not now.", plans, ...(overrides === undefined ? {} : { overrides }) });
const failedAttempt = { attempts: [{ number: 1, result: "Undone: it did not help." }] };

const beforeRepair = ["Pending", "Processing", "Analyzing", "AwaitingApproval", "Blocked"] as const;
const inEachPhaseBeforeRepair = Object.fromEntries(
  beforeRepair.flatMap((phase): [string, [RequestObservation, number, object]][] => [
    [`in ${phase} a cancel ends the request`, [seen(phase, { cancel: ann }), at(1), { do: "transition", to: "Cancelled" }]],
    [
      `in ${phase} resolved alerts end the request`,
      [seen(phase, { quietAtMs: at(1) }), at(1), { to: "Completed", reason: "SelfResolved" }],
    ],
  ]),
);

const resolvedAlert = {
  alerts: { f1: { name: "KubePodCrashLooping", startsAt: stamp(-60), lastSeen: stamp(1), count: 1, resolvedAt: stamp(1) } },
};
const byPerson = (reason: string, more: Partial<Awaiting> = {}): NonNullable<RemediationRequest["status"]> => ({
  outcome: "ManualReviewRequired",
  message: "A ConfigMap was edited.",
  awaiting: {
    since: stamp(0),
    outcome: "ManualReviewRequired",
    answer: `ManualReviewRequired: ${reason}`,
    lookedAt: stamp(0),
    looks: 0,
    ...more,
  },
});
const crashes = "ReleaseCrashes of Deployment shop/web";
const edit: OutsideChange = {
  atMs: at(100),
  by: "kubectl-edit",
  object: web,
  text: "kubectl-edit changed spec.template of Deployment shop/web",
};
const leaderIn = (phase: RequestPhase, more: RemediationRequest["status"] = {}): RemediationRequest => {
  const request = aRequest({ phase, phaseStartedAt: stamp(0), ...more });
  return { ...request, metadata: { ...request.metadata, name: "rr-leader", uid: "leader" } };
};
const repaired = leaderIn("Completed", { outcome: "Remediated", completedAt: stamp(10), message: "Repaired: it runs." });
const following = { leader: "rr-leader", causeObject: web } as const;

const waitingCases: Record<string, [RequestObservation, number, object]> = {
  "what a person must decide ends where the alert is resolved already": [
    seen("Analyzing", { analysis: anAnalysis({ ...proceed, result: "ManualReviewRequired" }), status: resolvedAlert }),
    at(2),
    { do: "transition", to: "Failed", reason: "ManualReviewRequired" },
  ],
  "so it does where a person asked for the repair, without an alert": [
    {
      ...seen("Analyzing", { analysis: anAnalysis({ ...proceed, result: "ManualReviewRequired" }) }),
      request: aRequest(
        { phase: "Analyzing", phaseStartedAt: stamp(0), attempt: 1 },
        { alert: { ...aRequest().spec.alert, source: "manual" }, requestedBy: { by: "ann" } },
      ),
    },
    at(2),
    { do: "transition", to: "Failed", reason: "ManualReviewRequired" },
  ],
  "so does a cancelled request whose undo failed: its changes remain": [
    seen("Verifying", { cancel: ann, workflow: aWorkflow({ phase: "Failed", conditions: restored("ChangesRemain") }, { cancel: true }) }),
    at(2),
    { do: "transition", to: "Failed", reason: "ManualReviewRequired" },
  ],
  "so does a suggestion": [
    seen("Analyzing", { analysis: anAnalysis({ ...proceed, result: "Suggested" }), status: resolvedAlert }),
    at(2),
    { do: "transition", to: "Completed", reason: "Suggested" },
  ],
  "an answer that a person has already is marked as unchanged": [
    seen("Analyzing", {
      analysis: anAnalysis({ ...proceed, result: "ManualReviewRequired", message: "It crashes." }),
      status: byPerson(crashes),
    }),
    at(2),
    { do: "transition", to: "AwaitingPerson", message: "Unchanged: It crashes.", status: { awaiting: { since: stamp(0) } } },
  ],
  "another answer is announced": [
    seen("Analyzing", {
      analysis: anAnalysis({ ...proceed, result: "ManualReviewRequired", message: "It crashes." }),
      status: byPerson("other"),
    }),
    at(2),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", message: "It crashes." },
  ],
  "another look that takes too long leaves the request with the person": [
    seen("Processing", { processing: aProcessing(), status: byPerson(crashes) }),
    at(60),
    { do: "transition", to: "AwaitingPerson", status: { outcome: "ManualReviewRequired" } },
  ],
  "a request that awaits a person is closed by one": [
    seen("AwaitingPerson", { status: byPerson(crashes), close: { by: "ann", message: "known, fixed on Monday" } }),
    at(2),
    { do: "transition", to: "Completed", reason: "Closed", message: "Closed by ann (“known, fixed on Monday”)." },
  ],
  "or cancelled, which says what it awaited": [
    seen("AwaitingPerson", { status: byPerson(crashes), cancel: ann }),
    at(2),
    { do: "transition", to: "Cancelled", message: expect.stringContaining("It awaited a person: A ConfigMap was edited.") },
  ],
  "it ends by itself where no one has changed anything near": [
    seen("AwaitingPerson", { status: byPerson(crashes), quietAtMs: at(2), changes: [] }),
    at(2),
    { do: "transition", to: "Completed", reason: "SelfResolved", status: { outcome: "SelfResolved" } },
  ],
  "it names who has resolved it": [
    seen("AwaitingPerson", { status: byPerson(crashes), quietAtMs: at(200), changes: [edit, edit] }),
    at(200),
    {
      do: "transition",
      to: "Completed",
      reason: "ResolvedByPerson",
      message: expect.stringMatching(
        /kubectl-edit changed spec.template of Deployment shop\/web at 2030-01-01T00:01:40Z \(and 1 more change nearby\)/,
      ),
    },
  ],
  "it names the request whose repair has resolved it": [
    seen("AwaitingPerson", {
      status: byPerson(crashes),
      quietAtMs: at(2),
      repairedBy: { request: "rr-leader", object: "Deployment shop/api" },
    }),
    at(2),
    {
      do: "transition",
      to: "Completed",
      reason: "Followed",
      status: { outcome: "Remediated", leader: "rr-leader" },
      message: expect.stringContaining("rr-leader repaired Deployment shop/api"),
    },
  ],
  "a change near it leads to another look, once it has settled": [
    seen("AwaitingPerson", { status: byPerson(crashes), changes: [edit] }),
    at(160),
    {
      do: "transition",
      to: "Processing",
      first: { type: "create", child: "processing", attempt: 2 },
      status: { attempt: 2, firstAttempt: 2, outcome: undefined, awaiting: { looks: 1 } },
      message: "Analyzing again: kubectl-edit changed spec.template of Deployment shop/web.",
    },
  ],
  "until then it waits": [
    seen("AwaitingPerson", { status: byPerson(crashes), changes: [edit] }),
    at(159),
    { do: "wait", untilMs: at(160) },
  ],
  "each look makes the next one later": [
    seen("AwaitingPerson", { status: byPerson(crashes, { looks: 3 }), changes: [edit] }),
    at(160),
    { do: "wait", untilMs: at(480) },
  ],
  "a change before the last look is no news": [
    seen("AwaitingPerson", { status: byPerson(crashes, { lookedAt: stamp(101) }), changes: [edit] }),
    at(1000),
    { do: "wait", untilMs: at(14_400) },
  ],
  "nor is one where the target is well and only its alert fires": [
    seen("AwaitingPerson", { status: byPerson(crashes), changes: [edit], isWell: true }),
    at(1000),
    { do: "wait", untilMs: at(14_400) },
  ],
  "a policy that allows more leads to another look": [
    seen("AwaitingPerson", { status: byPerson(crashes), policyChange: "policy for Deployment shop/web changed from suggest to auto" }),
    at(60),
    { do: "transition", to: "Processing", message: "Analyzing again: policy for Deployment shop/web changed from suggest to auto." },
  ],
  "an object that changes all the time is not analyzed all the time": [
    seen("AwaitingPerson", { status: byPerson(crashes, { looks: maxLooks }), changes: [edit] }),
    at(10_000),
    { do: "wait", untilMs: at(14_400) },
  ],
  "after the interval of policy a reminder is recorded": [
    seen("AwaitingPerson", { status: byPerson(crashes) }),
    at(14_400),
    {
      do: "updateStatus",
      status: { awaiting: { reminders: 1, remindedAt: stamp(14_400) } },
      notice: { reason: "Reminder", message: "Reminder 1: waiting for a person for 4h. A ConfigMap was edited." },
    },
  ],
  "the next one comes as long after it": [
    seen("AwaitingPerson", { status: byPerson(crashes, { reminders: 1, remindedAt: stamp(14_400) }) }),
    at(14_401),
    { do: "wait", untilMs: at(28_800) },
  ],
  "after the last one it waits without a time": [
    seen("AwaitingPerson", { status: byPerson(crashes, { reminders: maxReminders, remindedAt: stamp(14_400) }) }),
    at(1_000_000),
    { do: "wait" },
  ],
  "an approval that expired is asked again instead": [
    seen("AwaitingPerson", { status: byPerson(crashes, { outcome: "ApprovalExpired" }) }),
    at(14_400),
    { do: "transition", to: "Processing", status: { attempt: 2, awaiting: { reminders: 1 } } },
  ],
  "attempts are counted from the last change near the target": [
    seen("Recovering", { status: { attempt: 4, firstAttempt: 4, attempts: [{ number: 4, result: "Undone." }] } }),
    at(1),
    { do: "transition", to: "Processing", message: expect.stringContaining("Attempt 2 of 3") },
  ],

  "a repair that was made before and did not last is not made again": [
    seen("Analyzing", { analysis: anAnalysis(proceed), repeat: "It was made 2 times." }),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", message: "It was made 2 times." },
  ],
  "where another request works on the root cause, this one follows": [
    seen("Analyzing", { analysis: anAnalysis(proceed), leader: leaderIn("Executing") }),
    at(1),
    {
      do: "transition",
      to: "Following",
      status: { leader: "rr-leader" },
      message: expect.stringContaining("Following rr-leader, which works on Deployment shop/web."),
    },
  ],
  "so it does where its own repair would ask": [
    seen("Analyzing", { analysis: anAnalysis({ ...proceed, phase: "AwaitingApproval" }), leader: leaderIn("AwaitingPerson") }),
    at(1),
    { do: "transition", to: "Following" },
  ],
  "so it does where both had found it at the same moment": [
    seen("AwaitingPerson", { status: { ...byPerson(crashes), causeObject: web }, leader: leaderIn("AwaitingPerson") }),
    at(1),
    { do: "transition", to: "Following", status: { leader: "rr-leader", outcome: undefined } },
  ],
  "it waits while its leader works, also where its own symptom is gone": [
    seen("Following", { status: following, leader: leaderIn("Verifying"), quietAtMs: at(1), isWell: true }),
    at(1),
    { do: "wait" },
  ],
  "a leader that follows names the leader": [
    seen("Following", { status: following, leader: leaderIn("Following", { leader: "rr-first" }) }),
    at(1),
    { do: "updateStatus", status: { leader: "rr-first" } },
  ],
  "two that would follow each other do not: this one looks itself": [
    seen("Following", { status: following, leader: leaderIn("Following", { leader: "rr-1" }) }),
    at(1),
    { do: "transition", to: "Processing" },
  ],
  "it ends with its leader's outcome and name once its own symptom is gone": [
    seen("Following", { status: following, leader: repaired, isWell: true }),
    at(20),
    {
      do: "transition",
      to: "Completed",
      reason: "Followed",
      status: { outcome: "Remediated" },
      message: "Followed rr-leader, which worked on Deployment shop/web: Repaired: it runs.",
    },
  ],
  "its resolved alerts are as good": [
    seen("Following", { status: following, leader: repaired, quietAtMs: at(20) }),
    at(20),
    { do: "transition", to: "Completed", reason: "Followed" },
  ],
  "until the symptom has had the time of a verification it waits": [
    seen("Following", { status: following, leader: repaired }),
    at(20),
    { do: "wait", untilMs: at(370) },
  ],
  "then it analyzes itself": [
    seen("Following", { status: following, leader: repaired }),
    at(370),
    { do: "transition", to: "Processing", status: { attempt: 2, leader: undefined }, message: expect.stringContaining("rr-leader ended") },
  ],
  "at once where its leader ended without a repair": [
    seen("Following", { status: following, leader: leaderIn("Cancelled", { completedAt: stamp(10) }) }),
    at(11),
    { do: "transition", to: "Processing" },
  ],
  "or was deleted": [seen("Following", { status: following }), at(11), { do: "transition", to: "Processing" }],
  "a deleted leader has no outcome to end with": [
    seen("Following", { status: following, isWell: true }),
    at(11),
    { do: "transition", to: "Completed", reason: "Followed", status: { outcome: "Followed" } },
  ],
  "a request that follows is closed like one that awaits a person": [
    seen("Following", { status: following, close: { by: "ann", message: "done" } }),
    at(11),
    { do: "transition", to: "Completed", reason: "Closed" },
  ],
  "and cancelled": [seen("Following", { status: following, cancel: ann }), at(11), { do: "transition", to: "Cancelled" }],
};

const cases: Record<string, [RequestObservation, number, object]> = {
  ...inEachPhaseBeforeRepair,
  "a context that is being read is waited for, until the deadline": [
    seen("Processing", { processing: aProcessing() }),
    at(1),
    { do: "wait", untilMs: at(60) },
  ],
  "a workflow that exists is taken up while approval is pending": [
    seen("AwaitingApproval", { analysis: anAnalysis(proceed), workflow: aWorkflow() }),
    at(1),
    { do: "transition", to: "Executing" },
  ],
  "a repair that runs is waited for, until the deadline": [
    seen("Executing", { workflow: aWorkflow({ phase: "Executing" }) }),
    at(1),
    { do: "wait", untilMs: at(1200) },
  ],
  "a verification that takes too long stops the workflow": [
    seen("Verifying", { workflow: aWorkflow({ phase: "Verifying" }) }),
    at(601),
    { do: "act", effect: { type: "cancelWorkflow" } },
  ],
  "a new request creates its first child and says nothing yet": [
    seen(undefined),
    at(0),
    { do: "act", effect: { child: "processing" }, untilMs: at(5) },
  ],
  "while the child is on its way nothing is written": [
    seen(undefined, { processing: aProcessing() }),
    at(1),
    { do: "wait", untilMs: at(5) },
  ],
  "a child that takes long is worth a word": [
    seen(undefined, { processing: aProcessing() }),
    at(5),
    { do: "transition", to: "Processing", first: { child: "processing" } },
  ],
  "on the happy path Processing is passed without a stop": [
    seen(undefined, { processing: aProcessing(processed) }),
    at(1),
    { do: "transition", to: "Analyzing", through: ["Processing"], first: { child: "analysis" } },
  ],
  "alerts of the Gateway alone are no phase": [
    { ...seen(undefined), request: aRequest({ alerts: {} }) },
    at(0),
    { do: "act", effect: { child: "processing" } },
  ],
  "a processing that is not there any more is made again": [seen("Processing"), at(1), { do: "act", effect: { child: "processing" } }],
  "a processing that failed ends the request with its reason": [
    seen("Processing", { processing: aProcessing({ phase: "Failed", message: "odd object" }) }),
    at(1),
    { do: "transition", to: "Failed", reason: "Error", status: { outcome: "Error" }, message: expect.stringContaining("odd object") },
  ],
  "a processing that does not end in a minute times out": [
    seen("Processing", { processing: aProcessing() }),
    at(60),
    { do: "transition", to: "TimedOut" },
  ],
  "what has ended counts although the deadline has passed": [
    seen("Processing", { processing: aProcessing(processed) }),
    at(100),
    { do: "transition", to: "Analyzing" },
  ],
  "a cancelled request that has begun nothing is cancelled at once": [
    seen(undefined, { cancel: ann }),
    at(0),
    { do: "transition", to: "Cancelled", message: "Cancelled by ann (“we repair it by hand”). No change of it remains in the cluster." },
  ],
  "trouble that has gone by itself is not repaired": [
    seen("Analyzing", { quietAtMs: at(5) }),
    at(5),
    { do: "transition", to: "Completed", reason: "SelfResolved", status: { outcome: "SelfResolved" } },
  ],
  "a crash loop between two crashes is not quiet yet": [
    seen("Analyzing", { analysis: anAnalysis(), quietAtMs: at(50) }),
    at(5),
    { do: "wait", untilMs: at(50) },
  ],
  "an analysis that proceeds begins the repair": [
    seen("Analyzing", { analysis: anAnalysis(proceed) }),
    at(1),
    {
      do: "transition",
      to: "Executing",
      first: { child: "workflow" },
      message: "Repairing: rollback_deployment on Deployment shop/web (revision 1).",
    },
  ],
  "an analysis that asks a person makes the request wait": [
    seen("Analyzing", { analysis: anAnalysis({ ...proceed, phase: "AwaitingApproval" }) }),
    at(1),
    { do: "transition", to: "AwaitingApproval", message: expect.stringContaining("kintsugi approve rr-1") },
  ],
  "an analysis that proceeds without a plan is an error": [
    seen("Analyzing", { analysis: anAnalysis({ phase: "Completed", result: "Proceed" }) }),
    at(1),
    { do: "transition", to: "Failed", reason: "Error", status: { outcome: "Error" } },
  ],
  "an analysis that only suggests waits for a person": [
    seen("Analyzing", { analysis: anAnalysis({ phase: "Completed", result: "Suggested", plans: [aPlan()] }) }),
    at(1),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "Suggested",
      status: { outcome: "Suggested" },
      message: expect.stringContaining("rollback_deployment"),
    },
  ],
  "a healthy target needs nothing": [
    seen("Analyzing", { analysis: anAnalysis({ phase: "Completed", result: "NothingToDo", message: "All well." }) }),
    at(1),
    { do: "transition", to: "Completed", reason: "NoActionRequired", status: { outcome: "NoActionRequired" }, message: "All well." },
  ],
  "what a person must decide waits for one, with the findings": [
    seen("Analyzing", { analysis: anAnalysis({ phase: "Completed", result: "ManualReviewRequired", message: "A ConfigMap was edited." }) }),
    at(1),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "ManualReviewRequired",
      status: { outcome: "ManualReviewRequired" },
      message: "A ConfigMap was edited.",
    },
  ],
  "after a repair that was undone it says so": [
    seen("Analyzing", {
      status: { attempt: 2, attempts: [{ number: 1, result: "It was undone.", undone: true }, { number: 2 }] },
      analysis: anAnalysis({ phase: "Completed", result: "ManualReviewRequired", message: "Nothing else is known." }, 2),
    }),
    at(1),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "RolledBack",
      status: { outcome: "RolledBack" },
      message: "It was undone. Nothing else is known.",
    },
  ],
  "a failed analysis is an error": [
    seen("Analyzing", { analysis: anAnalysis({ phase: "Failed" }) }),
    at(1),
    { do: "transition", to: "Failed", reason: "Error", status: { outcome: "Error" } },
  ],
  "an analysis that is gone is made again": [
    seen("Analyzing", { processing: aProcessing(processed) }),
    at(1),
    { do: "act", effect: { child: "analysis" } },
  ],
  "nor from a context that an older view shows unfinished: its own cache will show the end": [
    seen("Analyzing", { processing: aProcessing() }),
    at(1),
    { do: "wait", untilMs: at(600) },
  ],
  "an analysis that is gone with all that it was made of is waited for, until the deadline": [
    seen("Analyzing"),
    at(1),
    { do: "wait", untilMs: at(600) },
  ],
  "an analysis that does not end in ten minutes times out": [
    seen("Analyzing", { analysis: anAnalysis() }),
    at(600),
    { do: "transition", to: "TimedOut" },
  ],
  "a rejection seen at once needs no stop at AwaitingApproval": [
    seen("Analyzing", { analysis: anAnalysis({ ...proceed, result: "Rejected", message: "Not now." }) }),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "Rejected", status: { outcome: "Rejected" }, message: "Not now." },
  ],
  "a rejection where there is another repair leads to a new look": [
    seen("AwaitingApproval", { analysis: rejected([aPlan(), otherPlan]) }),
    at(1),
    {
      do: "transition",
      to: "Recovering",
      status: { attempts: [{ number: 1, actions: [], rejected: [{ reason: "Not now." }], result: "Not now." }] },
    },
  ],
  "a rejection seen at once, where there is another repair, passes AwaitingApproval": [
    seen("Analyzing", { analysis: rejected([aPlan(), otherPlan]) }),
    at(1),
    { do: "transition", to: "Recovering", through: ["AwaitingApproval"] },
  ],
  "another repair that may only be suggested is none": [
    seen("AwaitingApproval", { analysis: rejected([aPlan(), { ...otherPlan, autonomy: "suggest" }]) }),
    at(1),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "Rejected",
      status: { outcome: "Rejected", attempts: [{ rejected: [{ reason: "Not now." }] }] },
    },
  ],
  "what a person had wanted otherwise is no other repair": [
    seen("AwaitingApproval", {
      analysis: rejected([aPlan({ steps: [aStep("s1", { parameters: { revision: "3" } })] }), aPlan()], [anOverride]),
    }),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "Rejected", status: { outcome: "Rejected" } },
  ],
  "a rejection of the last attempt waits for a person": [
    seen("AwaitingApproval", { analysis: rejected([aPlan(), otherPlan]), status: { attempt: 3 } }),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "Rejected", status: { outcome: "Rejected" } },
  ],
  "the attempt after a rejection says so": [
    seen("Recovering", { status: { attempts: [{ number: 1, rejected: [{ steps: anOverride.replaced, reason: "Not now." }] }] } }),
    at(1),
    { do: "transition", to: "Processing", message: "Attempt 2 of 3: analyzing again, excluding repairs that people rejected." },
  ],
  "a drift seen at once passes AwaitingApproval": [
    seen("Analyzing", { analysis: drifted }),
    at(1),
    { do: "transition", to: "Recovering", through: ["AwaitingApproval"], status: { attempts: [{ actions: [] }] } },
  ],
  "a drift during approval leads to a new look": [
    seen("AwaitingApproval", { analysis: drifted }),
    at(1),
    { do: "transition", to: "Recovering", status: { attempts: [{ actions: [] }] } },
  ],
  "an expired approval is reported": [
    seen("AwaitingApproval", { analysis: anAnalysis({ ...proceed, result: "ApprovalExpired" }) }),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ApprovalExpired", status: { outcome: "ApprovalExpired" } },
  ],
  "a person's time is not counted": [
    seen("AwaitingApproval", { analysis: anAnalysis({ ...proceed, phase: "AwaitingApproval" }) }),
    at(100_000),
    { do: "wait" },
  ],
  "a plan with an override is reported with its present parameters": [
    seen("AwaitingApproval", { analysis: anAnalysis({ ...proceed, phase: "AwaitingApproval", overrides: [anOverride] }) }),
    at(1),
    { do: "updateStatus", status: { message: expect.stringContaining("kintsugi approve rr-1") } },
  ],
  "a plan that was replaced and reported already is waited for": [
    seen("AwaitingApproval", {
      analysis: anAnalysis({ ...proceed, phase: "AwaitingApproval", overrides: [anOverride] }),
      status: { message: "Awaiting approval: rollback_deployment on Deployment shop/web (revision 1) (kintsugi approve rr-1)." },
    }),
    at(1),
    { do: "wait" },
  ],
  "an approval whose analysis is gone needs a person": [
    seen("AwaitingApproval"),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", status: { outcome: "ManualReviewRequired" } },
  ],
  "a repair that is held back is blocked, with the reason": [
    seen("Analyzing", { analysis: anAnalysis(proceed), hold }),
    at(1),
    { do: "transition", to: "Blocked", status: { blockedBy: hold.why }, message: "Blocked: repairs are paused by policy." },
  ],
  "while it is held back it says why, until that is over": [
    seen("Blocked", { analysis: anAnalysis(proceed), hold: { ...hold, untilMs: at(20) } }),
    at(1),
    { do: "updateStatus", status: { blockedBy: hold.why, message: "Blocked: repairs are paused by policy." }, untilMs: at(20) },
  ],
  "a blocked request also waits for quiet": [
    seen("Blocked", { analysis: anAnalysis(proceed), hold, quietAtMs: at(10) }),
    at(1),
    { do: "updateStatus", untilMs: at(10) },
  ],
  "it goes on when nothing holds it back": [
    seen("Blocked", { analysis: anAnalysis(proceed) }),
    at(1),
    { do: "transition", to: "Executing", first: { child: "workflow" } },
  ],
  "after an hour a person has to look": [
    seen("Blocked", { analysis: anAnalysis(proceed), hold }),
    at(3600),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "ManualReviewRequired",
      status: { outcome: "ManualReviewRequired" },
      message: expect.stringContaining(hold.why),
    },
  ],
  "a blocked request without its analysis needs a person": [
    seen("Blocked"),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", status: { outcome: "ManualReviewRequired" } },
  ],
  "a workflow that exists is taken up, even though the request is cancelled": [
    seen("Analyzing", { analysis: anAnalysis(proceed), workflow: aWorkflow(), cancel: ann }),
    at(1),
    { do: "transition", to: "Executing", first: { child: "workflow" } },
  ],
  "nor does a hold stop one that has begun": [
    seen("Blocked", { analysis: anAnalysis(proceed), workflow: aWorkflow(), hold }),
    at(1),
    { do: "transition", to: "Executing" },
  ],
  "the workflow's verification is the request's": [
    seen("Executing", { workflow: aWorkflow({ phase: "Verifying" }) }),
    at(1),
    { do: "transition", to: "Verifying" },
  ],
  "a workflow that ended at once passes Verifying": [
    seen("Executing", { workflow: aWorkflow({ phase: "Completed" }) }),
    at(1),
    { do: "transition", to: "Completed", through: ["Verifying"], reason: "Remediated", status: { outcome: "Remediated" } },
  ],
  "a verified repair completes": [
    seen("Verifying", { analysis: anAnalysis(proceed), workflow: aWorkflow({ phase: "Completed", message: "Healthy for 60 s." }) }),
    at(1),
    {
      do: "transition",
      to: "Completed",
      reason: "Remediated",
      status: { outcome: "Remediated" },
      message: "Repaired: rollback_deployment on Deployment shop/web (revision 1). Healthy for 60 s.",
    },
  ],
  "a success counts although it was to be cancelled": [
    seen("Verifying", { cancel: ann, workflow: aWorkflow({ phase: "Completed" }, { cancel: true }) }),
    at(1),
    { do: "transition", to: "Completed", reason: "Remediated", status: { outcome: "Remediated" } },
  ],
  "a repair that was undone is recovered from": [
    seen("Verifying", { workflow: aWorkflow({ phase: "RolledBack", message: "Undone.", conditions: restored("Undone") }) }),
    at(1),
    { do: "transition", to: "Recovering", status: { attempts: [{ result: "Undone.", undone: true }] } },
  ],
  "one that found another world may be planned anew": [
    seen("Executing", { workflow: aWorkflow({ phase: "Failed", conditions: restored("Drifted") }) }),
    at(1),
    { do: "transition", to: "Recovering", status: { attempts: [{ actions: [] }] } },
  ],
  "one that policy stopped before its Job may be planned anew, when policy allows it again": [
    seen("Executing", { workflow: aWorkflow({ phase: "Failed", conditions: restored("Forbidden") }) }),
    at(1),
    { do: "transition", to: "Recovering", status: { attempts: [{ actions: [] }] } },
  ],
  "one that left something behind needs a person": [
    seen("Executing", { workflow: aWorkflow({ phase: "Failed", message: "The undo failed.", conditions: restored("ChangesRemain") }) }),
    at(1),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "ManualReviewRequired",
      status: { outcome: "ManualReviewRequired" },
      message: expect.stringContaining("The undo failed."),
    },
  ],
  "cancel stops the workflow first": [
    seen("Executing", { cancel: ann, workflow: aWorkflow() }),
    at(1),
    { do: "act", effect: { type: "cancelWorkflow" } },
  ],
  "and waits for it to end, without a time": [
    seen("Executing", { cancel: ann, workflow: aWorkflow({ phase: "RollingBack" }, { cancel: true }) }),
    at(1),
    { do: "wait" },
  ],
  "then it is cancelled": [
    seen("Executing", {
      cancel: ann,
      workflow: aWorkflow({ phase: "Cancelled", conditions: restored("NothingChanged") }, { cancel: true }),
    }),
    at(1),
    { do: "transition", to: "Cancelled" },
  ],
  "out of time the workflow is stopped first": [
    seen("Executing", { workflow: aWorkflow() }),
    at(1200),
    { do: "act", effect: { type: "cancelWorkflow" } },
  ],
  "then it has timed out": [
    seen("Executing", { workflow: aWorkflow({ phase: "RolledBack", conditions: restored("Undone") }, { cancel: true }) }),
    at(1201),
    { do: "transition", to: "TimedOut" },
  ],
  "a workflow that another writer cancelled in time is cancelled": [
    seen("Verifying", { workflow: aWorkflow({ phase: "RolledBack", conditions: restored("Undone") }, { cancel: true }) }),
    at(5),
    { do: "transition", to: "Cancelled" },
  ],
  "a stale analysis, from before the request was blocked, is waited for": [
    seen("Blocked", { analysis: anAnalysis({ phase: "Investigating" }), hold }),
    at(1),
    { do: "wait" },
  ],
  "a workflow that was deleted needs a person": [
    seen("Executing"),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", status: { outcome: "ManualReviewRequired" } },
  ],
  "so it does while verifying": [
    seen("Verifying"),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", status: { outcome: "ManualReviewRequired" } },
  ],
  "policy may grant verification more than its ten minutes": [
    seen("Verifying", { verificationSeconds: 4000, workflow: aWorkflow({ phase: "Verifying" }) }),
    at(700),
    { do: "wait", untilMs: at(4030) },
  ],
  "the next attempt begins with a new look": [
    seen("Recovering", { status: failedAttempt }),
    at(1),
    { do: "transition", to: "Processing", first: { child: "processing" }, message: expect.stringContaining("Attempt 2 of 3") },
  ],
  "also long after its deadline, if no controller could look before": [
    seen("Recovering", { status: failedAttempt }),
    at(10_000),
    { do: "transition", to: "Processing" },
  ],
  "a request cancelled between attempts is cancelled": [
    seen("Recovering", { cancel: ann }),
    at(1),
    { do: "transition", to: "Cancelled", through: ["Processing"] },
  ],
  "after the last attempt a person has to look": [
    seen("Recovering", { status: { ...failedAttempt, attempt: 3 } }),
    at(1),
    { do: "transition", to: "AwaitingPerson", reason: "ManualReviewRequired", status: { outcome: "ManualReviewRequired" } },
  ],
  "and reports that everything was undone": [
    seen("Recovering", { status: { attempt: 3, attempts: failedAttempt.attempts.map((each) => ({ ...each, undone: true })) } }),
    at(1),
    {
      do: "transition",
      to: "AwaitingPerson",
      reason: "RolledBack",
      status: { outcome: "RolledBack" },
      message: expect.stringContaining("it did not help"),
    },
  ],
  ...waitingCases,
};

describe("decide", () => {
  test.each(Object.entries(cases))("%s", (_name, [observed, now, expected]) => {
    expect(decide(observed, now)).toMatchObject(expected);
  });

  test("every wait without a time is in a phase that a watch ends", () => {
    for (const phase of RequestPhase.options.filter((option) => !isTerminal(requestTransitions, option)))
      for (const observed of everything(phase)) {
        const decision = decide(observed, at(1));
        if (decision.do !== "wait" || decision.untilMs !== undefined) continue;
        // People decide, a leader ends, or a workflow that was asked to stop does: all are watched.
        expect(phase === "AwaitingApproval" || phase === "Following" || observed.workflow?.spec.cancel === true).toBe(true);
      }
  });
});

testDecisionLaws<Words, RequestObservation>({
  phases,
  transitions: requestTransitions,
  phaseIn: ({ request }) => phaseOf(request),
  cases: Object.values(cases).map(([observed, now]) => [observed, now]),
  everything: RequestPhase.options.flatMap((phase) =>
    [...everything(phase)].flatMap((observed): [RequestObservation, number][] => [
      [observed, at(1)],
      [observed, at((requestDeadlineSeconds[phase] ?? 0) + 100_000)],
    ]),
  ),
});

/** Every combination of what a decision may see. */
function* everything(phase: RequestPhase = "Pending"): Generator<RequestObservation> {
  const analyses: (AIAnalysis | undefined)[] = [
    undefined,
    anAnalysis(),
    anAnalysis({ ...proceed, phase: "AwaitingApproval" }),
    anAnalysis({ phase: "Failed" }),
    ...(["Proceed", "Suggested", "NothingToDo", "ManualReviewRequired", "Rejected", "ApprovalExpired", "Drifted"] as const).map((result) =>
      anAnalysis({ ...proceed, result }),
    ),
  ];
  const ends = ["RolledBack", "Failed", "Cancelled"] as const;
  const reasons = ["Undone", "NothingChanged", "Drifted", "Forbidden", "ChangesRemain"] as const;
  const workflows: (WorkflowExecution | undefined)[] = [undefined];
  for (const cancel of [{}, { cancel: true }]) {
    for (const running of [undefined, "Executing", "Verifying", "RollingBack", "Completed"] as const)
      workflows.push(aWorkflow(running === undefined ? undefined : { phase: running }, cancel));
    for (const end of ends) for (const reason of reasons) workflows.push(aWorkflow({ phase: end, conditions: restored(reason) }, cancel));
  }
  // Only what the phase's row looks at is varied: the whole product says no more and takes long.
  const isEarly = phase === "Pending" || phase === "Processing";
  const processings = isEarly ? [undefined, aProcessing(), aProcessing(processed), aProcessing({ phase: "Failed" })] : [undefined];
  for (const processing of processings)
    for (const analysis of isEarly ? [undefined] : analyses)
      for (const workflow of workflows)
        for (const quietAtMs of [undefined, at(1)])
          for (const holding of [undefined, hold])
            for (const ended of [false, true])
              for (const attempt of phase === "Recovering" ? [1, 3] : [1])
                for (const cancel of [false, true])
                  yield {
                    ...seen(phase, { status: { attempt, ...(ended ? resolvedAlert : {}) }, ...(cancel ? { cancel: ann } : {}) }),
                    ...(processing === undefined ? {} : { processing }),
                    ...(analysis === undefined ? {} : { analysis }),
                    ...(workflow === undefined ? {} : { workflow }),
                    ...(quietAtMs === undefined ? {} : { quietAtMs }),
                    ...(holding === undefined ? {} : { hold: holding }),
                  };
}
