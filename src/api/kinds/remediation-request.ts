// RemediationRequest: one episode of one object, from the first alert to the outcome.
import * as z from "zod";
import { defineKind, isTerminal, type ResourceOf, type Transitions } from "#api/define-kind.ts";
import {
  maxAttemptNumber,
  Alert,
  message,
  objectName,
  person,
  phaseStatus,
  Reference,
  RejectedPlan,
  Reported,
  timestamp,
} from "#api/fields.ts";

export const RequestPhase = z.enum([
  "Pending",
  "Processing",
  "Analyzing",
  "AwaitingApproval",
  "Blocked",
  "Executing",
  "Verifying",
  "Recovering",
  "AwaitingPerson",
  "Following",
  "Completed",
  "Failed",
  "TimedOut",
  "Cancelled",
]);
export type RequestPhase = z.output<typeof RequestPhase>;

/**
 * Every edge of the life cycle. AwaitingApproval → Recovering: the target drifted while people decided, so a new attempt looks again.
 * AwaitingPerson → Processing: something near the target changed. AwaitingPerson → Following: two found the same
 * cause at the same moment. Following → Processing: the leader ended, and the symptom did not.
 */
export const requestTransitions: Transitions<RequestPhase> = {
  Pending: ["Processing", "Completed", "Cancelled"],
  Processing: ["Analyzing", "AwaitingPerson", "Completed", "Failed", "TimedOut", "Cancelled"],
  Analyzing: ["AwaitingApproval", "Blocked", "Executing", "AwaitingPerson", "Following", "Completed", "Failed", "TimedOut", "Cancelled"],
  AwaitingApproval: ["Blocked", "Executing", "Recovering", "AwaitingPerson", "Completed", "Failed", "Cancelled"],
  Blocked: ["Executing", "AwaitingPerson", "Completed", "Failed", "Cancelled"],
  Executing: ["Verifying", "Recovering", "AwaitingPerson", "Failed", "TimedOut", "Cancelled"],
  Verifying: ["Completed", "Recovering", "AwaitingPerson", "Failed", "TimedOut", "Cancelled"],
  Recovering: ["Processing", "AwaitingPerson", "Failed"],
  AwaitingPerson: ["Processing", "Following", "Completed", "Cancelled"],
  Following: ["Processing", "Completed", "Cancelled"],
  Completed: [],
  Failed: [],
  TimedOut: [],
  Cancelled: [],
};

/** Seconds a phase may last, counted from its start. A person's time is not counted: an approval has its own expiry. A leader's phases have deadlines. */
export const requestDeadlineSeconds: Readonly<Partial<Record<RequestPhase, number>>> = {
  Pending: 30,
  Processing: 60,
  Analyzing: 600,
  Blocked: 3600,
  Executing: 1200,
  Verifying: 600,
  Recovering: 60,
};

export const Outcome = z.enum([
  "Remediated",
  "SelfResolved",
  "ResolvedByPerson",
  "Closed",
  "NoActionRequired",
  "Suggested",
  "Followed",
  "RolledBack",
  "ManualReviewRequired",
  "Rejected",
  "ApprovalExpired",
  "Error",
]);
export type Outcome = z.output<typeof Outcome>;
export type RequestReason = RequestPhase | Outcome | "Reminder";

/** Ended, or left to a person: nothing more happens by itself. */
export const isAtRest = (phase: RequestPhase): boolean => phase === "AwaitingPerson" || isTerminal(requestTransitions, phase);

/** The phases in which Kintsugi does nothing until a person or another request has. */
export const isWaitingPhase = (phase: RequestPhase): boolean => phase === "AwaitingPerson" || phase === "Following";

export const Attempt = z.object({
  number: z.int().min(1).max(maxAttemptNumber),
  processing: objectName.optional().describe("Name of its RemediationProcessing."),
  analysis: objectName.optional().describe("Name of its AIAnalysis."),
  approval: objectName.optional().describe("Name of its AIApprovalRequest."),
  workflow: objectName.optional().describe("Name of its WorkflowExecution."),
  actions: z
    .array(z.string().max(63))
    .max(20)
    .optional()
    .describe("The actions of the attempt: a failed one is never tried again in the episode."),
  rejected: z
    .array(RejectedPlan)
    .max(10)
    .optional()
    .describe("The rejected plans: the same action with the same parameters is not proposed again in the episode."),
  result: message.optional().describe("The result of the attempt, in one sentence."),
  undone: z.boolean().optional().describe("True if the repair was applied, did not help and was undone."),
});
export type Attempt = z.output<typeof Attempt>;

