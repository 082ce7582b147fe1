// What an approval or an execution records sealed, opened by its key. For tests.
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { openChanges, type Place } from "#cluster/sealed-changes.ts";
import type { Kube } from "#kube/client.ts";

/** Throws where it cannot be opened. */
export const openedChanges = async (
  kube: Pick<Kube, "get">,
  object: AIApprovalRequest | KubernetesExecution,
  field: Place["field"] = "changes",
): Promise<string> => {
  const { kind, metadata } = object;
  const text = "decisions" in object.spec ? object.spec.changes : (object as KubernetesExecution).status?.[field];
  const opened = await openChanges({ kube, namespace: metadata.namespace ?? "" }, { kind, name: metadata.name, field }, text ?? "");
  if (!opened.ok) throw new Error(opened.reason);
  return opened.text;
};
