// A CronJob that no longer starts its Jobs: suspended while an alert misses it, behind by too many runs, or blocked by a run that does not end.
import { CronJobs, Jobs } from "#api/kubernetes.ts";
import { patch } from "#diagnosis/kubectl.ts";
import { eventQuote, objectQuote, quote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import { isOwnedBy, referenceTo, type View } from "#diagnosis/view.ts";

/** The reasons of the controller (pkg/controller/cronjob). */
const reasons = new Set([
  "FailedNeedsStart",
  "TooManyMissedTimes",
  "MissSchedule",
  "UnparseableSchedule",
  "InvalidSchedule",
  "UnknownTimeZone",
]);
/** One refused start may be an overlap of moments; the event is counted for each. */
const blockedStarts = 2;

export const scheduleNotKept = cause({
  code: "ScheduleNotKept",
  title: "A CronJob that does not run",
  reads: "CronJobs, the events of their controller, alerts that name them, and runs that block the next one.",
  means: "It is suspended, its schedule cannot be parsed or kept, or an earlier run blocks the next.",
  needs: ["objects.CronJob", "objects.Job", "events"],
  signs: ["CronJob"],
  of: (view: View) =>
    view.all(CronJobs).flatMap((cron) => {
      const reference = referenceTo(cron);
      const { name, namespace } = reference;
      const events = view.eventsOf(reference);
      const warning = events.find(({ reason, type }) => type === "Warning" && reasons.has(reason));
      const alert = view.evidence.alerts.find(({ labels }) => labels["cronjob"] === name && labels["namespace"] === namespace);
      const blocked = events.find(({ reason, count }) => reason === "JobAlreadyActive" && count > blockedStarts);
      const active = view.all(Jobs, namespace).find((job) => (job.status?.active ?? 0) > 0 && isOwnedBy(job, cron));
      const isSuspended = cron.spec.suspend === true;
      const isBlocked = blocked !== undefined && active !== undefined;
      if (!(isSuspended && alert !== undefined) && warning === undefined && !isBlocked) return [];
      return [
        {
          ...{ cron, alert, isSuspended, events: [warning, isBlocked ? blocked : undefined].filter((each) => each !== undefined) },
          reason: isSuspended
            ? "it is suspended"
            : (warning?.message ?? `Job ${active?.metadata.name} still runs, and its concurrencyPolicy forbids another one`),
          step: isSuspended
            ? `resume it, if the suspension is a mistake: ${patch(reference, { spec: { suspend: false } })}`
            : "correct its schedule, or end the run that blocks the next one",
        },
      ];
    }),
  // A suspension is a decision.
  unless: [
    {
      is: ({ cron }) => `${nameOf(cron)} is suspended and no alert misses it`,
      holds: ({ isSuspended, alert }) => isSuspended && alert === undefined,
    },
  ],
  supports: [
    { is: "the controller reports the reason", holds: ({ events }) => events.length > 0 },
    { is: "an alert names the CronJob", holds: ({ alert }) => alert !== undefined || "unknown" },
  ],
  object: ({ cron }) => cron,
  says: "{cron} does not run: {reason}.",
  chain: "{reason} → no Job is started",
  quotes: ({ cron, alert, isSuspended, events }) => [
    objectQuote(cron, `schedule ${cron.spec.schedule}, suspend ${isSuspended}`),
    alert === undefined ? undefined : quote("alert", alert.name, Object.values(alert.annotations).join("; ") || alert.name),
    ...events.map(eventQuote),
  ],
  remedy: "Resume the CronJob, correct its schedule, or end the run that blocks the next one.",
  otherwise: "{step}",
});
