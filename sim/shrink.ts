// Makes a plan that fails smaller: fewer faults first, then earlier and shorter ones, as long as the run still fails. Never calls another failure the same plan.
import type { Fault, FaultPlan } from "#sim/faults.ts";

/** `fails` is asked about smaller and smaller plans; at most `budget` times. */
export const shrink = async (plan: FaultPlan, fails: (plan: FaultPlan) => Promise<boolean>, budget = 60): Promise<FaultPlan> => {
  let best = plan;
  let left = budget;
  const holds = async (candidate: FaultPlan): Promise<boolean> => {
    if (left <= 0) return false;
    left -= 1;
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let index = 0; index < best.length;) {
    const without = best.filter((_, other) => other !== index);
    if (!(await holds(without))) index += 1;
  }
  for (let index = 0; index < best.length; index += 1) {
    for (const smaller of smallerFaults(best[index])) {
      if (await holds(best.map((fault, other) => (other === index ? smaller : fault)))) break;
    }
  }
  return best;
};

/** Simplest first. */
const smallerFaults = (fault: Fault | undefined): readonly Fault[] => {
  if (fault === undefined) return [];
  const { what } = fault;
  const lengths = (ms: number): number[] => [Math.round(ms / 8), Math.round(ms / 2)].filter((shorter) => shorter > 0 && shorter !== ms);
  switch (what.kind) {
    case "pause":
    case "outage":
      return lengths(what.forMs).map((forMs) => ({ at: "time", what: { ...what, forMs } }));
    case "skew":
      return lengths(Math.abs(what.byMs)).map((byMs) => ({ at: "time", what: { ...what, byMs: Math.sign(what.byMs) * byMs } }));
    case "delay":
    case "hold":
      return lengths(what.ms).map((ms) => ({ ...fault, what: { ...what, ms } }) as Fault);
    default:
      return [];
  }
};
