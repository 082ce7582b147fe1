// Reads what a decision about one approval request needs: whether the objects of its change are as they were when it was created.
import type { Change } from "#api/change.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import { RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import { referenceText, type Key, type KubeObject, type ObjectReference } from "#api/object.ts";
import { decodeChanges, findType, guardsHold } from "#actions/change.ts";
import { openChanges } from "#cluster/sealed-changes.ts";
import type { ApprovalObservation } from "#controllers/ai-approval-request/decide.ts";
import { watchedTypes } from "#controllers/ai-approval-request/role.ts";
import type { Caches } from "#kube/caches.ts";
import type { Kube } from "#kube/client.ts";

/**
 * Flow: whether an object exists is asked of the caches first; what it holds, and what a cache older than the plan denies, of the API server.
 * Guarantees: one call at most for each change, and one for the key that opens them.
 */
export const observe = async (
  deps: { readonly kube: Pick<Kube, "get">; readonly caches: Pick<Caches, "of">; readonly namespace: string },
  checkedBy: string | undefined,
  approval: AIApprovalRequest,
  signal: AbortSignal,
): Promise<ApprovalObservation> => {
  const { kube, caches } = deps;
  const { namespace, name } = approval.metadata;
  const request = caches.of(RemediationRequest, { namespace }).get({ namespace, name: approval.spec.request });
  if (request !== undefined && isTerminal(requestTransitions, phaseOf(request)))
    return { approval, drift: `${request.metadata.name}, which requested it, has ended` };
  if (request !== undefined && phaseOf(request) === "Following")
    return {
      approval,
      drift: `${request.metadata.name} follows ${request.status?.leader ?? "another request"}, which works on the same cause`,
    };
  if (checkedBy === undefined) return { approval, isUnchecked: true };
  if (checkedBy !== (approval.spec.checkedBy ?? ""))
    return { approval, drift: "the admission policy that checks decisions changed since the request" };
  const opened = await openChanges(deps, { kind: AIApprovalRequest.kind, name, field: "changes" }, approval.spec.changes, signal);
  if (!opened.ok) return { approval, drift: opened.reason };
  let changes: readonly Change[];
  try {
    changes = decodeChanges(opened.text);
  } catch (error) {
    return { approval, drift: `its changes cannot be read: ${(error as Error).message.slice(0, 200)}` };
  }
  for (const change of changes) {
    const type = findType(watchedTypes, change.object);
    // What no cache holds is checked when it is executed.
    if (type === undefined) continue;
    // The guards of a patch are fields that the caches do not keep.
    if (change.type !== "patch" && guardsHold(change, caches.of(type).get(keyOfReference(change.object)))) continue;
    const live = await kube.get(type, keyOfReference(change.object), { signal });
    if (!guardsHold(change, live)) return { approval, drift: driftText(change, live) };
  }
  return { approval };
};

const driftText = (change: Change, live: KubeObject | undefined): string => {
  const name = referenceText(change.object);
  if (change.type === "create") return `${name} exists already`;
  if (live === undefined) return `${name} no longer exists`;
  return live.metadata.uid === change.uid ? `${name} changed since` : `${name} was replaced by another object of the same name`;
};

const keyOfReference = (reference: ObjectReference): Key =>
  reference.namespace === undefined ? { name: reference.name } : { namespace: reference.namespace, name: reference.name };
