// How a Job stands by its pods: who counts as succeeded, failed, active; when it is over and why; how long a failure holds back the next pod.
// From pkg/controller/job. Pure.
import { isActive, isFinished, isTerminating, phaseOf, restartsOf } from "#embedded/pod-state.ts";
import { type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const isTracked = (pod: Stored): boolean => (pod.metadata.finalizers ?? []).includes(trackingFinalizer);

const waitsForFailure = (job: Stored): boolean => at(job, "spec", "podReplacementPolicy") === "Failed";

/** One that is on its way out counts as failed, unless only failed ones are to be replaced. */
export const hasFailed = (job: Stored, pod: Stored): boolean =>
  phaseOf(pod) === "Failed" || (!waitsForFailure(job) && isTerminating(pod) && phaseOf(pod) !== "Succeeded");

export interface Tally {
  readonly active: readonly Stored[];
  readonly terminating: number;
  readonly succeeded: number;
  readonly failed: number;
  /** To be let go once they are counted. */
  readonly counted: readonly Stored[];
}

export const tallyOf = (job: Stored, pods: readonly Stored[]): Tally => {
  const fresh = pods.filter(isTracked);
  const succeeded = fresh.filter((pod) => phaseOf(pod) === "Succeeded");
  const failed = fresh.filter((pod) => hasFailed(job, pod));
  const before = (field: string): number => numberOf(at(job, "status", field)) ?? 0;
  return {
    active: pods.filter(isActive),
    terminating: pods.filter((pod) => isTerminating(pod) && !isFinished(pod)).length,
    succeeded: before("succeeded") + succeeded.length,
    failed: before("failed") + failed.length,
    counted: [...succeeded, ...failed],
  };
};

export interface Verdict {
  readonly type: "FailureTarget" | "SuccessCriteriaMet";
  readonly reason: string;
  readonly message: string;
}

const deadlineMs = (job: Stored): number | undefined => {
  const seconds = numberOf(at(job, "spec", "activeDeadlineSeconds"));
  const start = Date.parse(textOf(at(job, "status", "startTime")));
  return seconds === undefined || Number.isNaN(start) || at(job, "spec", "suspend") === true ? undefined : start + seconds * 1000;
};
export const deadlineInMs = (job: Stored, nowMs: number): number | undefined => {
  const deadline = deadlineMs(job);
  return deadline === undefined ? undefined : deadline - nowMs;
};

export const failureOf = (job: Stored, pods: readonly Stored[], tally: Tally, nowMs: number): Verdict | undefined => {
  const policy = policyFailure(job, tally.counted);
  if (policy !== undefined) return { type: "FailureTarget", reason: "PodFailurePolicy", message: policy };
  const limit = numberOf(at(job, "spec", "backoffLimit")) ?? 6;
  if (tally.failed > limit || isRestartedTooOften(job, pods, limit))
    return { type: "FailureTarget", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  const left = deadlineInMs(job, nowMs);
  if (left !== undefined && left <= 0)
    return { type: "FailureTarget", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  return undefined;
};

const isRestartedTooOften = (job: Stored, pods: readonly Stored[], limit: number): boolean => {
  if (at(job, "spec", "template", "spec", "restartPolicy") !== "OnFailure") return false;
  const restarts = pods.filter((pod) => ["Running", "Pending"].includes(phaseOf(pod))).reduce((sum, pod) => sum + restartsOf(pod), 0);
  return limit === 0 ? restarts > 0 : restarts >= limit;
};

/** Rules on exit codes that end the Job at once. */
const policyFailure = (job: Stored, failed: readonly Stored[]): string | undefined => {
  const rules = listOf(at(job, "spec", "podFailurePolicy", "rules"));
  for (const pod of failed) {
    for (const [index, rule] of rules.entries()) {
      const wanted = recordOf(at(rule, "onExitCodes"));
      const statuses = listOf(at(pod, "status", "containerStatuses"));
      const hit = statuses.find((status) => {
        const code = numberOf(at(status, "state", "terminated", "exitCode"));
        if (code === undefined || code === 0) return false;
        if (wanted["containerName"] !== undefined && wanted["containerName"] !== at(status, "name")) return false;
        return listOf(wanted["values"]).includes(code) === (wanted["operator"] === "In");
      });
      if (hit === undefined || wanted["operator"] === undefined) continue;
      const action = textOf(at(rule, "action"));
      if (action !== "FailJob") break;
      const code = String(numberOf(at(hit, "state", "terminated", "exitCode")));
      const { namespace = "", name } = pod.metadata;
      return `Container ${textOf(at(hit, "name"))} for pod ${namespace}/${name} failed with exit code ${code} matching ${action} rule at index ${index}`;
    }
  }
  return undefined;
};

const completionsOf = (job: Stored): number | undefined => numberOf(at(job, "spec", "completions"));

export const isComplete = (job: Stored, tally: Tally): boolean => {
  const completions = completionsOf(job);
  if (completions === undefined) return tally.succeeded > 0 && tally.active.length === 0;
  return tally.succeeded >= completions;
};

export const wantedActive = (job: Stored, tally: Tally): number => {
  const parallelism = numberOf(at(job, "spec", "parallelism")) ?? 1;
  const completions = completionsOf(job);
  const wanted =
    completions === undefined
      ? tally.succeeded > 0
        ? Math.min(tally.active.length, parallelism)
        : parallelism
      : Math.min(parallelism, Math.max(0, completions - tally.succeeded));
  return waitsForFailure(job) ? Math.max(0, wanted - tally.terminating) : wanted;
};

const firstBackoffMs = 10_000;
const lastBackoffMs = 600_000;

/** Ten seconds after the first failure in a row, twice as long after each more. */
export const backoffMs = (job: Stored, pods: readonly Stored[], nowMs: number): number => {
  const endOf = (pod: Stored): number => {
    const ends = listOf(at(pod, "status", "containerStatuses")).map((status) =>
      Date.parse(textOf(at(status, "state", "terminated", "finishedAt"))),
    );
    const known = ends.filter((end) => !Number.isNaN(end));
    return known.length > 0 ? Math.max(...known) : Date.parse(pod.metadata.deletionTimestamp ?? pod.metadata.creationTimestamp);
  };
  const lastSuccess = Math.max(0, ...pods.filter((pod) => phaseOf(pod) === "Succeeded").map(endOf));
  const failures = pods
    .filter((pod) => hasFailed(job, pod))
    .map(endOf)
    .filter((end) => end > lastSuccess);
  if (failures.length === 0) return 0;
  const delay = Math.min(firstBackoffMs * 2 ** (failures.length - 1), lastBackoffMs);
  return Math.max(0, Math.max(...failures) + delay - nowMs);
};
