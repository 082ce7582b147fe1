// How much of a ResourceQuota is used. Pure.
import type { ResourceQuota } from "#api/kubernetes.ts";
import { parseQuantity } from "#lib/quantity.ts";

/** In thousandths of the unit. */
export const quotaUsage = ({ status, spec }: ResourceQuota, resource: string) => ({
  hard: parseQuantity(status?.hard?.[resource] ?? spec.hard?.[resource] ?? ""),
  used: parseQuantity(status?.used?.[resource] ?? ""),
});

export const isQuotaFull = (quota: ResourceQuota, resource: string): boolean => {
  const { hard, used } = quotaUsage(quota, resource);
  return hard !== undefined && used !== undefined && used >= hard;
};
