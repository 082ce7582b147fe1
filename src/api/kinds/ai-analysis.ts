// AIAnalysis: from evidence to a verdict, a root cause with quotes, and ranked plans with their exact changes.
import * as z from "zod";
import { defineKind, type ResourceOf, type Transitions } from "#api/define-kind.ts";
import {
  maxAttemptNumber,
  AlertReference,
  ApprovalReference,
  Autonomy,
  Quote,
  message,
  ObjectDiff,
  objectName,
  parameters,
  phaseStatus,
  PlanOutline,
  Priority,
  Reference,
  RejectedPlan,
  Reported,
  Risk,
  sha256Hex,
  shortText,
  Step,
  Symptom,
  actionName,
} from "#api/fields.ts";
import { Context } from "#api/kinds/remediation-processing.ts";

export const AnalysisPhase = z.enum(["Pending", "Investigating", "Recommending", "AwaitingApproval", "Completed", "Failed"]);
export type AnalysisPhase = z.output<typeof AnalysisPhase>;
export const analysisTransitions: Transitions<AnalysisPhase> = {
  Pending: ["Investigating", "Failed"],
  Investigating: ["Recommending", "Completed", "Failed"],
  Recommending: ["AwaitingApproval", "Completed", "Failed"],
  AwaitingApproval: ["Completed", "Failed"],
  Completed: [],
  Failed: [],
};

export const Verdict = z.enum(["Actionable", "Healthy", "NeedsHuman", "Inconclusive"]);
export type Verdict = z.output<typeof Verdict>;

export const AnalysisResult = z.enum([
  "Proceed",
  "Suggested",
  "NothingToDo",
  "ManualReviewRequired",
  "Rejected",
  "ApprovalExpired",
  "Drifted",
]);
export type AnalysisResult = z.output<typeof AnalysisResult>;
export type AnalysisReason = AnalysisPhase | AnalysisResult | Verdict | "DeadlineExceeded" | "Overridden";

export const RootCause = z.object({
  code: z.string().max(63).describe("Which kind of fault, such as ReleaseCrashes."),
  object: Reference.describe("The object at fault."),
  summary: message.describe("The cause in one sentence."),
  chain: z.array(message).max(10).describe("From the cause to the symptom, a step a line."),
});
export type RootCause = z.output<typeof RootCause>;

export const Plan = z.object({
  steps: z.array(Step).min(1).max(20),
  changesHash: sha256Hex.describe("SHA-256 over the steps' hashes in order: an approval covers exactly these."),
  diffs: z.array(ObjectDiff).max(20),
  expected: message.describe("The expected state afterwards."),
  risk: Risk,
  reversible: z.boolean(),
  rationale: message,
  score: z.number().min(0).max(1),
  autonomy: Autonomy.describe("The autonomy that policy grants this plan."),
});
export type Plan = z.output<typeof Plan>;

/** The outcome of an override. */
export const Override = z.object({
  by: z.string().max(253),
  step: z.string().max(32),
  parameters: parameters.describe("The requested parameters."),
  reason: message.optional().describe("The reason, in the person's words."),
  replaced: PlanOutline.describe("The plan before the override."),
  refused: message.optional().describe("The reason why the plan was kept; absent if the override changed it."),
});
export type Override = z.output<typeof Override>;

/** A repair that was thought of and not offered. */
export const Refusal = z.object({ action: actionName, reason: message });
export type Refusal = z.output<typeof Refusal>;

export const AIAnalysis = defineKind({
  kind: "AIAnalysis",
  plural: "aianalyses",
  shortName: "aia",
  description: "Evidence, root cause and ranked repairs of one attempt.",
  spec: z.object({
    request: objectName.describe("The RemediationRequest."),
    attempt: z.int().min(1).max(maxAttemptNumber).describe("Which attempt of the request, from 1."),
    alert: AlertReference.describe("The first alert of the episode; the request holds the whole of it."),
    reported: Reported.describe("The object the alert named."),
    target: Reference.describe("The object to repair."),
    context: Context.describe("As RemediationProcessing found it."),
    environment: z.string().max(63).describe("The environment the target is in."),
    priority: Priority.describe("P0 is the most urgent."),
    autonomy: Autonomy.describe("The most Kintsugi may do here by itself."),
    managed: z.boolean().describe("Whether the target is opted in."),
    protections: z.array(message).max(20).describe("The rules that forbid or limit a repair."),
    pastActions: z.array(actionName).max(20).describe("Actions that failed in this episode: never offered again."),
    rejected: z.array(RejectedPlan).max(10).optional().describe("Plans that people refused in this episode: never offered again."),
  }),
  status: z.object({
    ...phaseStatus(AnalysisPhase, "How far the analysis is."),
    verdict: Verdict.optional().describe("Actionable, Healthy, NeedsHuman or Inconclusive."),
    rootCause: RootCause.optional().describe("The root cause."),
    evidence: z.array(Quote).max(30).optional().describe("Quotes that prove the cause."),
    confidence: z.number().min(0).max(1).optional().describe("From independent checks, not from self-report."),
    ruledOut: z
      .array(z.object({ code: z.string().max(63), reason: message }))
      .max(20)
      .optional()
      .describe("Other causes that were considered, and the evidence against them."),
    investigator: z
      .object({
        engine: z.enum(["rules", "holmesgpt", "agent"]),
        model: shortText.optional(),
        tokens: z.int().optional(),
        costUSD: z.number().optional(),
        ms: z.int(),
      })
      .optional()
      .describe("The author of the analysis, and its cost."),
    plans: z.array(Plan).max(5).optional().describe("Best first."),
    chosen: z.int().min(0).max(4).optional().describe("The index of the plan to execute; absent if there is none."),
    refused: z.array(Refusal).max(30).optional().describe("Repairs that were considered and refused."),
    symptom: Symptom.optional().describe("The check that proves the symptom gone."),
    approval: objectName.optional().describe("The last AIApprovalRequest of this analysis."),
    approved: ApprovalReference.optional().describe("The approval that people gave to the chosen plan."),
    overrides: z.array(Override).max(5).optional().describe("The overrides of approvers, in order; each made a new approval request."),
    result: AnalysisResult.optional().describe("The next step of the request."),
  }),
  mutable: [],
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Verdict", type: "string", jsonPath: ".status.verdict" },
    { name: "Cause", type: "string", jsonPath: ".status.rootCause.code" },
    { name: "Confidence", type: "number", jsonPath: ".status.confidence" },
    { name: "Action", type: "string", jsonPath: ".status.plans[0].steps[0].action" },
    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  ],
});
export type AIAnalysis = ResourceOf<typeof AIAnalysis>;
