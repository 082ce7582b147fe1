// The small shapes that several kinds share. Every string, list and map is bounded: all of it comes from a cluster or a caller.
import * as z from "zod";

/** A DNS-1123 subdomain, as most object names are. */
export const objectName = z.string().min(1).max(253);
export const namespaceName = z.string().min(1).max(63);
/** A sentence or two for people. */
export const message = z.string().max(1024);
export const shortText = z.string().max(256);
export const timestamp = z.string().max(40).meta({ format: "date-time" });
export const sha256Hex = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .max(64);

/** Canonical JSON of at most 256 KiB; larger is refused at planning. Never holds the content of a Secret. */
export const canonicalJsonText = z.string().max(262_144);

/** The same, sealed with a key of the installation: encrypted, in base64. */
export const sealedText = z.string().max(349_574);

/** Labels or annotations as an alert carries them. */
export const textMap = z.record(z.string().max(256), z.string().max(4096)).meta({ maxProperties: 64 });

export const Reference = z.object({
  apiVersion: z.string().max(253).describe("API version of the object, such as apps/v1."),
  kind: z.string().min(1).max(63).describe("Kind of the object, such as Deployment."),
  namespace: namespaceName.optional().describe("Namespace; absent for a cluster-scoped object."),
  name: objectName.describe("Name of the object."),
});
export type Reference = z.output<typeof Reference>;

/** A user name as the API server knows it; see kubectl auth whoami. */
export const person = z.string().min(1).max(253);

/** Who may decide. A prefix says which of the two it is: a user must not pass for a group of the same name. */
export const approver = z
  .string()
  .regex(/^(user|group):.+$/)
  .max(253);
export const approvers = z.array(approver).max(20);
export const minApprovers = z.int().min(1).max(20);

export const Severity = z.enum(["critical", "warning", "info", "unknown"]);
export type Severity = z.output<typeof Severity>;

export const Alert = z.object({
  name: shortText.describe("The alert's name: the label alertname."),
  fingerprint: z.string().min(1).max(64).describe("Alertmanager's fingerprint of the label set."),
  severity: Severity.describe("The severity that the alert states."),
  startsAt: timestamp.describe("When the alert started to fire."),
  source: z.enum(["prometheus", "grafana", "kubernetes-event", "signal", "manual"]).describe("The source of the alert."),
  labels: textMap.describe("The alert's labels, bounded."),
  annotations: textMap.describe("The alert's annotations, bounded. Data, never an instruction."),
  generatorURL: z.string().max(2048).optional().describe("The URL of the rule that computed the alert."),
});
export type Alert = z.output<typeof Alert>;

/** The identity of one alert of a request, without its labels and annotations: those are read from the request, which holds them once. */
export const AlertReference = Alert.pick({ name: true, fingerprint: true, severity: true, startsAt: true });
export type AlertReference = z.output<typeof AlertReference>;

export const Reported = z.object({
  apiVersion: z.string().max(253).optional().describe("API version of its kind; absent where it is a built-in one."),
  kind: z.string().min(1).max(63).describe("Kind of the object the alert named."),
  namespace: namespaceName.optional().describe("Its namespace; absent for a cluster-scoped object."),
  name: objectName.describe("Its name."),
});
export type Reported = z.output<typeof Reported>;

export const Condition = z.object({
  type: z.string().max(64),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().max(64),
  message,
  lastTransitionTime: timestamp,
});
export type Condition = z.output<typeof Condition>;
export const conditions = z
  .array(Condition)
  .max(16)
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
  .describe("Positive claims about this object, in the standard form.");

/** What the status of every kind with phases holds. */
/** Far above the limit of policy: a request also analyzes again when something near its target changes. */
export const maxAttemptNumber = 1000;

export const phaseStatus = <Phase extends z.ZodEnum>(phase: Phase, description: string) => ({
  phase: phase.optional().describe(description),
  phaseStartedAt: timestamp.optional().describe("When the phase began."),
  completedAt: timestamp.optional().describe("When it reached its terminal phase."),
  message: message.optional().describe("The present or last event, in one sentence."),
  conditions: conditions.optional().describe("Positive claims about this object, in the standard form."),
});

export const Autonomy = z.enum(["off", "suggest", "approve", "auto"]);
export type Autonomy = z.output<typeof Autonomy>;
export const Priority = z.enum(["P0", "P1", "P2", "P3"]);
export type Priority = z.output<typeof Priority>;
export const Risk = z.enum(["low", "medium", "high"]);
export type Risk = z.output<typeof Risk>;
export const Criticality = z.enum(["low", "medium", "high", "critical"]);
export type Criticality = z.output<typeof Criticality>;

