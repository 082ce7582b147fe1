// A CronJob that no longer starts its Jobs: suspended with an alert about it, behind by too many runs, or held by a run that never ends.
import { CronJobs, Jobs, type CronJob } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { patch } from "#diagnosis/kubectl.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

const code = "ScheduleNotKept";
/** The controller's own reasons (pkg/controller/cronjob). */
const reasons = new Set([
  "FailedNeedsStart",
  "TooManyMissedTimes",
  "MissSchedule",
  "UnparseableSchedule",
  "InvalidSchedule",
  "UnknownTimeZone",
]);

export const scheduleNotKept: Cause = {
  code,
  title: "A CronJob that does not run",
  reads: "CronJobs, the controller's events about them, alerts that name them, and runs that hold up the next.",
  means: "It is suspended, its schedule cannot be read or kept, or an earlier run forbids the next.",
  remedy: "Resume the CronJob, correct its schedule, or end the run that holds up the next.",
  find: (view) => view.all(CronJobs).map((cron) => find(view, cron)),
};

const find = (view: View, cron: CronJob): Assessment => {
  const reference = referenceTo(cron);
  const event = view.eventsOf(reference).find(({ reason, type }) => type === "Warning" && reasons.has(reason));
  const alert = view.evidence.alerts.find(
    ({ labels }) => labels["cronjob"] === reference.name && labels["namespace"] === reference.namespace,
  );
  const suspended = cron.spec.suspend === true && alert !== undefined;
  const held = view.eventsOf(reference).find(({ reason }) => reason === "JobAlreadyActive");
  const active = view
    .all(Jobs, reference.namespace)
    .find(({ metadata, status }) => (status?.active ?? 0) > 0 && metadata.ownerReferences?.some(({ uid }) => uid === cron.metadata.uid));
  const holds = held !== undefined && active !== undefined && held.count > 2;
  const why = suspended
    ? "it is suspended"
    : event !== undefined
      ? event.message
      : holds
        ? `Job ${active.metadata.name} still runs and no other may beside it`
        : "";
  return assess(
    code,
    {
      required: [{ claim: `${referenceText(reference)} does not start its runs`, holds: suspended || event !== undefined || holds }],
      // To suspend is a decision: nobody misses it unless an alert says so.
      against: [{ claim: "it is suspended and nothing says that it is missed", holds: cron.spec.suspend === true && alert === undefined }],
      supporting: [{ claim: "the controller says why", holds: event !== undefined || holds, weight: 1 }],
    },
    () => ({
      object: reference,
      summary: `${referenceText(reference)} does not run: ${why}.`.slice(0, 1024),
      chain: [why.slice(0, 512), "no Job is started"],
      quotes: [
        objectQuote(reference, `schedule ${cron.spec.schedule}, suspend ${cron.spec.suspend === true}`),
        ...(suspended ? [quote("alert", alert.name, Object.values(alert.annotations).join("; ") || alert.name)] : []),
        ...[event, holds ? held : undefined].flatMap((each) => (each === undefined ? [] : [eventQuote(each)])),
      ],
      facts: factsOf(cron, suspended),
    }),
  );
};

const factsOf = (cron: CronJob, isSuspended: boolean): Facts =>
  isSuspended
    ? person(`resume it, if the suspension is a mistake: ${patch(referenceTo(cron), { spec: { suspend: false } })}`)
    : person("correct its schedule, or end the run that holds up the next");
