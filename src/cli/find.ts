// Finds what a person means by a name: a request by its name, the beginning of it, or its target; an approval by its own name or its request.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import type { KubeObject } from "#api/object.ts";
import { refusal } from "#cli/failure.ts";
import type { StoryObjects } from "#cli/render/story-objects.ts";
import { listed } from "#cli/render/text.ts";
import type { Kube } from "#kube/client.ts";

/** Guarantees: exactly one request, or an error that names the ones that could be meant. Of several requests for one target, the newest. */
export const findRequest = async (kube: Kube, namespace: string, text: string): Promise<RemediationRequest> => {
  const name = text.replace(/^(?:rr|remediationrequests?)(?:\.kintsugi\.dev)?\//i, "");
  if (!name.includes("/")) {
    const exact = await kube.get(RemediationRequest, { namespace, name });
    if (exact !== undefined) return exact;
  }
  const all = await kube.list(RemediationRequest, { namespace });
  const meant = all.filter((each) => each.metadata.name.startsWith(name) || namesOfTarget(each).includes(name.toLowerCase()));
  const targets = new Set(meant.map((each) => JSON.stringify(each.spec.target)));
  const newest = meant.toSorted(byAge).at(-1);
  if (newest === undefined)
    throw refusal(`there is no request "${name}" in ${namespace}`, all.length === 0 ? "There is none at all." : "kintsugi get shows them.");
  if (targets.size > 1)
    throw refusal(
      `"${name}" may mean ${listed(
        meant.map((each) => each.metadata.name),
        "or",
      )}: say more`,
    );
  return newest;
};

/** `web`, `shop/web`, `deployment/web`, `deployment/shop/web` */
const namesOfTarget = ({ spec: { target } }: RemediationRequest): readonly string[] => {
  const local = target.name.toLowerCase();
  const full = target.namespace === undefined ? local : `${target.namespace}/${local}`;
  return [local, full, `${target.kind.toLowerCase()}/${local}`, `${target.kind.toLowerCase()}/${full}`];
};

export const byAge = (a: KubeObject, b: KubeObject): number =>
  a.metadata.creationTimestamp === b.metadata.creationTimestamp
    ? a.metadata.name < b.metadata.name
      ? -1
      : 1
    : a.metadata.creationTimestamp < b.metadata.creationTimestamp
      ? -1
      : 1;

export const readStoryObjects = async (kube: Kube, request: RemediationRequest): Promise<StoryObjects> => {
  const scope = { namespace: request.metadata.namespace, labelSelector: `${REQUEST_LABEL}=${request.metadata.name}` };
  const [processings, analyses, approvals, workflows, executions] = await Promise.all([
    kube.list(RemediationProcessing, scope),
    kube.list(AIAnalysis, scope),
    kube.list(AIApprovalRequest, scope),
    kube.list(WorkflowExecution, scope),
    kube.list(KubernetesExecution, scope),
  ]);
  return { request, processings, analyses, approvals, workflows, executions: executions.toSorted(byAge) };
};

/** The approval of that name, or the newest one of the request that is meant. */
export const findApproval = async (kube: Kube, namespace: string, text: string): Promise<AIApprovalRequest> => {
  const name = text.replace(/^(?:aiar|aiapprovalrequests?)(?:\.kintsugi\.dev)?\//i, "");
  if (!name.includes("/")) {
    const exact = await kube.get(AIApprovalRequest, { namespace, name });
    if (exact !== undefined) return exact;
  }
  const request = await findRequest(kube, namespace, name);
  const approvals = await kube.list(AIApprovalRequest, { namespace, labelSelector: `${REQUEST_LABEL}=${request.metadata.name}` });
  const newest = approvals.toSorted(byAge).at(-1);
  if (newest !== undefined) return newest;
  const { phase = "Pending", outcome } = request.status ?? {};
  throw refusal(
    `request ${request.metadata.name} does not ask for approval: it is ${phase}${outcome === undefined ? "" : ` (${outcome})`}`,
  );
};