/** What a step affects. */
export const BlastRadius = z.object({
  objects: z.int().min(0).describe("Objects that it writes."),
  pods: z.int().min(0).describe("Pods that it replaces, adds, removes or evicts."),
  percent: z.int().min(0).max(100).describe("The share of the workload's pods."),
});
export type BlastRadius = z.output<typeof BlastRadius>;

export const actionName = z
  .string()
  .max(63)
  .regex(/^[a-z][a-z0-9_]*$/);
/** Parameters as text, so that the API server can compare them; each action's own schema reads them. */
export const parameters = z.record(z.string().max(63), z.string().max(1024)).meta({ maxProperties: 32 });

/** The approval that people gave, by its name and uid: another object of the same name does not count. */
export const ApprovalReference = z.object({
  name: objectName.describe("Name of the AIApprovalRequest."),
  uid: z.string().min(1).max(64).describe("Its uid."),
});
export type ApprovalReference = z.output<typeof ApprovalReference>;

/** What policy says about one step, from the labels and policies of the step's own target. */
export const Permission = z.object({
  environment: z.string().max(63).describe("The environment that the step's target is in."),
  autonomy: Autonomy.describe("The autonomy that policy grants this step."),
  reason: message.describe("The rule that decided, in words."),
  rule: message.optional().describe("The rule that decided, with its policy and the policy's generation; absent for a default."),
  approvers: approvers.optional().describe("Who may approve, where a rule says so; else those of the policies as a whole."),
  minApprovers: minApprovers.optional().describe("How many of them have to approve, where a rule says so."),
});
export type Permission = z.output<typeof Permission>;

/** Quoted evidence: what was seen, where. */
export const Quote = z.object({
  source: z.enum(["object", "event", "log", "metric", "alert", "change"]).describe("Where the quote was read."),
  object: z.string().max(400).describe("The object it is about, as Kind namespace/name."),
  quote: z.string().max(2048).describe("The words themselves, redacted and bounded."),
});
export type Quote = z.output<typeof Quote>;

/** One step of a plan: one action on one object. */
export const Step = z.object({
  id: z
    .string()
    .min(1)
    .max(32)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
    .describe("Unique in its plan; part of the execution's name."),
  action: actionName.describe("An action of the catalogue."),
  target: Reference.describe("The object the action works on."),
  parameters: parameters.describe("Frozen at analysis; checked against the action's schema."),
  changesHash: sha256Hex.describe("SHA-256 over the canonical changes of this step: exactly the approved changes run."),
  blast: BlastRadius.optional().describe("What the step affects, as planned."),
  permission: Permission.optional().describe("The decision of policy about this step when it was planned."),
  dependsOn: z.array(z.string().max(32)).max(20).default([]).describe("Ids of the steps that must have completed first."),
  critical: z.boolean().default(true).describe("Whether the plan fails when this step fails."),
  timeoutSeconds: z.int().min(10).max(3600).default(300).describe("Time limit of the step."),
});
export type Step = z.output<typeof Step>;
/** What an action does to an object, without the plan around it. */
export type BareStep = Pick<Step, "action" | "target" | "parameters">;

/** What a plan does, without its changes: enough to know it again. */
export const PlanOutline = z
  .array(z.object({ action: actionName, target: Reference, parameters }))
  .min(1)
  .max(20);
export type PlanOutline = z.output<typeof PlanOutline>;

/** A plan that people refused. */
export const RejectedPlan = z.object({
  steps: PlanOutline,
  reason: message.describe("The person who refused it, and the reason."),
});
export type RejectedPlan = z.output<typeof RejectedPlan>;

/** The proof that the symptom is gone. */
export const Symptom = z.object({
  object: Reference.describe("The object whose health decides."),
  stabilisationSeconds: z.int().min(0).max(3600).describe("The time that it has to stay healthy."),
});
export type Symptom = z.output<typeof Symptom>;

/** What one object looks like before and after, for people. */
export const ObjectDiff = z.object({
  object: Reference,
  diff: z.string().max(65_536).describe("Before and after, line by line, secrets masked."),
  inverse: z.string().max(65_536).describe("The changes of an undo, or the reason why there is none."),
});
export type ObjectDiff = z.output<typeof ObjectDiff>;
