// How much one step may affect, by policy. Pure; what is not known is beyond every limit.
import type { BlastRadius } from "#api/fields.ts";
import { counted } from "#lib/words.ts";
import type { Settings } from "#policy/settings.ts";

/** Why a step affects more than policy allows; undefined where it does not. */
export const beyondBlastRadius = (blast: BlastRadius | undefined, { blastRadius }: Pick<Settings, "blastRadius">): string | undefined => {
  const measures = [
    ["objects", blastRadius.maxObjects],
    ["pods", blastRadius.maxPods],
    ["percent", blastRadius.maxPercent],
  ] as const;
  for (const [measure, most] of measures) {
    if (most === undefined) continue;
    if (blast === undefined) return `its blast radius is not known, and policy allows ${amount(most, measure)}`;
    if (blast[measure] > most) return `it affects ${amount(blast[measure], measure)}, and policy allows ${most}`;
  }
  return undefined;
};

const amount = (count: number, measure: keyof BlastRadius): string =>
  measure === "percent" ? `${count} percent of the pods` : counted(count, measure.slice(0, -1));
