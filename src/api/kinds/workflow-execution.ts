// WorkflowExecution: the ordered steps of one repair, the proof that the symptom is gone, and the undo where it is not.
import * as z from "zod";
import { defineKind, type ResourceOf, type Transitions } from "#api/define-kind.ts";
import {
  maxAttemptNumber,
  ApprovalReference,
  message,
  objectName,
  phaseStatus,
  Quote,
  Reference,
  Step,
  Symptom,
  timestamp,
} from "#api/fields.ts";

export const WorkflowPhase = z.enum([
  "Pending",
  "Validating",
  "Executing",
  "Verifying",
  "RollingBack",
  "Completed",
  "RolledBack",
  "Failed",
  "Cancelled",
]);
export type WorkflowPhase = z.output<typeof WorkflowPhase>;

/** The state after a repair that did not succeed. `Drifted`, `NotRun` and `Forbidden`: nothing was done, and the same action may be planned again. */
export type RestoredReason = "Undone" | "NothingChanged" | "Drifted" | "NotRun" | "Forbidden" | "ChangesRemain";
export type WorkflowReason = WorkflowPhase | RestoredReason | "SymptomGone" | "SymptomPersists";

export const workflowTransitions: Transitions<WorkflowPhase> = {
  Pending: ["Validating", "Cancelled"],
  Validating: ["Executing", "Failed", "Cancelled"],
  Executing: ["Verifying", "RollingBack", "Failed", "Cancelled"],
  Verifying: ["Completed", "RollingBack", "Failed", "Cancelled"],
  RollingBack: ["RolledBack", "Failed"],
  Completed: [],
  RolledBack: [],
  Failed: [],
  Cancelled: [],
};

export const StepStatus = z.object({
  id: z.string().max(32),
  execution: objectName.optional().describe("Name of its KubernetesExecution."),
  undo: objectName.optional().describe("Name of the KubernetesExecution that undoes it."),
  state: z.enum(["Waiting", "Running", "Completed", "Failed", "Skipped", "Undone", "UndoFailed"]),
  message: message.optional(),
});
export type StepStatus = z.output<typeof StepStatus>;

export const WorkflowExecution = defineKind({
  kind: "WorkflowExecution",
  plural: "workflowexecutions",
  shortName: "wfe",
  description: "One repair of one object. Its name is the lock on that object: wfe-<12 hex of the object>-<n>.",
  spec: z.object({
    request: objectName.describe("The RemediationRequest it belongs to."),
    attempt: z.int().min(1).max(maxAttemptNumber).describe("The attempt of the request, from 1."),
    target: Reference.describe("The object to repair."),
    steps: z.array(Step).min(1).max(20).describe("The steps, in a possible order."),
    symptom: Symptom.describe("The check that proves the symptom gone."),
    approval: ApprovalReference.optional().describe("The approval of the plan; absent if policy lets it run without one."),
    rollback: z.enum(["Automatic", "Manual", "None"]).describe("The rollback to make if the symptom stays."),
    cancel: z.boolean().optional().describe("Set by the request: undo the changes, then end."),
  }),
  status: z.object({
    ...phaseStatus(WorkflowPhase, "How far the repair is."),
    steps: z.array(StepStatus).max(20).optional().describe("The progress of each step."),
    verification: z
      .object({
        healthySince: timestamp.optional().describe("The time since which the object has been healthy without a break."),
        baseline: z.int().optional().describe("Container restarts when the window began: one more ends it."),
        alertResolvedAt: timestamp.optional(),
        result: z.enum(["Pending", "SymptomGone", "SymptomPersists"]).optional(),
        message: message.optional(),
        evidence: z.array(Quote).max(2).optional().describe("Logs of the failing containers before the undo, if the symptom persisted."),
      })
      .optional()
      .describe("Whether the symptom is gone, and for how long."),
  }),
  mutable: ["cancel"],
  columns: [
    { name: "Request", type: "string", jsonPath: ".spec.request" },
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Actions", type: "string", jsonPath: ".spec.steps[*].action" },
    { name: "Verified", type: "string", jsonPath: ".status.verification.result" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type WorkflowExecution = ResourceOf<typeof WorkflowExecution>;
