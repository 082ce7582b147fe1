// Senders outside of the cluster, who have no token of it: they bring a shared secret instead. Asks no API server.
import type { SecretFile } from "#lib/secret-file.ts";
import type { ReviewAccess } from "#services/access.ts";

/** A caller with a secret has the right; any other token is reviewed. */
export const withSharedSecret =
  (secrets: Pick<SecretFile, "nameOf"> | undefined, review: ReviewAccess): ReviewAccess =>
  async (caller, right) => {
    const user = secrets?.nameOf(caller.token);
    return user === undefined ? review(caller, right) : { verdict: "allowed", user };
  };
