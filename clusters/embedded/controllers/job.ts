// Jobs: pods until enough have succeeded or too many failed, as pkg/controller/job. A pod is held by a finalizer until it is counted.
import type { Again, Client, Controller } from "#embedded/controllers/controller.ts";
import { conditionOf, conditionsOf, isTrue, replaced } from "#embedded/conditions.ts";
import { inDeletionOrder } from "#embedded/controllers/deletion-order.ts";
import {
  type Verdict,
  backoffMs,
  deadlineInMs,
  failureOf,
  isComplete,
  isTracked,
  tallyOf,
  trackingFinalizer,
  wantedActive,
} from "#embedded/controllers/job-status.ts";
import { claimed, controllerOf, ownersAffected, podFrom } from "#embedded/controllers/ownership.ts";
import { isActive, isFinished, isReady, isTerminating } from "#embedded/pod-state.ts";
import { createPod, deletePod } from "#embedded/controllers/replica-set.ts";
import { type JsonRecord, type Stored, at, numberOf, recordOf, textOf, withValue, withoutFinalizer, withoutNulls } from "#embedded/json.ts";
import { builtIn, podsOf, storageKeyOf } from "#embedded/resources.ts";
import type { ApiError } from "#embedded/status.ts";
import { refusalOf } from "#embedded/system-client.ts";

const jobs = builtIn("batch/v1", "Job");

export const isOver = (job: Stored): boolean => isTrue(job, "Complete") || isTrue(job, "Failed");
const isSuspended = (job: Stored): boolean => at(job, "spec", "suspend") === true;

export const jobController = (client: Client): Controller => ({
  resource: jobs,
  affected: (change) => (change.storageKey === storageKeyOf(podsOf) ? ownersAffected(client, jobs, change) : []),
  sync: (job, again) => {
    if (isOver(job)) {
      letGo(client, owned(client, job));
      removeInTime(client, job, again);
    } else if (isTerminating(job)) letGo(client, owned(client, job));
    else sync(client, job, again);
  },
  gone: ({ namespace, name }) => {
    const orphans = client.list(podsOf, namespace).filter((pod) => controllerOf(pod)?.kind === "Job" && controllerOf(pod)?.name === name);
    letGo(client, orphans);
  },
});

const owned = (client: Client, job: Stored): readonly Stored[] => claimed(client, job, podsOf);

const letGo = (client: Client, pods: readonly Stored[]): void => {
  for (const pod of pods) if (isTracked(pod)) client.update(pod, (old) => withoutFinalizer(old, trackingFinalizer));
};

const removeInTime = (client: Client, job: Stored, again: Again): void => {
  const seconds = numberOf(at(job, "spec", "ttlSecondsAfterFinished"));
  if (seconds === undefined || isTerminating(job)) return;
  const end = conditionsOf(job).find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
  const left = Date.parse(textOf(end?.["lastTransitionTime"])) + seconds * 1000 - client.world.clock.now();
  if (left > 0) again(left);
  else client.remove(job, { propagationPolicy: "Foreground" });
};

const sync = (client: Client, given: Stored, again: Again): void => {
  const now = client.world.clock.now();
  const isStarting = !isSuspended(given) && at(given, "status", "startTime") === undefined;
  const job = isStarting ? (withValue(given, ["status", "startTime"], client.world.timestamp()) as unknown as Stored) : given;
  const before = owned(client, job);
  const verdict = verdictBefore(job) ?? failureOf(job, before, tallyOf(job, before), now);

  let refusal: ApiError | undefined;
  if (verdict === undefined) refusal = manage(client, job, before, again);
  else for (const pod of before.filter(isActive)) deletePod(client, job, pod);

  const pods = owned(client, job);
  const tally = tallyOf(job, pods);
  const reached = verdict ?? (refusal === undefined && isComplete(job, tally) ? completed : undefined);
  if (reached?.type === "SuccessCriteriaMet") for (const pod of tally.active) deletePod(client, job, pod);
  const conditions = withSuspension(client, job, withVerdict(client, job, reached));
  const active = reached === undefined ? tally.active : [];
  const status = {
    ...recordOf(job["status"]),
    ...(conditions.length === 0 ? {} : { conditions }),
    active: active.length === 0 ? undefined : active.length,
    succeeded: tally.succeeded === 0 ? undefined : tally.succeeded,
    failed: tally.failed === 0 ? undefined : tally.failed,
    ready: active.filter(isReady).length,
    terminating: pods.filter((pod) => isTerminating(pod) && !isFinished(pod)).length,
    uncountedTerminatedPods: {},
  };
  const written = client.setStatus(given, recordOf(withoutNulls(status)));
  letGo(client, tally.counted);
  // A Job is over only when the last of its pods is.
  if (reached !== undefined && status.terminating === 0) finish(client, written, reached);
  const left = deadlineInMs(job, now);
  if (left !== undefined && left > 0 && reached === undefined) again(left);
  if (refusal !== undefined) throw refusal;
};

