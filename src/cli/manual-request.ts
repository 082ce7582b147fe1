// A request that a person opens without an alert, in their own name. The create is the lock between people; between a person and an alert it is
// the lock on the repaired object.
import { API_VERSION } from "#api/define-kind.ts";
import type { Reference } from "#api/fields.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { NewObject } from "#api/object.ts";
import { targetHash } from "#api/target-hash.ts";
import { ownRequest } from "#cli/own-requests.ts";
import { activeRequest } from "#investigation/own-changes.ts";
import type { Kube, WriteOptions } from "#kube/client.ts";
import { isAlreadyExists } from "#kube/errors.ts";
import { toTimestamp } from "#lib/clock.ts";

export interface ManualRequest {
  readonly namespace: string;
  readonly asked: Reference;
  readonly target: Reference;
  readonly by: string;
  readonly message?: string | undefined;
  readonly now: number;
}

/** Names with the prefix `rr-` belong to the controllers. */
const stem = (target: Reference): string => `manual-${targetHash(target)}`;

export const manualRequest = (request: ManualRequest, number: number): NewObject<RemediationRequest> => {
  const { namespace, asked, target, by, message, now } = request;
  const name = `${stem(target)}-${number}`;
  const { kind, name: reportedName, namespace: reportedIn } = asked;
  return {
    apiVersion: API_VERSION,
    kind: "RemediationRequest",
    metadata: { name, namespace },
    spec: {
      alert: {
        name: "manual",
        fingerprint: name,
        severity: "unknown",
        startsAt: toTimestamp(now),
        source: "manual",
        labels: {},
        annotations: {},
      },
      reported: { kind, name: reportedName, ...(reportedIn === undefined ? {} : { namespace: reportedIn }) },
      target,
      requestedBy: { by, ...(message === undefined ? {} : { message }) },
    },
  };
};

const maxTries = 5;

/** Guarantees: of the people who ask at once, one opens the request, and the others get the same one. */
export const openRequest = async (
  kube: Kube,
  request: ManualRequest,
  options: WriteOptions = {},
): Promise<{ readonly state: "opened" | "joined"; readonly request: RemediationRequest }> => {
  const { namespace, target } = request;
  for (let tries = 1; ; tries += 1) {
    const requests = await kube.list(RemediationRequest, { namespace });
    const active = activeRequest(requests.map(ownRequest), [target]);
    const found = requests.find(({ metadata }) => metadata.name === active?.name);
    if (found !== undefined) return { state: "joined", request: found };
    try {
      return {
        state: "opened",
        request: await kube.create(RemediationRequest, manualRequest(request, nextNumber(requests, target)), options),
      };
    } catch (error) {
      if (!isAlreadyExists(error) || tries >= maxTries) throw error;
    }
  }
};

const nextNumber = (requests: readonly RemediationRequest[], target: Reference): number => {
  const prefix = `${stem(target)}-`;
  const numbers = requests.flatMap(({ metadata: { name } }) => (name.startsWith(prefix) ? [Number(name.slice(prefix.length))] : []));
  return 1 + Math.max(0, ...numbers.filter(Number.isSafeInteger));
};
