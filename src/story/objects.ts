// The objects of one request, sorted into its attempts. Pure; tolerates missing and deleted objects.
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";

export interface StoryObjects {
  readonly request: RemediationRequest;
  readonly processings: readonly RemediationProcessing[];
  readonly analyses: readonly AIAnalysis[];
  readonly approvals: readonly AIApprovalRequest[];
  readonly workflows: readonly WorkflowExecution[];
  readonly executions: readonly KubernetesExecution[];
}

/** The objects of one attempt; absent while not created yet, and once deleted. */
export interface AttemptObjects {
  readonly number: number;
  readonly result?: string | undefined;
  readonly processing?: RemediationProcessing | undefined;
  readonly analysis?: AIAnalysis | undefined;
  /** The last one; the analysis keeps the overrides of those before it. */
  readonly approval?: AIApprovalRequest | undefined;
  readonly workflow?: WorkflowExecution | undefined;
  /** Of the steps, then of their undo. */
  readonly executions: readonly KubernetesExecution[];
}

export const attemptsOf = (objects: StoryObjects): readonly AttemptObjects[] => {
  const { attempts = [], attempt = 1 } = objects.request.status ?? {};
  const numbers = new Set([
    attempt,
    ...attempts.map((each) => each.number),
    ...[...objects.processings, ...objects.analyses, ...objects.workflows].map((each) => each.spec.attempt),
  ]);
  return [...numbers]
    .toSorted((a, b) => a - b)
    .map((number) => {
      const ofAttempt = (each: { spec: { attempt: number } }): boolean => each.spec.attempt === number;
      const analysis = objects.analyses.find(ofAttempt);
      const ofAnalysis = objects.approvals.filter((each) => each.spec.analysis === analysis?.metadata.name).toSorted(byCreation);
      const workflow = objects.workflows.find(ofAttempt);
      return {
        number,
        result: attempts.find((each) => each.number === number)?.result,
        processing: objects.processings.find(ofAttempt),
        analysis,
        approval: ofAnalysis.find((each) => each.metadata.name === analysis?.status?.approval) ?? ofAnalysis.at(-1),
        workflow,
        executions: objects.executions.filter((each) => each.spec.workflow === workflow?.metadata.name),
      };
    });
};

const byCreation = (a: AIApprovalRequest, b: AIApprovalRequest): number =>
  `${a.metadata.creationTimestamp} ${a.metadata.name}` < `${b.metadata.creationTimestamp} ${b.metadata.name}` ? -1 : 1;
