// Jobs: one pod after the other until enough have succeeded or too many have failed, as pkg/controller/job.
import { type Job, Jobs, type ObjectCondition, type Pod, Pods } from "#api/kubernetes.ts";
import { keyOf } from "#api/object.ts";
import { type ControlPlane, controllerAccount } from "#embedded/controllers/control-plane.ts";
import { aboutOf, createPod, deletePod, isActive, isReady, isTerminating, ownersOf } from "#embedded/controllers/owned-pods.ts";
import { conditionOf, writeStatus } from "#embedded/controllers/status.ts";
import { type Controller, type Next, until } from "#kube/controller.ts";
import { toTimestamp } from "#lib/clock.ts";

interface End {
  readonly type: "Complete" | "Failed";
  readonly reason: "CompletionsReached" | "BackoffLimitExceeded" | "DeadlineExceeded";
  readonly message: string;
}
const completed: End = { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };
const failedTooOften: End = { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
const tookTooLong: End = { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };

/** Doubled after each failure. */
const firstRetryMs = 10_000;

type Status = NonNullable<Job["status"]> & { readonly startTime?: string };

export const jobController = (plane: ControlPlane): Controller => {
  const jobs = plane.storeOf(Jobs);
  const pods = plane.storeOf(Pods);
  const component = "job-controller";
  const self = plane.actAs(controllerAccount(component));

  const end = async (job: Job, owned: readonly Pod[], verdict: End): Promise<Next> => {
    for (const pod of owned.filter(isActive)) await deletePod(self, job, pod);
    await writeStatus(self.kube, Jobs, job, endedStatus(job, owned, verdict, toTimestamp(plane.clock.now())));
    const isSuccess = verdict.type === "Complete";
    const event = isSuccess ? { reason: "Completed", message: "Job completed" } : { reason: verdict.reason, message: verdict.message };
    self.events.record({ about: aboutOf(job), type: isSuccess ? "Normal" : "Warning", ...event });
    return "rest";
  };

  return {
    name: component,
    concurrency: 1,
    watches: [
      { store: jobs, keysOf: (job) => [keyOf(job)] },
      { store: pods, keysOf: ownersOf("Job") },
    ],
    reconcile: async (key) => {
      const job = jobs.get(key);
      if (job === undefined || isTerminating(job) || isOver(job)) return "rest";
      const nowMs = plane.clock.now();
      const owned = pods.index("owner", job.metadata.uid);
      const startTime = (job.status as Status | undefined)?.startTime ?? toTimestamp(nowMs);
      const verdict = endOfJob(job, owned, startTime, nowMs);
      if (verdict !== undefined) return end(job, owned, verdict);
      await writeStatus(self.kube, Jobs, job, { ...countsOf(owned), startTime });
      const retryMs = retryAtMs(owned);
      if (!owned.some(isActive) && retryMs <= nowMs) await createPod(self, job, job.spec.template);
      const next = [retryMs, deadlineMs(job, startTime)].filter((atMs) => atMs > nowMs && Number.isFinite(atMs));
      return until(next.length === 0 ? undefined : Math.min(...next), nowMs);
    },
  };
};

const isOver = ({ status }: Job): boolean =>
  ["Complete", "Failed"].some((type) => conditionOf(status?.conditions, type)?.status === "True");

const countOf = (pods: readonly Pod[], phase: "Succeeded" | "Failed"): number =>
  pods.filter(({ status }) => status?.phase === phase).length;

const deadlineMs = ({ spec }: Job, startTime: string): number =>
  spec.activeDeadlineSeconds === undefined ? Number.POSITIVE_INFINITY : Date.parse(startTime) + spec.activeDeadlineSeconds * 1000;

const endOfJob = (job: Job, owned: readonly Pod[], startTime: string, nowMs: number): End | undefined => {
  if (countOf(owned, "Succeeded") > 0) return completed;
  if (countOf(owned, "Failed") > (job.spec.backoffLimit ?? 6)) return failedTooOften;
  return nowMs >= deadlineMs(job, startTime) ? tookTooLong : undefined;
};

const retryAtMs = (owned: readonly Pod[]): number => {
  const ends = owned.flatMap(({ status }) =>
    status?.phase === "Failed" ? (status.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? "")) : [],
  );
  const failures = countOf(owned, "Failed");
  return failures === 0 ? 0 : Math.max(0, ...ends.filter((end) => !Number.isNaN(end))) + firstRetryMs * 2 ** (failures - 1);
};

const countsOf = (owned: readonly Pod[]): object => {
  const counts = { active: owned.filter(isActive).length, succeeded: countOf(owned, "Succeeded"), failed: countOf(owned, "Failed") };
  return {
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ready: owned.filter((pod) => isActive(pod) && isReady(pod)).length,
    terminating: 0,
    uncountedTerminatedPods: {},
  };
};

/** Pods that are deleted now count as failed. */
const endedStatus = (job: Job, owned: readonly Pod[], { type, reason, message }: End, now: string): object => {
  const isSuccess = type === "Complete";
  const condition = (name: string): ObjectCondition & { readonly lastProbeTime: string } => ({
    ...{ type: name, status: "True", reason, message, lastProbeTime: now, lastTransitionTime: now },
  });
  const failed = countOf(owned, "Failed") + owned.filter(isActive).length;
  return {
    startTime: now,
    ...job.status,
    ...countsOf(owned.filter((pod) => !isActive(pod))),
    active: undefined,
    ...(failed === 0 ? {} : { failed }),
    conditions: [condition(isSuccess ? "SuccessCriteriaMet" : "FailureTarget"), condition(type)],
    ...(isSuccess ? { completionTime: now } : {}),
  };
};
