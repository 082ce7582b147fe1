// What is simulated: the alert, what people do meanwhile, what the object does with a repair, and how it has to end. One row each.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { PodFate } from "#sim/job-runner.ts";
import { type FixtureFault, fixtureFaults } from "#scenarios/faults/fixture-faults.ts";
import { cancel, crashLoop, decideApprovals, moveOnceBegun, remove, type Stage, unpause, whenIn } from "#sim/stage.ts";
import { planElsewhere, planSeveralSteps } from "#sim/several-steps.ts";

export interface Course {
  readonly name: string;
  readonly environment: "staging" | "production";
  readonly policy: RemediationPolicy["spec"];
  /** Another namespace with a Deployment in the same trouble; no alert is about it. It comes last among the stage's fixtures. */
  readonly neighbour?: { readonly namespace: string; readonly environment: string; readonly fixture: string };
  readonly replicas: 1 | 2;
  readonly fixtures: readonly string[];
  readonly fault: FixtureFault;
  /** What becomes of the n-th Job's pod, from 1; by default, each runs. */
  readonly pods?: (n: number) => PodFate;
  readonly script: (stage: Stage) => Promise<void>;
  /** `Phase/Outcome` of every request, in order of name; `gone` where it was deleted. The first is that of a run without faults. */
  readonly ends: readonly string[];
  /** Other ends that are right as well, because what happens from outside may come too late. Their objects differ, too. */
  readonly mayEnd?: readonly (readonly string[])[];
  /** The course that, without faults, is the longest that this one may become. */
  readonly atMost?: string;
  /** How often the actions' accounts change the fixtures, all in all: one of these. */
  readonly changes: readonly number[];
  /** Its executions in the order in which they have to be begun. */
  readonly begins?: readonly string[];
}

const policy: RemediationPolicy["spec"] = {
  stabilisationSeconds: 2,
  verificationSeconds: 20,
  budgets: { perNamespacePerHour: 1000, perHour: 1000 },
};

const base: Course = {
  name: "success",
  environment: "staging",
  policy,
  replicas: 1,
  fixtures: ["web"],
  fault: fixtureFaults.releaseCrashes,
  script: (stage) => stage.send(crashLoop(stage.fixtures[0]!, stage.clock.now() - 30_000)),
  ends: ["Completed/Remediated"],
  changes: [1],
};
const alertThen =
  (then: (stage: Stage) => Promise<void>): Course["script"] =>
  async (stage) => {
    await base.script(stage);
    await then(stage);
  };
const production = { environment: "production" } as const;
const untouched = { changes: [0] } as const;
const undone = { changes: [2] } as const;

const cancelled = (phase: string, more: Partial<Course> = {}): Course => ({
  ...base,
  name: `cancel-${phase.toLowerCase()}`,
  script: alertThen((stage) => whenIn(stage, phase, cancel(stage))),
  ends: ["Cancelled/"],
  mayEnd: [["Completed/Remediated"]],
  atMost: "cancel-verifying",
  changes: [0, 1, 2],
  ...more,
});

const deleted = (phase: string): Course => ({
  ...base,
  name: `deleted-${phase.toLowerCase()}`,
  script: alertThen((stage) => whenIn(stage, phase, remove(stage))),
  ends: [],
  mayEnd: [["Completed/Remediated"]],
  atMost: "success",
  changes: [0, 1],
});

