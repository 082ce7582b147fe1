// From a request to the objects it creates: names derived, snapshots self-contained. Pure; creates nothing itself.
import { targetHash } from "#api/target-hash.ts";
import type { AlertReference, ApprovalReference, RejectedPlan, Step } from "#api/fields.ts";
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { API_VERSION } from "#api/define-kind.ts";
import { REQUEST_LABEL, TARGET_LABEL } from "#api/labels.ts";
import { outlineOf, sameOutline } from "#api/plan-outline.ts";
import type { NewMeta, NewObject, ObjectReference } from "#api/object.ts";
import { ownedBy } from "#kube/ensure.ts";
import { childName } from "#lib/names.ts";
import { pastActions, rejectedPlans } from "#policy/episode.ts";

export const processingName = (request: string, attempt: number): string => childName(request, `a${attempt}`, "rp");
export const analysisName = (request: string, attempt: number): string => childName(request, `a${attempt}`, "aia");

export const workflowName = (repaired: ObjectReference, number: number): string => `wfe-${targetHash(repaired)}-${number}`;

/** The n of `wfe-<hash>-<n>`; 0 where the name is of another form. */
export const workflowNumber = (name: string): number => Number(/^wfe-[0-9a-f]{12}-(\d{1,9})$/.exec(name)?.[1] ?? 0);

/** The plan that is to be executed, where there is one. */
export const chosenPlan = (analysis: AIAnalysis | undefined): Plan | undefined => {
  const chosen = analysis?.status?.chosen;
  return chosen === undefined ? undefined : analysis?.status?.plans?.[chosen];
};

/** The object a repair locks. A pod is replaced, not repaired: there it is the workload that must have one repair at a time. */
export const repairedObject = (request: RemediationRequest, plan: Plan): ObjectReference => {
  const target = plan.steps[0]?.target;
  if (target === undefined) return request.spec.target;
  // Its workload is known if it is the alerted one; a pod of another namespace never represents the alerted object.
  return target.kind === "Pod" && target.namespace === request.spec.target.namespace ? request.spec.target : target;
};

/** What a no to this analysis' question says no to: the plan, and what a person had wanted otherwise before. */
export const refusedBy = (analysis: AIAnalysis | undefined, reason: string): RejectedPlan[] => {
  const plan = chosenPlan(analysis);
  const before = (analysis?.status?.overrides ?? []).filter(({ refused }) => refused === undefined).map(({ replaced }) => replaced);
  return [...(plan === undefined ? [] : [outlineOf(plan)]), ...before].map((steps) => ({ steps, reason }));
};

/** Whether there is another plan that may be carried out. */
export const hasAlternative = (analysis: AIAnalysis): boolean => {
  const refused = refusedBy(analysis, "");
  return (analysis.status?.plans ?? []).some(
    (plan) =>
      (plan.autonomy === "auto" || plan.autonomy === "approve") && !refused.some(({ steps }) => sameOutline(steps, outlineOf(plan))),
  );
};

export const processingOf = (request: RemediationRequest, attempt: number): NewObject<RemediationProcessing> => ({
  apiVersion: API_VERSION,
  kind: "RemediationProcessing",
  metadata: childMeta(request, processingName(request.metadata.name, attempt)),
  spec: {
    request: request.metadata.name,
    attempt,
    alert: alertReference(request),
    reported: request.spec.reported,
    target: request.spec.target,
  },
});

/** Labels and annotations may be as large as everything else together: the request keeps the only copy. */
const alertReference = ({ spec }: RemediationRequest): AlertReference => {
  const { name, fingerprint, severity, startsAt } = spec.alert;
  return { name, fingerprint, severity, startsAt };
};

/** Absent while the processing has not found all that an analysis needs. */
export const analysisOf = (
  request: RemediationRequest,
  attempt: number,
  processing: RemediationProcessing,
): NewObject<AIAnalysis> | undefined => {
  const { context, environment, priority, autonomy, managed, protections } = processing.status ?? {};
  if (!context || !environment || !priority || !autonomy || managed === undefined) return undefined;
  const { reported, target } = request.spec;
  const rejected = rejectedPlans(request, attempt);
  return {
    apiVersion: API_VERSION,
    kind: "AIAnalysis",
    metadata: childMeta(request, analysisName(request.metadata.name, attempt)),
    spec: {
      request: request.metadata.name,
      attempt,
      alert: alertReference(request),
      reported,
      target,
      context,
      environment: environment.value,
      priority,
      autonomy,
      managed,
      protections: protections ?? [],
      pastActions: pastActions(request, attempt),
      ...(rejected.length === 0 ? {} : { rejected }),
    },
  };
};

export interface WorkflowParts {
  readonly attempt: number;
  readonly plan: Plan;
  readonly symptom: NonNullable<NonNullable<AIAnalysis["status"]>["symptom"]>;
  readonly approval?: ApprovalReference | undefined;
  readonly number: number;
}

export const workflowOf = (request: RemediationRequest, parts: WorkflowParts): NewObject<WorkflowExecution> => {
  const { attempt, plan, symptom, approval, number } = parts;
  const repaired = repairedObject(request, plan);
  const metadata = childMeta(request, workflowName(repaired, number));
  return {
    apiVersion: API_VERSION,
    kind: "WorkflowExecution",
    metadata: { ...metadata, labels: { ...metadata.labels, [TARGET_LABEL]: targetHash(repaired) } },
    spec: {
      request: request.metadata.name,
      attempt,
      target: repaired,
      steps: plan.steps,
      symptom,
      ...(approval === undefined ? {} : { approval }),
      rollback: plan.reversible ? "Automatic" : "None",
    },
  };
};

const childMeta = (request: RemediationRequest, name: string): NewMeta => ({
  name,
  namespace: request.metadata.namespace,
  labels: { [REQUEST_LABEL]: request.metadata.name },
  ownerReferences: [ownedBy(request)],
});

/** A step in a few words, as `kubectl get` and the story show it. */
export const stepText = ({ action, target, parameters }: Step): string => {
  const where = target.namespace === undefined ? target.name : `${target.namespace}/${target.name}`;
  const details = Object.entries(parameters).filter(([name]) => name !== "reason");
  const how = details.length === 0 ? "" : ` (${details.map(([name, value]) => `${name} ${value}`).join(", ")})`;
  return `${action} on ${target.kind} ${where}${how}`;
};

export const planText = (plan: Pick<Plan, "steps">): string => plan.steps.map(stepText).join(", then ");
