// A Job that failed: too many of its pods failed, or its deadline passed. The template of its CronJob has to change.
import { conditionOf } from "#api/conditions.ts";
import { CronJobs, type Job, Jobs } from "#api/kubernetes.ts";
import { failureQuote, failureText, logQuotes } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const hasEnded = (job: Job): boolean => ["Complete", "Failed"].some((type) => conditionOf(job, type)?.status === "True");

const createdAt = ({ metadata }: Job): number => fromTimestamp(metadata.creationTimestamp) ?? 0;

const deadlineText = (job: Job, reason: string | undefined): string => {
  const seconds = (job as { spec?: { activeDeadlineSeconds?: number } }).spec?.activeDeadlineSeconds;
  return reason === "DeadlineExceeded" && seconds !== undefined ? ` after ${seconds} s` : "";
};

export const jobFails = cause({
  code: "JobFails",
  title: "A Job that failed",
  reads: "Jobs with the condition Failed, their pods, and later runs of the same CronJob.",
  means: "Its pods failed more often than backoffLimit allows, or it took longer than activeDeadlineSeconds.",
  needs: ["objects.Job", "objects.CronJob", "objects.Pod"],
  signs: ["Job Failed=True"],
  of: (view: View) =>
    view.all(Jobs).flatMap((job) => {
      const failed = conditionOf(job, "Failed");
      if (failed?.status !== "True") return [];
      const owner = job.metadata.ownerReferences?.find(({ kind }) => kind === "CronJob");
      const root = (owner === undefined ? undefined : view.get(CronJobs, job.metadata.namespace, owner.name)) ?? job;
      const later = view
        .all(Jobs, job.metadata.namespace)
        .filter((each) => each.metadata.ownerReferences?.some(({ uid }) => uid === owner?.uid) ?? false)
        .find((each) => createdAt(each) > createdAt(job) && hasEnded(each));
      const workload = view.workload(referenceTo(root));
      const failures = workload === undefined ? [] : failuresOf(view, workload).filter(({ pod }) => pod.owner === job.metadata.name);
      const deaths = failures.slice(0, 1).map((each) => `container ${each.container.name} ${failureText(each)}`);
      return [
        {
          ...{ job, root, later, workload, failures, deaths },
          reason: failed.reason ?? "Failed",
          message: failed.message ?? "the Job failed",
          detail: `${deadlineText(job, failed.reason)}${deaths.map((death) => `: ${death}`).join("")}`,
        },
      ];
    }),
  unless: [
    {
      is: ({ later, root }) => `${later === undefined ? "a later run" : nameOf(later)} of ${nameOf(root)} has ended`,
      holds: ({ later }) => later !== undefined,
    },
  ],
  supports: [
    { is: "the condition names the limit", holds: ({ reason }) => reason === "BackoffLimitExceeded" || reason === "DeadlineExceeded" },
    { is: "a failed pod of it still exists", holds: ({ failures }) => failures.length > 0 },
  ],
  object: ({ root }) => root,
  says: "{job} failed ({reason}){detail}.",
  chain: "{deaths} → {message}",
  quotes: ({ job, reason, message, workload, failures }, view) => [
    objectQuote(job, `Failed, ${reason}: ${message}`),
    ...(workload === undefined
      ? []
      : [...failures.slice(0, 2).map((each) => failureQuote(workload, each)), ...logQuotes(view, workload, failures, 2)]),
  ],
  explains: ({ job }) => [job],
  otherwise: "check the completed work of the Job, then correct its template and run it again",
});
