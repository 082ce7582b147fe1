// Finds what a person means by a name: a request by its name, the start of it, or its target; an approval by its own name or its request.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import { type CliError, refusal } from "#cli/failure.ts";
import { requireNamespace } from "#cli/namespaces.ts";
import { typeNamed } from "#cli/reference.ts";
import type { StoryObjects } from "#story/objects.ts";
import { listed } from "#lib/words.ts";
import type { Kube } from "#kube/client.ts";

/** The requests of one installation. */
export interface RequestScope {
  readonly kintsugiNamespace: string;
  /** Only those for workloads in this namespace. */
  readonly targetNamespace: string | undefined;
}

/** Guarantees: exactly one request, or an error that names the ones that match. Of several requests for one target, the newest. */
export const findRequest = async (kube: Kube, scope: RequestScope, text: string): Promise<RemediationRequest> => {
  const name = text.replace(/^(?:rr|remediationrequests?)(?:\.kintsugi\.dev)?\//i, "");
  const all = await kube.list(RemediationRequest, { namespace: scope.kintsugiNamespace });
  const named = all.filter((each) => each.metadata.name === name);
  const matching = named.length > 0 ? named : all.filter((each) => each.metadata.name.startsWith(name) || isTarget(each, name));
  const inScope = matching.filter((each) => isInScope(each, scope));
  const newest = inScope.toSorted(byAge).at(-1);
  if (newest === undefined) throw await noRequest(kube, scope, name, { all, matching });
  const targets = new Set(inScope.map((each) => JSON.stringify(each.spec.target)));
  if (targets.size > 1)
    throw refusal(
      `"${name}" matches ${inScope.length} requests: ${inScope.map((each) => `${each.metadata.name} (${referenceText(each.spec.target)})`).join(", ")}`,
      "Name one of them, or the namespace of the workload with -n.",
    );
  return newest;
};

export const isInScope = ({ spec }: RemediationRequest, { targetNamespace }: RequestScope): boolean =>
  targetNamespace === undefined || spec.target.namespace === targetNamespace;

interface Searched {
  readonly all: readonly RemediationRequest[];
  /** In other namespaces. */
  readonly matching: readonly RemediationRequest[];
}

const noRequest = async (kube: Kube, scope: RequestScope, name: string, { all, matching }: Searched): Promise<CliError> => {
  const { kintsugiNamespace, targetNamespace } = scope;
  const where = targetNamespace === undefined ? "" : ` for a workload in namespace ${targetNamespace}`;
  const message = `no request "${name}"${where}`;
  if (targetNamespace !== undefined) await requireNamespace(kube, targetNamespace);
  if (matching.length > 0)
    return refusal(
      message,
      `Found for ${listed([...new Set(matching.map((each) => referenceText(each.spec.target)))])}: use its namespace with -n, or -A.`,
    );
  if (all.length > 0) return refusal(message, "kintsugi get lists the requests.");
  await requireNamespace(kube, kintsugiNamespace);
  return refusal(message, `Kintsugi has no requests in ${kintsugiNamespace}.`);
};

/** By `web`, `shop/web`, `deployment/web`, `deploy/web` or `deployment/shop/web`. */
const isTarget = ({ spec: { target } }: RemediationRequest, text: string): boolean => {
  const local = target.name.toLowerCase();
  const full = target.namespace === undefined ? local : `${target.namespace}/${local}`;
  const kind = target.kind.toLowerCase();
  const wanted = text.toLowerCase();
  const at = wanted.indexOf("/");
  const named = at < 0 ? undefined : typeNamed(wanted.slice(0, at))?.kind.toLowerCase();
  const forms = new Set([local, full, `${kind}/${local}`, `${kind}/${full}`]);
  return forms.has(wanted) || (named !== undefined && forms.has(`${named}${wanted.slice(at)}`));
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

/** The approval of that name, or the newest one of the request that matches. */
export const findApproval = async (kube: Kube, scope: RequestScope, text: string): Promise<AIApprovalRequest> => {
  const namespace = scope.kintsugiNamespace;
  const name = text.replace(/^(?:aiar|aiapprovalrequests?)(?:\.kintsugi\.dev)?\//i, "");
  const exact = name.includes("/") ? undefined : await kube.get(AIApprovalRequest, { namespace, name });
  if (exact !== undefined && scope.targetNamespace === undefined) return exact;
  const request = await findRequest(kube, scope, exact?.spec.request ?? name);
  if (exact !== undefined) return exact;
  const approvals = await kube.list(AIApprovalRequest, { namespace, labelSelector: `${REQUEST_LABEL}=${request.metadata.name}` });
  const newest = approvals.toSorted(byAge).at(-1);
  if (newest !== undefined) return newest;
  const { phase = "Pending", outcome } = request.status ?? {};
  throw refusal(
    `request ${request.metadata.name} does not ask for approval: it is ${phase}${outcome === undefined ? "" : ` (${outcome})`}`,
  );
};