const completed: Verdict = {
  type: "SuccessCriteriaMet",
  reason: "CompletionsReached",
  message: "Reached expected number of succeeded pods",
};

const verdictBefore = (job: Stored): Verdict | undefined => {
  for (const type of ["FailureTarget", "SuccessCriteriaMet"] as const) {
    const condition = conditionOf(conditionsOf(job), type);
    if (condition?.["status"] === "True") return { type, reason: textOf(condition["reason"]), message: textOf(condition["message"]) };
  }
  return undefined;
};

const stamped = (client: Client, type: string, status: string, reason: string, message: string): JsonRecord => ({
  type,
  status,
  lastProbeTime: client.world.timestamp(),
  lastTransitionTime: client.world.timestamp(),
  reason,
  message,
});

const withVerdict = (client: Client, job: Stored, verdict: Verdict | undefined): readonly JsonRecord[] => {
  const old = conditionsOf(job);
  if (verdict === undefined || conditionOf(old, verdict.type) !== undefined) return old;
  return [...old, stamped(client, verdict.type, "True", verdict.reason, verdict.message)];
};

const withSuspension = (client: Client, job: Stored, old: readonly JsonRecord[]): readonly JsonRecord[] => {
  const said = conditionOf(old, "Suspended")?.["status"] === "True";
  if (said === isSuspended(job)) return old;
  const [status, reason, message] = said ? ["False", "JobResumed", "Job resumed"] : ["True", "JobSuspended", "Job suspended"];
  client.tell(job, "Normal", said ? "Resumed" : "Suspended", message);
  return replaced(old, stamped(client, "Suspended", status, reason, message));
};

const finish = (client: Client, job: Stored, { type, reason, message }: Verdict): void => {
  const isSuccess = type === "SuccessCriteriaMet";
  const conditions = [...conditionsOf(job), stamped(client, isSuccess ? "Complete" : "Failed", "True", reason, message)];
  client.setStatus(job, {
    ...recordOf(job["status"]),
    conditions,
    ...(isSuccess ? { completionTime: client.world.timestamp() } : {}),
  });
  if (isSuccess) client.tell(job, "Normal", "Completed", "Job completed");
  else client.tell(job, "Warning", reason, message);
};

/** Makes and removes pods; the refusal that it met. */
const manage = (client: Client, job: Stored, pods: readonly Stored[], again: Again): ApiError | undefined => {
  const now = client.world.clock.now();
  const tally = tallyOf(job, pods);
  const wanted = isSuspended(job) ? 0 : wantedActive(job, tally);
  const missing = wanted - tally.active.length;
  if (missing < 0) {
    const order = inDeletionOrder(tally.active, tally.active, now);
    for (const pod of order.slice(0, -missing)) deletePod(client, job, pod);
  }
  if (missing <= 0) return undefined;
  const wait = backoffMs(job, pods, now);
  if (wait > 0) {
    again(wait);
    return undefined;
  }
  return refusalOf(() => {
    for (let made = 0; made < missing; made += 1) createPod(client, job, podOf(job));
  });
};

const podOf = (job: Stored): JsonRecord =>
  podFrom(job, at(job, "spec", "template"), { generateName: `${job.metadata.name}-`, finalizers: [trackingFinalizer] });
