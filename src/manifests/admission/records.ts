// The record of what Kintsugi saw and did: written by its controllers only, and deleted by a person only after its end. Pure.
import { GROUP, isTerminal, VERSION } from "#api/define-kind.ts";
import { approvalTransitions } from "#api/kinds/ai-approval-request.ts";
import { analysisTransitions } from "#api/kinds/ai-analysis.ts";
import { executionTransitions } from "#api/kinds/kubernetes-execution.ts";
import { kinds } from "#api/kinds/registry.ts";
import { processingTransitions } from "#api/kinds/remediation-processing.ts";
import { workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { accountsOf, celList, celText, kubernetes, onlyReleased, policy } from "#manifests/admission/policy.ts";
import type { Manifest } from "#manifests/manifest.ts";

const transitions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  remediationprocessings: processingTransitions,
  aianalyses: analysisTransitions,
  aiapprovalrequests: approvalTransitions,
  workflowexecutions: workflowTransitions,
  kubernetesexecutions: executionTransitions,
};

export const recordsPolicy = (namespace: string): Manifest[] => {
  const { controllers } = accountsOf(namespace);
  const ours = { apiGroups: [GROUP], apiVersions: [VERSION] };
  const children = Object.keys(transitions);
  const ends = Object.entries(transitions).map(
    ([plural, table]) => `${celText(plural)}: ${celList(Object.keys(table).filter((phase) => isTerminal(table, phase)))}`,
  );
  return policy(`${namespace}-records`, {
    namespace,
    rules: [
      { ...ours, operations: ["CREATE", "UPDATE"], resources: children.filter((plural) => plural !== "aiapprovalrequests") },
      { ...ours, operations: ["CREATE"], resources: ["aiapprovalrequests"] },
      { ...ours, operations: ["UPDATE"], resources: kinds.map((kind) => `${kind.plural}/status`) },
      { ...ours, operations: ["DELETE"], resources: children },
    ],
    variables: [
      { name: "ends", expression: `{${ends.join(", ")}}` },
      {
        name: "ended",
        expression:
          "oldObject == null || (has(oldObject.status) && has(oldObject.status.phase) && oldObject.status.phase in variables.ends[request.resource.resource])",
      },
    ],
    validations: [
      {
        expression: `request.operation == 'DELETE' || ${controllers} || (request.operation == 'UPDATE' && ${kubernetes} && ${onlyReleased})`,
        message: "only Kintsugi's controllers may write this: it is their record",
      },
      {
        expression: `request.operation != 'DELETE' || ${controllers} || ${kubernetes} || variables.ended`,
        message: "this has not ended yet: cancel the request, or delete the request as a whole",
      },
    ],
  });
};
