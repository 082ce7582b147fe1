// ResourceQuotas: what is used, counted again whenever something that counts has changed; pkg/controller/resourcequota.
import type { Client, Controller } from "#embedded/controllers/controller.ts";
import { concernsQuota, quotaStatus } from "#embedded/quota.ts";
import { builtIn } from "#embedded/resources.ts";

const quotas = builtIn("v1", "ResourceQuota");

export const resourceQuotaController = (client: Client): Controller => ({
  resource: quotas,
  affected: ({ storageKey, object }) =>
    client
      .list(quotas, object.metadata.namespace)
      .filter((quota) => concernsQuota(client.world, quota, storageKey))
      .map(({ metadata }) => metadata),
  sync: (quota) => void client.setStatus(quota, quotaStatus(client.world, quota)),
});
