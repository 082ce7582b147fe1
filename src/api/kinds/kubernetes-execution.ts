// KubernetesExecution: one action, run once, by one Job under the action's own account, with what is needed to undo it.
import * as z from "zod";
import { defineKind, type ResourceOf, type Transitions } from "#api/define-kind.ts";
import {
  actionName,
  ApprovalReference,
  BlastRadius,
  canonicalJsonText,
  message,
  ObjectDiff,
  objectName,
  parameters,
  Permission,
  phaseStatus,
  Reference,
  sealedText,
  sha256Hex,
} from "#api/fields.ts";

export const ExecutionPhase = z.enum(["Pending", "Validating", "Executing", "Verifying", "Completed", "Failed", "Cancelled"]);
export type ExecutionPhase = z.output<typeof ExecutionPhase>;
export const executionTransitions: Transitions<ExecutionPhase> = {
  Pending: ["Validating", "Cancelled"],
  Validating: ["Executing", "Completed", "Failed", "Cancelled"],
  Executing: ["Verifying", "Completed", "Failed"],
  Verifying: ["Completed", "Failed"],
  Completed: [],
  Failed: [],
  Cancelled: [],
};

export const ExecutionResult = z.enum(["Applied", "AlreadyApplied", "NotNeeded"]);
export const ExecutionFailure = z.enum([
  "Refused",
  "Forbidden",
  "Drifted",
  "DryRunRejected",
  "JobLost",
  "JobFailed",
  "VerificationFailed",
  "UndoGuardFailed",
  "TooLarge",
  "TimedOut",
  "Unreadable",
]);
export type ExecutionFailure = z.output<typeof ExecutionFailure>;
export type ExecutionReason = ExecutionPhase | ExecutionFailure;

export const KubernetesExecution = defineKind({
  kind: "KubernetesExecution",
  plural: "kubernetesexecutions",
  shortName: "kex",
  description: "One action on one object: planned again, compared, dry-run, recorded, run as a Job, verified.",
  spec: z.object({
    request: objectName.describe("The RemediationRequest."),
    workflow: objectName.describe("The WorkflowExecution."),
    step: z.string().min(1).max(32).describe("Id of the step."),
    action: actionName.describe("An action of the catalogue."),
    target: Reference.describe("The object to repair."),
    parameters: parameters.describe("Frozen at analysis."),
    changesHash: sha256Hex.describe("The approved hash: the changes planned now must have the same."),
    undoes: objectName.optional().describe("The KubernetesExecution whose stored inverse this one applies."),
    timeoutSeconds: z.int().min(10).max(3600).default(300).describe("How long it may take."),
    permission: Permission.optional().describe("The decision of policy when the step was planned; it is checked again before the Job."),
    approval: ApprovalReference.optional().describe("The approval of the plan; absent where policy let it run without one."),
    cancel: z.boolean().optional().describe("Set by the workflow; honoured until the Job exists, which is never interrupted."),
  }),
  status: z.object({
    ...phaseStatus(ExecutionPhase, "How far the action is."),
    changes: sealedText.optional().describe("The changes, as canonical JSON, sealed. The SHA-256 of the JSON is changesHash."),
    inverse: sealedText.optional().describe("The changes that undo them, sealed; [] where there are none, or the word irreversible."),
    inverseHash: sha256Hex.optional().describe("SHA-256 of the inverse as canonical JSON."),
    priorState: canonicalJsonText.optional().describe("The prior state of the objects, without secrets."),
    diffs: z.array(ObjectDiff).max(20).optional().describe("The changes as people read them."),
    blast: BlastRadius.optional().describe("What the change affects, as checked."),
    permission: Permission.optional().describe("What policy said when the change was checked: the decision under which the Job runs."),
    dryRun: z
      .object({ accepted: z.boolean(), message: message.optional() })
      .optional()
      .describe("The answer of the API server to the dry run of the changes."),
    job: z
      .object({ name: objectName, uid: z.string().max(64) })
      .optional()
      .describe("The Job that makes the changes."),
    result: ExecutionResult.optional().describe("The result of the Job: applied now, or already in place."),
    failure: ExecutionFailure.optional().describe("Why it failed."),
    changed: z.boolean().optional().describe("Whether anything in the cluster was changed: decides whether there is something to undo."),
  }),
  mutable: ["cancel"],
  columns: [
    { name: "Action", type: "string", jsonPath: ".spec.action" },
    { name: "Target", type: "string", jsonPath: ".spec.target.name" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Result", type: "string", jsonPath: ".status.result" },
    { name: "Undoes", type: "string", jsonPath: ".spec.undoes", priority: 1 },
    { name: "Message", type: "string", jsonPath: ".status.message", priority: 1 },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type KubernetesExecution = ResourceOf<typeof KubernetesExecution>;
