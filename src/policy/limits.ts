// The most that a repair may set, for every caller: memory, CPU and replicas. Pure; an unreadable value is beyond every limit.
import { parseQuantity } from "#lib/quantity.ts";
import type { Settings } from "#policy/settings.ts";

/** Why the parameters of an action are more than policy allows; absent where they are not. */
export const beyondLimits = (parameters: Readonly<Record<string, string>>, { limits }: Pick<Settings, "limits">): string | undefined => {
  for (const [name, most] of Object.entries(limits)) {
    const wanted = parameters[name];
    if (wanted === undefined || most === undefined) continue;
    const [value, limit] = [parseQuantity(wanted), parseQuantity(String(most))];
    if (value === undefined || limit === undefined || value > limit) return `${name} ${wanted} is more than the ${most} that policy allows`;
  }
  return undefined;
};
