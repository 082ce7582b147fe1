// The timeline of a request. Pure; only times that are in the objects, no guesses.
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { referenceText } from "#api/object.ts";
import { type AttemptObjects, attemptsOf, type StoryObjects } from "#story/objects.ts";
import { approversText } from "#story/words.ts";
import { listed } from "#lib/words.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface Moment {
  /** RFC 3339 */
  readonly at: string;
  /** Whole seconds since the creation of the request; negative before it. */
  readonly offsetSeconds: number;
  readonly what: string;
}

interface Entry {
  readonly at: string | undefined;
  readonly what: string;
}

/**
 * Guarantees: ordered by time. Within one second the order of cause and effect holds, because the API server's own times have no fractions
 * and ours do: by the bare numbers an object could precede its cause.
 */
export const timelineOf = (objects: StoryObjects): readonly Moment[] => {
  const { request } = objects;
  const start = wholeSeconds(fromTimestamp(request.metadata.creationTimestamp) ?? 0);
  const entries = [...openingOf(request), ...attemptsOf(objects).flatMap(attemptMoments), ...closingOf(request)];
  return entries
    .flatMap(({ at, what }, rank) => {
      const ms = fromTimestamp(at);
      return ms === undefined || at === undefined ? [] : [{ at, seconds: wholeSeconds(ms), rank, what }];
    })
    .toSorted((a, b) => a.seconds - b.seconds || a.rank - b.rank)
    .map(({ at, seconds, what }) => ({ at, offsetSeconds: seconds - start, what }));
};

const wholeSeconds = (ms: number): number => Math.floor(ms / 1000);

const openingOf = (request: RemediationRequest): readonly Entry[] => [
  ...alertsOf(request).map((alert) => ({ at: alert.startsAt, what: `Alert ${alert.name} started` })),
  {
    at: request.metadata.creationTimestamp,
    what: `Alert received; opened ${request.metadata.name} for ${referenceText(request.spec.target)}`,
  },
];

const alertsOf = (request: RemediationRequest): readonly { name: string; startsAt: string; resolvedAt?: string | undefined }[] => {
  const known = Object.values(request.status?.alerts ?? {});
  return known.length === 0 ? [request.spec.alert] : known;
};

const closingOf = (request: RemediationRequest): readonly Entry[] => {
  const { phase, outcome, completedAt } = request.status ?? {};
  return [
    ...alertsOf(request).map((alert) => ({ at: alert.resolvedAt, what: `Alert ${alert.name} resolved` })),
    { at: completedAt, what: `Ended: ${phase}${outcome === undefined ? "" : ` (${outcome})`}` },
  ];
};

const attemptMoments = (attempt: AttemptObjects): readonly Entry[] => {
  const { processing, analysis, approval, workflow, executions } = attempt;
  const again = attempt.number > 1 ? `Attempt ${attempt.number}: ` : "";
  const status = analysis?.status;
  // While it waits for approval the analysis is not complete: the cause was known when the approval request was created.
  const knownAt = approval?.metadata.creationTimestamp ?? status?.completedAt;
  return [
    { at: processing?.status?.completedAt, what: `${again}Context collected` },
    {
      at: status?.verdict === undefined ? undefined : knownAt,
      what: `${again}${status?.rootCause === undefined ? `Verdict: ${status?.verdict}` : `Cause found: ${status.rootCause.code}`}`,
    },
    {
      at: approval?.metadata.creationTimestamp,
      what: `Approval requested from ${approversText(approval?.spec.approvers ?? [])}`,
    },
    { at: approval?.status?.completedAt, what: approvalEnd(attempt) },
    {
      at: workflow?.metadata.creationTimestamp,
      what: `Repair started: ${listed(workflow?.spec.steps.map((step) => step.action) ?? [])}`,
    },
    ...executions.map((execution) => ({
      at: execution.status?.completedAt,
      what: `${execution.spec.undoes === undefined ? "" : "Undo of "}${execution.spec.action} on ${referenceText(execution.spec.target)}: ${
        execution.status?.result ?? execution.status?.failure ?? execution.status?.phase
      }`,
    })),
    {
      at: workflow?.status?.verification?.healthySince,
      what: `${referenceText(workflow?.spec.symptom.object ?? noTarget)} healthy again`,
    },
    { at: workflow?.status?.completedAt, what: workflowEnd(attempt) },
  ];
};

const noTarget = { kind: "The", name: "target" };

const approvalEnd = ({ approval }: AttemptObjects): string => {
  const phase = approval?.status?.phase;
  const people = approval?.spec.decisions.filter((each) => each.decision === phase).map((each) => each.by) ?? [];
  if (phase === "Expired") return "Approval expired without a decision";
  if (phase === "Void") return "Approval void: the target changed while it waited";
  return people.length === 0 ? `${phase}` : `${phase} by ${listed(people)}`;
};

const workflowEnd = ({ workflow }: AttemptObjects): string => {
  switch (workflow?.status?.phase) {
    case "Completed":
      return "Verified: the symptom is gone";
    case "RolledBack":
      return "Repair undone";
    default:
      return `Repair ended: ${workflow?.status?.phase}`;
  }
};
