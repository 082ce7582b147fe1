// AIApprovalRequest: the exact change a person is asked to allow. People write `spec.decisions` and nothing else.
import * as z from "zod";
import { defineKind, type ResourceOf, type Transitions } from "#api/define-kind.ts";
import {
  approver,
  message,
  ObjectDiff,
  objectName,
  parameters,
  person,
  phaseStatus,
  Risk,
  sealedText,
  sha256Hex,
  Step,
  timestamp,
} from "#api/fields.ts";

export const ApprovalPhase = z.enum(["Pending", "Approved", "Rejected", "Overridden", "Expired", "Void"]);
export type ApprovalPhase = z.output<typeof ApprovalPhase>;
export type ApprovalReason = ApprovalPhase | "ApprovalRequested";
export const approvalTransitions: Transitions<ApprovalPhase> = {
  Pending: ["Approved", "Rejected", "Overridden", "Expired", "Void"],
  Approved: [],
  Rejected: [],
  Overridden: [],
  Expired: [],
  Void: [],
};

/** Other values for the parameters of one step: they make another plan, which has to be approved anew. */
export const Override = z.object({
  step: z.string().min(1).max(32).describe("Id of the step in spec.steps."),
  parameters: parameters.describe(
    "The values wanted; the other parameters stay as they are. The action's own schema and policy decide whether they are allowed.",
  ),
});
export type Override = z.output<typeof Override>;

export const Decision = z.object({
  by: person.describe("Your user name as the API server knows it; see kubectl auth whoami."),
  decision: z
    .enum(["Approved", "Rejected", "Overridden"])
    .describe("Overridden approves nothing: it asks for the same repair with other parameters, in a new approval request."),
  override: Override.optional().describe("Only with the decision Overridden."),
  via: z.string().max(63).optional().describe("The client that wrote it, such as kintsugi or kubectl."),
  message: message.optional().describe("Why."),
});
export type Decision = z.output<typeof Decision>;

export const AIApprovalRequest = defineKind({
  kind: "AIApprovalRequest",
  plural: "aiapprovalrequests",
  shortName: "aiar",
  description: "A repair that waits for approval: the exact change, the reason for the approval, and the decisions.",
  spec: z.object({
    request: objectName.describe("The RemediationRequest."),
    analysis: objectName.describe("The AIAnalysis."),
    summary: message.describe("The fault and the repair, in one sentence."),
    steps: z.array(Step).min(1).max(20).describe("The plan, in order."),
    diffs: z.array(ObjectDiff).max(20).describe("The changes, and the changes of an undo."),
    changes: sealedText.describe("The changes as canonical JSON, with the guards that must still hold, sealed. People read diffs."),
    changesHash: sha256Hex.describe("SHA-256 of the ordered steps: an approval covers exactly these."),
    risk: Risk.describe("The risk of the repair."),
    reversible: z.boolean().describe("Whether it can be undone."),
    reason: message.describe("The reason why a person has to decide."),
    expiresAt: timestamp.describe("The time when the approval request expires."),
    checkedBy: z
      .string()
      .max(256)
      .optional()
      .describe("The version of the admission policy that checks the decisions. Under another version, a new approval request is opened."),
    approvers: z
      .array(approver)
      .min(1)
      .max(20)
      .describe("The approvers: user:<name> or group:<name>. A ServiceAccount may decide only if it is listed as a user."),
    minApprovers: z.int().min(1).max(20).default(1).describe("The number of people who have to approve."),
    decisions: z
      .array(Decision)
      .max(20)
      .default([])
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["by"] })
      .describe("One entry a person, in their own name, append-only."),
  }),
  status: z.object({
    ...phaseStatus(
      ApprovalPhase,
      "Pending until it is decided, replaced by a request with other parameters, expired, or void because the target changed.",
    ),
    override: Override.extend({ by: person, message: message.optional() })
      .optional()
      .describe("The override, if the decision was Overridden."),
  }),
  mutable: ["decisions"],
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Summary", type: "string", jsonPath: ".spec.summary" },
    { name: "Risk", type: "string", jsonPath: ".spec.risk" },
    { name: "Expires", type: "string", jsonPath: ".spec.expiresAt" },
    { name: "Decided-By", type: "string", jsonPath: ".spec.decisions[*].by" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type AIApprovalRequest = ResourceOf<typeof AIApprovalRequest>;
