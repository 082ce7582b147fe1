// CronJobs: a Job at each time of the schedule, unless Forbid and one still runs; pkg/controller/cronjob. Time zones other than UTC are not known.
import type { Again, Client, Controller } from "#embedded/controllers/controller.ts";
import { type Schedule, parseSchedule } from "#embedded/controllers/cron-schedule.ts";
import { conditionOf, conditionsOf } from "#embedded/conditions.ts";
import { isOver } from "#embedded/controllers/job.ts";
import { controllerReference, isControlledBy, ownersAffected } from "#embedded/controllers/ownership.ts";
import { isTerminating } from "#embedded/pod-state.ts";
import { type JsonRecord, type Stored, at, listOf, recordOf, textOf } from "#embedded/json.ts";
import { builtIn, storageKeyOf } from "#embedded/resources.ts";
import { ApiError } from "#embedded/status.ts";
import { toTimestamp } from "#lib/clock.ts";

const cronJobs = builtIn("batch/v1", "CronJob");
const jobs = builtIn("batch/v1", "Job");

export const cronJobController = (client: Client): Controller => ({
  resource: cronJobs,
  affected: (change) =>
    change.storageKey === storageKeyOf(jobs)
      ? ownersAffected(client, cronJobs, change).filter((place) => client.find(cronJobs, place.namespace, place.name) !== undefined)
      : [],
  sync: (cron, again) => {
    if (isTerminating(cron)) return;
    const mine = client.list(jobs, cron.metadata.namespace).filter((job) => isControlledBy(job, cron));
    const status = settled(client, cron, mine);
    client.setStatus(cron, { ...status, ...run(client, cron, status, mine, again) });
  },
});

const schedule = (client: Client, cron: Stored): Schedule | undefined => {
  const text = textOf(at(cron, "spec", "schedule"));
  const found = parseSchedule(text);
  if (found === undefined) client.tell(cron, "Warning", "UnparseableSchedule", `unparseable schedule: ${text}`);
  return found;
};

const referenceOf = ({ apiVersion, kind, metadata }: Stored): JsonRecord => ({
  kind,
  namespace: metadata.namespace,
  name: metadata.name,
  uid: metadata.uid,
  apiVersion,
  resourceVersion: metadata.resourceVersion,
});

/** Jobs that have ended since the last look are told of and struck off. */
const settled = (client: Client, cron: Stored, mine: readonly Stored[]): JsonRecord => {
  let status = recordOf(cron["status"]);
  const active = listOf(status["active"]).filter((reference) => {
    const job = mine.find(({ metadata }) => metadata.uid === at(reference, "uid"));
    if (job !== undefined && !isOver(job)) return true;
    if (job !== undefined) {
      const type = conditionOf(conditionsOf(job), "Complete")?.["status"] === "True" ? "Complete" : "Failed";
      client.tell(cron, "Normal", "SawCompletedJob", `Saw completed job: ${job.metadata.name}, condition: ${type}`);
      if (type === "Complete") status = { ...status, lastSuccessfulTime: at(job, "status", "completionTime") };
    }
    return false;
  });
  const { active: _active, ...rest } = status;
  return { ...rest, ...(active.length === 0 ? {} : { active }) };
};

/** What it changes of the status. */
const run = (client: Client, cron: Stored, status: JsonRecord, mine: readonly Stored[], again: Again): JsonRecord => {
  const now = client.world.clock.now();
  const plan = at(cron, "spec", "suspend") === true ? undefined : schedule(client, cron);
  if (plan === undefined) return {};
  const next = plan.next(now);
  if (next !== undefined) again(next - now + 100);
  const due = lastDue(plan, cron, status, now);
  if (due === undefined) return {};
  const name = `${cron.metadata.name}-${Math.floor(due / 60_000)}`;
  if (mine.some(({ metadata }) => metadata.name === name)) return {};
  const active = listOf(status["active"]);
  if (at(cron, "spec", "concurrencyPolicy") === "Forbid" && active.length > 0) {
    client.tell(cron, "Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
    return {};
  }
  try {
    const job = client.create(jobs, cron.metadata.namespace, jobFrom(cron, name, due));
    client.tell(cron, "Normal", "SuccessfulCreate", `Created job ${name}`);
    return { active: [...active, referenceOf(job)], lastScheduleTime: toTimestamp(due) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    client.tell(cron, "Warning", "FailedCreate", `Error creating job: ${error.message}`);
    throw error;
  }
};

const jobFrom = (cron: Stored, name: string, dueMs: number): JsonRecord => {
  const template = at(cron, "spec", "jobTemplate");
  const { labels, annotations } = recordOf(at(template, "metadata"));
  return {
    metadata: {
      name,
      ...(labels === undefined ? {} : { labels }),
      annotations: { ...recordOf(annotations), "batch.kubernetes.io/cronjob-scheduled-timestamp": toTimestamp(dueMs) },
      ownerReferences: [controllerReference(cron)],
    },
    spec: at(template, "spec"),
  };
};

/** The last time that has passed since it ran last, or since it is there. */
const lastDue = (plan: Schedule, cron: Stored, status: JsonRecord, now: number): number | undefined => {
  const since = Date.parse(textOf(status["lastScheduleTime"]) || cron.metadata.creationTimestamp);
  let due: number | undefined;
  for (let time = plan.next(since); time !== undefined && time <= now; time = plan.next(time)) due = time;
  return due;
};
