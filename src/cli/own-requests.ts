// Kintsugi's own requests, for a diagnosis to know of. Only reads; where Kintsugi is not installed, or its requests may not be read, there are none.
import { isTerminal } from "#api/define-kind.ts";
import { RemediationRequest, requestTransitions } from "#api/kinds/remediation-request.ts";
import type { OwnRequest } from "#investigation/own-changes.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden, isNotFound } from "#kube/errors.ts";

export const readRequests = async (
  kube: Kube,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly RemediationRequest[]> => {
  try {
    return await kube.list(RemediationRequest, { namespace }, signal === undefined ? {} : { signal });
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return [];
    throw error;
  }
};

export const ownRequest = ({ metadata, spec, status }: RemediationRequest): OwnRequest => {
  const phase = status?.phase ?? "Pending";
  const startedAt = metadata.creationTimestamp;
  return { name: metadata.name, target: spec.target, phase, isOver: isTerminal(requestTransitions, phase), startedAt };
};