/** One alert of the episode. Written by the Gateway alone. */
export const Occurrence = z.object({
  name: z.string().max(256),
  startsAt: timestamp,
  lastSeen: timestamp,
  count: z.int().min(1).describe("The number of deliveries; approximate with several replicas."),
  firings: z.int().min(1).optional().describe("How often it began to fire again after a resolution, the first time included."),
  resolvedAt: timestamp.optional(),
});
export type Occurrence = z.output<typeof Occurrence>;

export const Cancellation = z.object({
  by: person.describe("Your user name as the API server knows it; see kubectl auth whoami."),
  message: message.optional().describe("The reason."),
});
export type Cancellation = z.output<typeof Cancellation>;

export const RequestedBy = z.object({
  by: person.describe("Your user name as the API server knows it; see kubectl auth whoami."),
  message: message.optional().describe("Why."),
});

export const Closing = z.object({
  by: person.describe("Your user name as the API server knows it; see kubectl auth whoami."),
  message: message.describe("Why no more has to be done."),
});
export type Closing = z.output<typeof Closing>;

/** What a person was asked for. Kept while Kintsugi looks again, so that the same answer is not given as a new one. */
export const Awaiting = z.object({
  since: timestamp.describe("When the request first needed a person."),
  outcome: Outcome.describe("Why it needs a person."),
  answer: message.describe("Outcome and cause in short: the same answer is not announced twice."),
  lookedAt: timestamp.describe("When the last analysis began: later changes lead to another one."),
  looks: z.int().min(0).describe("How often Kintsugi has analyzed again because something near the target changed."),
  remindedAt: timestamp.optional().describe("When it was last announced again."),
  reminders: z.int().min(0).optional().describe("How often it was announced again."),
});
export type Awaiting = z.output<typeof Awaiting>;

export const RemediationRequest = defineKind({
  kind: "RemediationRequest",
  plural: "remediationrequests",
  shortName: "rr",
  description: "One episode of one object, from the first alert to the outcome.",
  spec: z.object({
    alert: Alert.describe("The first alert of the episode."),
    reported: Reported.describe("The object the alert named."),
    requestedBy: RequestedBy.optional().describe("The person who opened the request by hand; absent where an alert did."),
    target: Reference.describe("The object to repair: the root owner of the reported one."),
    unresolved: message
      .optional()
      .describe("The reason why the target is the alerted object and not its owner; absent if the owner was found."),
    cancel: Cancellation.optional().describe("Set it to stop the request: a running repair is undone first. It cannot be unset."),
    close: Closing.optional().describe("Set it to end a request that awaits a person or follows another. It cannot be unset."),
  }),
  status: z.object({
    ...phaseStatus(
      RequestPhase,
      "The progress of the episode. Each phase has a deadline; the terminal ones are Completed, Failed, TimedOut and Cancelled.",
    ),
    outcome: Outcome.optional().describe("The outcome of the episode; in AwaitingPerson, the reason why it needs a person."),
    attempt: z.int().min(1).max(maxAttemptNumber).optional().describe("The number of this attempt, from 1."),
    startedAt: timestamp.optional().describe("When work on the request began."),
    firstAttempt: z
      .int()
      .min(1)
      .max(maxAttemptNumber)
      .optional()
      .describe("The first attempt since something near the target changed; 1 by default. The limit of attempts counts from here."),
    awaiting: Awaiting.optional().describe("What a person was asked for, and since when."),
    leader: objectName.optional().describe("The request that this one follows: it works on the same root cause."),
    attempts: z.array(Attempt).max(20).optional().describe("The children of this and past attempts."),
    blockedBy: message.optional().describe("The reason why it is Blocked."),
    rootCause: message.optional().describe("The root cause in one sentence, once it is known."),
    causeObject: Reference.optional().describe("The object that the root cause names."),
    repair: message.optional().describe("The repair in one sentence, once it is chosen."),
    alerts: z
      .record(z.string().max(64), Occurrence)
      .meta({ maxProperties: 51 })
      .optional()
      .describe(
        "The alerts of this episode by fingerprint, at most 50; the rest is counted under the key other. Written by the Gateway alone.",
      ),
  }),
  mutable: ["cancel", "close"],
  columns: [
    { name: "Target", type: "string", jsonPath: ".spec.target.name" },
    { name: "In", type: "string", jsonPath: ".spec.target.namespace" },
    { name: "Alert", type: "string", jsonPath: ".spec.alert.name" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Outcome", type: "string", jsonPath: ".status.outcome" },
    { name: "Message", type: "string", jsonPath: ".status.message", priority: 1 },
    { name: "Cause", type: "string", jsonPath: ".status.rootCause", priority: 1 },
    { name: "Attempt", type: "integer", jsonPath: ".status.attempt", priority: 1 },
    { name: "Kind", type: "string", jsonPath: ".spec.target.kind", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type RemediationRequest = ResourceOf<typeof RemediationRequest>;
