// Windows in which nothing is repaired, and the pause that has no end. Pure.
import { fromTimestamp } from "#lib/clock.ts";
import type { Hold } from "#policy/budget.ts";
import type { Settings } from "#policy/settings.ts";

/**
 * Absent where nothing stops a repair from beginning now. Conditions of windows are not evaluated yet: such a window holds everywhere,
 * since too little repaired is the smaller harm.
 */
export const freezeHold = (settings: Settings, now: number): Hold | undefined => {
  if (settings.paused) return { why: "repairs are paused by policy" };
  const windows = settings.freezes.flatMap((freeze) => {
    const from = fromTimestamp(freeze.from);
    const to = fromTimestamp(freeze.to);
    const holds = from !== undefined && to !== undefined && from <= now && now < to;
    return holds ? [{ name: freeze.name, to }] : [];
  });
  const last = windows.toSorted((a, b) => b.to - a.to)[0];
  if (last === undefined) return undefined;
  return { why: `freeze "${last.name}" until ${new Date(last.to).toISOString().replace(".000Z", "Z")}`, untilMs: last.to };
};
