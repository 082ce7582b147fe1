// The law of economy: how much the product writes is bounded by what happens, whatever that is. Looks on, and judges at the end.
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { GeneratedInput } from "#sim/generator/input.ts";
import type { Law } from "#sim/laws/law.ts";
import type { WorldView } from "#sim/world.ts";

export const createWritesLaw = (view: WorldView, { events, faults, fixtures }: GeneratedInput): Law => {
  const violations: string[] = [];
  let writes = 0;
  let jobs = 0;
  const attempts = new Map<string, number>();
  return {
    violations,
    see: ({ side, isWrite, method, path, status }) => {
      if (side !== "product" || !isWrite) return;
      writes += 1;
      if (method === "POST" && path.endsWith("/jobs") && status < 300) jobs += 1;
      if (path.includes("/remediationrequests"))
        for (const { metadata, status: seen } of view.objects(RemediationRequest)) attempts.set(metadata.name, seen?.attempt ?? 1);
    },
    atEnd: () => {
      const begun = [...attempts.values()].reduce((sum, count) => sum + count, 0);
      const deliveries = events.reduce((sum, event) => sum + (event.do === "alert" ? event.copies : 0), 0);
      const most = 4 + 12 * begun + 8 * jobs + 2 * deliveries + 2 * events.length * Math.max(1, fixtures.length) + 6 * faults.length;
      if (writes > most)
        violations.push(`${writes} writes for ${begun} attempts, ${jobs} Jobs, ${deliveries} deliveries and ${faults.length} faults`);
    },
  };
};
