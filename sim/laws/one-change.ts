// The law of one at a time: an object has one active request, one open workflow and one running change. Looks on at every write of the product.
import { isTerminal, type Transitions } from "#api/define-kind.ts";
import { executionTransitions, KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import type { Law } from "#sim/laws/law.ts";
import type { WorldView } from "#sim/world.ts";

export const createOneChangeLaw = (view: WorldView): Law => {
  const violations: string[] = [];
  const known = new Set<string>();
  const atMostOne = (what: string, targets: readonly ObjectReference[]): void => {
    const texts = targets.map(referenceText);
    const twice = texts.find((text, index) => texts.indexOf(text) !== index);
    const sentence = `${what} for ${twice}`;
    if (twice === undefined || known.has(sentence)) return;
    known.add(sentence);
    violations.push(sentence);
  };
  return {
    violations,
    see: ({ side, isWrite, status, path }) => {
      if (side !== "product" || !isWrite || status >= 300) return;
      if (path.includes("/remediationrequests"))
        atMostOne(
          "two active requests",
          view
            .objects(RemediationRequest)
            .filter((request) => isOpen(requestTransitions, request))
            .map(({ spec }) => spec.target),
        );
      if (path.includes("/workflowexecutions"))
        atMostOne(
          "two open workflows",
          view
            .objects(WorkflowExecution)
            .filter((workflow) => isOpen(workflowTransitions, workflow))
            .map(({ spec }) => spec.target),
        );
      if (path.includes("/kubernetesexecutions") || path.endsWith("/jobs"))
        atMostOne(
          "two running changes",
          view
            .objects(KubernetesExecution)
            .filter(isRunning)
            .map(({ spec }) => spec.target),
        );
    },
  };
};

const isRunning = ({ status }: KubernetesExecution): boolean =>
  status?.job !== undefined && !isTerminal(executionTransitions, status.phase ?? "Pending");

interface Phased<Phase> {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: { readonly phase?: Phase | undefined } | undefined;
}

/** What is being deleted is no longer active; the Job that it has begun is counted until it has ended. */
const isOpen = <Phase extends string>(transitions: Transitions<Phase>, { metadata, status }: Phased<Phase>): boolean =>
  metadata.deletionTimestamp === undefined && (status?.phase === undefined || !isTerminal(transitions, status.phase));
