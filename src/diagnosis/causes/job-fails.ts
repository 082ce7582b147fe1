// A Job that gave up: too many failed pods, or its deadline passed. The template of its CronJob is what has to change.
import { CronJobs, Jobs, type Job } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { failureQuote, failureText, logQuotes } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import type { Assessment } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "JobFails";

export const jobFails: Cause = {
  code,
  title: "A Job that failed",
  reads: "Jobs with the condition Failed, their pods, and later runs of the same CronJob.",
  means: "Its pods failed more often than backoffLimit allows, or it took longer than activeDeadlineSeconds.",
  remedy: "Check what the Job has already done, then correct its template and run it again.",
  find: (view) => view.all(Jobs).map((job) => find(view, job)),
};

const find = (view: View, job: Job): Assessment => {
  const reference = referenceTo(job);
  const failed = job.status?.conditions?.find(({ type, status }) => type === "Failed" && status === "True");
  const owner = job.metadata.ownerReferences?.find(({ kind }) => kind === "CronJob");
  const cron = owner === undefined ? undefined : view.get(CronJobs, job.metadata.namespace, owner.name);
  const root = cron === undefined ? reference : referenceTo(cron);
  const siblings = view
    .all(Jobs, job.metadata.namespace)
    .filter((each) => each.metadata.ownerReferences?.some(({ uid }) => uid === owner?.uid) ?? false);
  const born = fromTimestamp(job.metadata.creationTimestamp) ?? 0;
  const later = siblings.find(
    (each) => (fromTimestamp(each.metadata.creationTimestamp) ?? 0) > born && (isComplete(each) || isFailed(each)),
  );
  const workload = view.workload(root);
  const inside = workload === undefined ? undefined : view.inside(workload);
  const failures = inside === undefined ? [] : failuresOf(inside).filter(({ pod }) => pod.owner === job.metadata.name);
  return assess(
    code,
    {
      required: [{ claim: `${referenceText(reference)} failed`, holds: failed !== undefined }],
      against: [{ claim: "a later run of the same CronJob has ended", holds: later !== undefined }],
      supporting: [
        { claim: "it says why", holds: failed?.reason === "BackoffLimitExceeded" || failed?.reason === "DeadlineExceeded", weight: 1 },
        { claim: "a failed pod of it is still there", holds: failures.length > 0, weight: 1 },
      ],
    },
    () => ({
      object: root,
      summary: `${referenceText(reference)} failed (${failed?.reason ?? "Failed"})${failures[0] === undefined ? "" : `: container ${failures[0].container.name} ${failureText(failures[0])}`}.`,
      chain: [
        ...failures.slice(0, 1).map((each) => `container ${each.container.name} ${failureText(each)}`),
        failed?.message ?? "the Job failed",
      ],
      quotes: [
        objectQuote(reference, `Failed, ${failed?.reason ?? ""}: ${failed?.message ?? ""}`),
        ...(inside === undefined
          ? []
          : [...failures.slice(0, 2).map((each) => failureQuote(inside, each)), ...logQuotes(inside, failures, 2)]),
      ],
      explains: [reference, root],
      facts: person("check what the Job has already done, then correct its template and run it again"),
    }),
  );
};

const isComplete = (job: Job): boolean =>
  job.status?.conditions?.some(({ type, status }) => type === "Complete" && status === "True") ?? false;
const isFailed = (job: Job): boolean => job.status?.conditions?.some(({ type, status }) => type === "Failed" && status === "True") ?? false;
