// Whether a run was as it should be: the laws it kept, how it ended for its workload, and what a run without faults has made. Pure.
import type { Fault } from "#sim/faults.ts";
import type { Simulated } from "#sim/run-once.ts";
import { badArgs, goodArgs } from "#sim/shop.ts";
import type { Workload } from "#sim/workloads.ts";

/** One sentence for each thing that is wrong. */
export const judge = (run: Simulated, workload: Workload, reference: Simulated | undefined): readonly string[] => {
  const wrong = [...run.violations, ...broken(run)];
  if (run.plan.every(isHarmless)) {
    const ends = run.ends.join(", ");
    const expected = [workload.ends, ...(workload.mayEnd ?? [])].map((each) => each.join(", "));
    if (!expected.includes(ends)) wrong.push(`it ended ${ends || "with no request"}, not ${expected.join(" or ") || "with none"}`);
    if (!workload.changes.includes(run.changes))
      wrong.push(`the workload was changed ${run.changes} times, not ${workload.changes.join(" or ")}`);
  }
  if (reference !== undefined && workload.mayEnd === undefined && run.plan.every(leavesNoTrace))
    wrong.push(...differences(run.made, reference.made));
  if (reference !== undefined && run.writes.length > 2 * reference.writes.length + 6)
    wrong.push(`${run.writes.length} writes, and ${reference.writes.length} without faults`);
  return wrong;
};

/** What an end says of the workload must be true of it. */
const broken = ({ ends, args, changes, workload }: Simulated): string[] => {
  const [end] = ends;
  if (end === undefined || ends.length > 1) return [];
  const found = args.join(" ");
  const isGood = found === goodArgs.join(" ");
  if (!isGood && found !== badArgs.join(" ")) return [`the workload is left as neither of its revisions: ${found}`];
  if (end === "Completed/Remediated" && !isGood) return [`${end}, and the bad release still runs`];
  if (mustBeUndone.has(end) && isGood) return [`${end}, and the repair is still in place (${workload})`];
  if (isGood !== (changes % 2 === 1)) return [`${changes} changes, and the workload runs ${found}`];
  return [];
};

const mustBeUndone = new Set(["Cancelled/", "TimedOut/", "Failed/RolledBack", "Failed/Rejected", "Failed/ApprovalExpired"]);

/** What must not change how a request ends: the product has to outlive it. An action's Job runs once, and may fail; a wrong clock moves deadlines. */
const isHarmless = ({ at, what }: Fault): boolean => {
  if (at !== "time" && at.of === "act")
    return what.kind === "kill" || what.kind === "delay" || what.kind === "repeat" || what.kind === "stale";
  return !["skew", "drop"].includes(what.kind);
};

/** What must not even make other objects than a run without it. */
const leavesNoTrace = (fault: Fault): boolean => isHarmless(fault) && (fault.at === "time" || fault.at.of === "product");

const differences = (made: readonly string[], expected: readonly string[]): string[] => [
  ...made.filter((each) => !expected.includes(each)).map((each) => `${each}: a run without faults does not`),
  ...expected.filter((each) => !made.includes(each)).map((each) => `${each}: is missing`),
];
