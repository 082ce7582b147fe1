// The policies of the installation as one value, for a command that shows what they allow. Only reads.
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Kube } from "#kube/client.ts";
import { isForbidden, isNotFound } from "#kube/errors.ts";
import { defaultSettings, type Settings, settingsFrom } from "#policy/settings.ts";

/** Where Kintsugi is not installed, or its policies may not be read, its defaults apply: a preview needs no installation. */
export const installedSettings = async (kube: Kube, namespace: string, signal: AbortSignal | undefined): Promise<Settings> => {
  try {
    return settingsFrom(await kube.list(RemediationPolicy, { namespace }, signal === undefined ? {} : { signal }));
  } catch (error) {
    if (isForbidden(error) || isNotFound(error)) return defaultSettings;
    throw error;
  }
};
