// Whether this process may read the names of Secrets. RBAC knows no right to names alone, so an installation does not have it: asked by a review, because a
// list that is refused would be an error in the audit log of every analysis.
import type { Kube } from "#kube/client.ts";
import type { Clock } from "#lib/clock.ts";

type Verb = "list" | "watch";

/** False also where the review itself fails. */
export const mayReadSecrets = async (kube: Pick<Kube, "request">, verb: Verb, signal?: AbortSignal): Promise<boolean> => {
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { verb, resource: "secrets" } },
  };
  try {
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const answer = await kube.request("POST", path, review, signal === undefined ? {} : { signal });
    return (answer as { status?: { allowed?: boolean } } | undefined)?.status?.allowed === true;
  } catch {
    return false;
  }
};

/** An administrator may grant it at any time. */
const keptMs = 600_000;

/** The same for a caller that asks often: one review in ten minutes. */
export const createSecretNamesRight = (
  kube: Pick<Kube, "request">,
  clock: Pick<Clock, "now">,
): ((signal?: AbortSignal) => Promise<boolean>) => {
  let known: { readonly at: number; readonly isAllowed: boolean } | undefined;
  return async (signal) => {
    if (known === undefined || clock.now() - known.at >= keptMs)
      known = { at: clock.now(), isAllowed: await mayReadSecrets(kube, "list", signal) };
    return known.isAllowed;
  };
};
