// A run as a person reads it: what was wrong, what had been done to it, and how it came about. Pure text.
import { faultText } from "#sim/faults.ts";
import type { Simulated } from "#sim/run-once.ts";

const lastLines = 60;

/** Reads and their echoes say little to a person. */
const isTelling = (line: string): boolean =>
  !/ (GET|POST) \S*(watch=true|limit=500|reviews|events|log\?)/.test(line) && !/ GET /.test(line);

export const storyOf = (run: Simulated, wrong: readonly string[]): string => {
  const told = run.trace.filter(isTelling);
  const left = told.length - lastLines;
  return [
    `workload ${run.workload}, seed ${run.seed}: ${wrong.length === 1 ? "one thing is" : `${wrong.length} things are`} wrong`,
    ...wrong.map((each) => `  ✗ ${each.split("\n").slice(0, 3).join("\n    ")}`),
    run.plan.length === 0 ? "without any fault" : "with these faults:",
    ...run.plan.map((fault) => `  · ${faultText(fault)}`),
    "what happened, in milliseconds since the beginning:",
    ...(left > 0 ? [`  (${left} lines before)`] : []),
    ...told.slice(-lastLines).map((line) => `  ${line}`),
    `replay: npm run sim -- --seed ${run.seed} --workload ${run.workload} --plan '${JSON.stringify(run.plan)}'`,
  ].join("\n");
};
