// A run as a person reads it: what was wrong, what had been done to it, and how it came about. Pure text.
import { faultText } from "#sim/faults.ts";
import type { Simulated } from "#sim/run-once.ts";

const lastLines = 60;

/** Reads and their echoes say little to a person. */
const isTelling = (line: string): boolean =>
  !/ (GET|POST) \S*(watch=true|limit=500|reviews|events|log\?)/.test(line) && !/ GET /.test(line);

/** The end of a trace, without what says little. */
export const tellingLines = (trace: readonly string[]): readonly string[] => {
  const telling = trace.filter(isTelling);
  const left = telling.length - lastLines;
  return [...(left > 0 ? [`  (${left} lines before)`] : []), ...telling.slice(-lastLines).map((line) => `  ${line}`)];
};

export const storyOf = (run: Simulated, wrong: readonly string[]): string =>
  [
    `course ${run.course}, seed ${run.seed}: ${wrong.length === 1 ? "one thing is" : `${wrong.length} things are`} wrong`,
    ...wrong.map((each) => `  ✗ ${each.split("\n").slice(0, 3).join("\n    ")}`),
    run.plan.length === 0 ? "without any fault" : "with these faults:",
    ...run.plan.map((fault) => `  · ${faultText(fault)}`),
    "what happened, in milliseconds since the beginning:",
    ...tellingLines(run.trace),
    `replay: npm run sim -- --seed ${run.seed} --course ${run.course} --plan '${JSON.stringify(run.plan)}'`,
  ].join("\n");