export const courses: readonly Course[] = [
  base,
  {
    ...base,
    name: "two-replicas",
    replicas: 2,
  },
  { ...base, ...production, name: "approval", script: alertThen((stage) => decideApprovals(stage, "Approved", 20_000)) },
  {
    ...base,
    ...production,
    name: "two-replicas-approval",
    replicas: 2,
    // Long enough for another replica to take over, and for the one before it to come back.
    script: alertThen((stage) => decideApprovals(stage, "Approved", 75_000)),
  },
  {
    ...base,
    ...production,
    ...untouched,
    name: "rejection",
    script: alertThen((stage) => decideApprovals(stage, "Rejected", 20_000)),
    ends: ["AwaitingPerson/Rejected"],
  },
  {
    ...base,
    ...production,
    ...untouched,
    name: "expiry",
    policy: { ...policy, approvalExpirySeconds: 60 },
    ends: ["AwaitingPerson/ApprovalExpired"],
  },
  {
    ...base,
    name: "duplicate",
    script: async (stage) => {
      const alert = crashLoop(stage.fixtures[0]!, stage.clock.now() - 30_000);
      await Promise.all([stage.send(alert), stage.send(alert), stage.send(alert, { ...alert, name: "KubePodNotReady" })]);
      await stage.after(1_500);
      await stage.send(alert);
    },
  },
  {
    ...base,
    name: "storm",
    fixtures: ["web", "api", "worker"],
    script: async (stage) => {
      const deliveries = stage.fixtures.flatMap((fixture) =>
        ["KubePodCrashLooping", "KubePodNotReady", "KubeDeploymentReplicasMismatch"].map((name) => ({
          ...crashLoop(fixture, stage.clock.now() - 30_000),
          name,
        })),
      );
      await Promise.all(deliveries.map((alert) => stage.send(alert)));
    },
    ends: ["Completed/Remediated", "Completed/Remediated", "Completed/Remediated"],
    changes: [3],
  },
  {
    ...base,
    name: "retry",
    pods: (n) => (n === 1 ? "lost" : "runs"),
  },
  {
    ...base,
    name: "slow-job",
    pods: () => "slow",
  },
  {
    ...base,
    ...untouched,
    name: "action-failure",
    pods: () => "lost",
    ends: ["AwaitingPerson/ManualReviewRequired"],
  },
  {
    ...base,
    name: "several-steps",
    policy: { ...policy, maxAttempts: 1 },
    // Before the alert is answered for: its delivery may be repeated while the analysis is on its way.
    script: async (stage) => void (await Promise.all([planSeveralSteps(stage), base.script(stage)])),
    ends: ["AwaitingPerson/RolledBack"],
    changes: [4],
    begins: ["kex-s1", "kex-s2", "kex-s3", "undo-s2", "undo-s1"],
  },
  {
    ...base,
    name: "paused",
    policy: { ...policy, paused: true },
    script: alertThen((stage) => whenIn(stage, "Blocked", () => void stage.after(30_000).then(() => unpause(stage, policy)))),
  },
  {
    ...base,
    ...untouched,
    name: "moved-to-production",
    policy: { ...policy, approvalExpirySeconds: 60 },
    // After it was planned without an approval, and before its execution is checked.
    script: async (stage) => void (await Promise.all([moveOnceBegun(stage, "production"), base.script(stage)])),
    ends: ["AwaitingPerson/ApprovalExpired"],
    // Where a crash has it planned again after the move, its first plan asks already.
    mayEnd: [],
    atMost: "expiry",
  },
  {
    ...base,
    ...untouched,
    name: "other-namespace",
    policy: { ...policy, maxAttempts: 1 },
    neighbour: { namespace: "bank", environment: "production", fixture: "vault" },
    script: async (stage) => void (await Promise.all([planElsewhere(stage), base.script(stage)])),
    ends: ["AwaitingPerson/ManualReviewRequired"],
    begins: ["kex-s1"],
  },
  cancelled("Pending"),
  cancelled("Processing", { fault: fixtureFaults.incurable, mayEnd: [["AwaitingPerson/RolledBack"]], atMost: "two-attempts", ...undone }),
  cancelled("Analyzing"),
  cancelled("AwaitingApproval", production),
  {
    ...cancelled("Blocked"),
    policy: { ...policy, paused: true },
    mayEnd: [],
    ...untouched,
  },
  cancelled("Executing"),
  cancelled("Verifying"),
  cancelled("Recovering", { fault: fixtureFaults.incurable, mayEnd: [["AwaitingPerson/RolledBack"]], atMost: "two-attempts", ...undone }),
  deleted("Analyzing"),
  deleted("Executing"),
  deleted("Verifying"),
  {
    ...base,
    ...undone,
    name: "not-better",
    fault: fixtureFaults.incurable,
    policy: { ...policy, maxAttempts: 1 },
    ends: ["AwaitingPerson/RolledBack"],
  },
  { ...base, ...undone, name: "two-attempts", fault: fixtureFaults.incurable, ends: ["AwaitingPerson/RolledBack"] },
];
