// The policies of the installation as one value, for a command that shows what they allow. Only reads.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden, isNotFound } from "#kube/errors.ts";
import { type Settings, settingsFrom } from "#policy/settings.ts";

/** `namespace`: Kintsugi's own. */
export const installedSettings = async (kube: Kube, namespace: string, signal: AbortSignal | undefined): Promise<Settings> =>
  settingsFrom(await installedPolicies(kube, namespace, signal), namespace);

/**
 * Of all namespaces; of Kintsugi's own where the others may not be read; none where Kintsugi is not installed, or its policies may not be read:
 * a preview needs no installation.
 */
export const installedPolicies = async (
  kube: Pick<Kube, "list">,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly RemediationPolicy[]> => {
  const options = signal === undefined ? {} : { signal };
  for (const scope of [{}, { namespace }]) {
    try {
      return await kube.list(RemediationPolicy, scope, options);
    } catch (error) {
      if (isNotFound(error)) return [];
      if (!isForbidden(error)) throw error;
    }
  }
  return [];
};
