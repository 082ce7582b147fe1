// Generated runs one after another: each seed is drawn, run and judged; a failure is made smaller and printed with the command that replays it.
import { createHash } from "node:crypto";
import { drawInput } from "#sim/generator/draw-input.ts";
import { type GeneratedInput, inputLines } from "#sim/generator/input.ts";
import { createGenerator, type GeneratedRun } from "#sim/generator/run-generated.ts";
import { shrinkInput } from "#sim/generator/shrink-input.ts";
import { tellingLines } from "#sim/story.ts";

export interface GeneratorSession {
  run(input: GeneratedInput): Promise<GeneratedRun>;
  /** The smallest input that still fails in the same way, as a person reads it. */
  explain(failed: GeneratedRun): Promise<string>;
  readonly runs: number;
  readonly failures: number;
  readonly struck: number;
  readonly writes: number;
  /** How many requests ended in each way. */
  readonly ends: ReadonlyMap<string, number>;
  /** SHA-256 over the traces of all runs so far, in order. */
  hash(): string;
}

export const createGeneratorSession = (): GeneratorSession => {
  const generate = createGenerator();
  const traces = createHash("sha256");
  const counts = { runs: 0, failures: 0, struck: 0, writes: 0 };
  const ends = new Map<string, number>();
  return {
    run: async (input) => {
      const run = await generate(input);
      counts.runs += 1;
      counts.struck += run.struck.faults.length;
      counts.writes += run.writes;
      if (run.wrong.length > 0) counts.failures += 1;
      for (const end of run.ends) ends.set(end, (ends.get(end) ?? 0) + 1);
      traces.update(run.hash);
      return run;
    },
    explain: async (failed) => {
      const kind = kindOf(failed);
      const smallest = await shrinkInput(failed.struck, async (candidate) => kindOf(await generate(candidate)) === kind);
      return storyOf(await generate(smallest));
    },
    get runs() {
      return counts.runs;
    },
    get failures() {
      return counts.failures;
    },
    get struck() {
      return counts.struck;
    },
    get writes() {
      return counts.writes;
    },
    ends,
    hash: () => traces.copy().digest("hex"),
  };
};

/** What is wrong, whatever the objects are called and the numbers are. */
const kindOf = ({ wrong }: GeneratedRun): string =>
  (wrong[0] ?? "").split("\n", 1)[0]?.replaceAll(/\S*\d\S*|\b(web|api|worker|cache|shop|bank|blog)\b/g, "…") ?? "";

const storyOf = ({ input, wrong, trace }: GeneratedRun): string =>
  [
    `seed ${input.seed}: ${wrong.length === 1 ? "1 law is" : `${wrong.length} laws are`} broken`,
    ...wrong.map((each) => `  ✗ ${each.split("\n").slice(0, 3).join("\n    ")}`),
    "the smallest input that breaks it:",
    ...inputLines(input).map((line) => `  · ${line}`),
    "what happened, in milliseconds since the beginning:",
    ...tellingLines(trace),
    `replay: npm run sim -- --generate --input '${JSON.stringify(input)}'`,
  ].join("\n");

/** Each seed of the range, or the one input that is given. */
export function* drawInputs(seed: number, runs: number, input: string | undefined): Generator<GeneratedInput> {
  if (input !== undefined) return yield JSON.parse(input) as GeneratedInput;
  for (let each = seed; each < seed + runs; each += 1) yield drawInput(each);
}
