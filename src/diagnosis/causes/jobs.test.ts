import { expect, test } from "vitest";
import { jobFails } from "#diagnosis/causes/job-fails.ts";
import { scheduleNotKept } from "#diagnosis/causes/schedule-not-kept.ts";
import { answers, manualSteps, objects, warning } from "#test/evidence-sketch.ts";

const cron = (suspend = false): ReturnType<typeof objects>[0] =>
  objects(
    `{ apiVersion: batch/v1, kind: CronJob, metadata: { name: report, uid: cron }, spec: { schedule: "0 * * * *", suspend: ${suspend}, jobTemplate: { spec: { template: { spec: { containers: [{ name: report }] } } } } } }`,
  )[0]!;
const job = (name: string, created: string, condition: string): ReturnType<typeof objects>[0] =>
  objects(
    `{ apiVersion: batch/v1, kind: Job, metadata: { name: ${name}, creationTimestamp: "${created}", ownerReferences: [{ apiVersion: batch/v1, kind: CronJob, name: report, uid: cron, controller: true }] }, spec: { template: { spec: { containers: [{ name: report }] } } }, status: { conditions: [{ type: ${condition}, status: "True", reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit }] } }`,
  )[0]!;

test("a run that gave up is a finding about its CronJob, and a person's", () => {
  expect(answers(jobFails, { objects: [cron(), job("report-1", "2027-03-01T13:00:00Z", "Failed")] })).toEqual([
    "JobFails CronJob report → person",
  ]);
});

test("a run that completed is none", () => {
  expect(answers(jobFails, { objects: [cron(), job("report-1", "2027-03-01T13:00:00Z", "Complete")] })).toEqual([]);
});

test("a later run that completed contradicts it: it is over", () => {
  const runs = [job("report-1", "2027-03-01T12:00:00Z", "Failed"), job("report-2", "2027-03-01T13:00:00Z", "Complete")];
  expect(answers(jobFails, { objects: [cron(), ...runs] })).toEqual([]);
});

const missed = {
  name: "CronJobNotRunning",
  fingerprint: "f",
  severity: "warning" as const,
  startsAt: "2027-03-01T13:50:00Z",
  source: "prometheus" as const,
  labels: { namespace: "shop", cronjob: "report" },
  annotations: {},
};

test("a CronJob that is suspended and missed: the manual step resumes it", () => {
  const given = { objects: [cron(true)], alerts: [missed] };
  expect(answers(scheduleNotKept, given)).toEqual(["ScheduleNotKept CronJob report → person"]);
  expect(manualSteps(scheduleNotKept, given)).toEqual([
    `resume it, if the suspension is a mistake: kubectl -n shop patch cronjob report --type=merge -p '{"spec":{"suspend":false}}'`,
  ]);
});

test("one that missed too many starts is a person's", () => {
  const events = [
    warning(
      cron(),
      "TooManyMissedTimes",
      "too many missed start times: 101. Set or decrease .spec.startingDeadlineSeconds or check clock skew",
    ),
  ];
  expect(answers(scheduleNotKept, { objects: [cron()], events })).toEqual(["ScheduleNotKept CronJob report → person"]);
});

test("one whose runs fail keeps its schedule", () => {
  expect(answers(scheduleNotKept, { objects: [cron(), job("report-1", "2027-03-01T13:00:00Z", "Failed")] })).toEqual([]);
});

test("one that is suspended and not missed was set aside on purpose", () => {
  expect(answers(scheduleNotKept, { objects: [cron(true)] })).toEqual([]);
});
