// Causes that cannot be found in some evidence, by what no source of the cluster provided. Pure.
import type { Cause } from "#diagnosis/cause.ts";
import type { SourceName } from "#evidence/source-names.ts";

/** A line for each need: causes whose evidence is partly there are among them, as they cannot be found either. */
export const unmetNeeds = (causes: readonly Pick<Cause, "code" | "needs">[], lacks: readonly SourceName[] = []): readonly string[] => {
  const byNeed = new Map<string, string[]>();
  for (const { code, needs = [] } of causes) {
    const unmet = needs.filter((name) => lacks.includes(name)).join(" and ");
    if (unmet !== "") byNeed.set(unmet, [...(byNeed.get(unmet) ?? []), code]);
  }
  return [...byNeed].map(([unmet, codes]) => `${codes.toSorted().join(", ")}: needs ${unmet}, which this cluster does not provide`);
};
