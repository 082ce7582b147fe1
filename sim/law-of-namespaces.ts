// The law of every write outside Kintsugi's namespace, also of one that the API server refuses: at that moment the namespace allows it. Looks on; knows nothing of the product's policy code.
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Namespace } from "#api/kubernetes.ts";
import type { Exchange } from "#sim/network.ts";
import { own } from "#sim/platform.ts";

export interface NamespaceFacts {
  readonly namespaces: () => readonly Namespace[];
  readonly executions: () => readonly KubernetesExecution[];
  readonly approvals: () => readonly AIApprovalRequest[];
  readonly policies: () => readonly RemediationPolicy[];
}

export interface LawOfNamespaces {
  see(exchange: Exchange): void;
  readonly violations: readonly string[];
}

/** Of the simulated environments, those that need no approval. */
const unasked = new Set(["staging", "test"]);

export const createLawOfNamespaces = (facts: NamespaceFacts): LawOfNamespaces => {
  const violations: string[] = [];
  return {
    see: (exchange) => {
      const { side, isWrite, status, path, method, process } = exchange;
      const namespace = /\/namespaces\/([^/?]+)\//.exec(path)?.[1];
      const isRefused = status === 403 || status === 422;
      if (side !== "act" || !isWrite || (status >= 300 && !isRefused) || namespace === own) return;
      const wrong = brokenBy(facts, namespace, process.slice("act/".length));
      if (wrong !== undefined) violations.push(`${process} ${method} ${path}: ${wrong}`);
    },
    violations,
  };
};

const brokenBy = (facts: NamespaceFacts, namespace: string | undefined, name: string): string | undefined => {
  const labels = facts.namespaces().find(({ metadata }) => metadata.name === namespace)?.metadata.labels ?? {};
  const execution = facts.executions().find(({ metadata }) => metadata.name === name);
  if (execution === undefined) return "no execution ordered it";
  const { spec } = execution;
  if (namespace === undefined || spec.target.namespace !== namespace) return `its execution is about namespace ${spec.target.namespace}`;
  if (labels["kintsugi.dev/managed"] !== "true") return "the namespace is not opted in";
  // What was allowed may be taken back.
  if (spec.undoes !== undefined) return undefined;
  if (facts.policies().some((policy) => policy.spec.protected?.namespaces?.includes(namespace) === true))
    return "the namespace is protected";
  const environment = labels["kintsugi.dev/environment"] ?? labels["environment"] ?? "";
  if (unasked.has(environment)) return undefined;
  const isApproved = facts
    .approvals()
    .some(
      ({ spec: { steps }, status }) => status?.phase === "Approved" && steps.some(({ changesHash }) => changesHash === spec.changesHash),
    );
  return isApproved ? undefined : `its environment is ${environment || "not known"}, and no approval is about this change`;
};
