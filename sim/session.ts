// Many runs one after another: each judged, failures shrunk. Holds what runs share: references without faults, by course and seed.
import { createHash } from "node:crypto";
import type { FaultPlan } from "#sim/faults.ts";
import { createSimulator, type Simulated } from "#sim/run-once.ts";
import { shrink } from "#sim/shrink.ts";
import { storyOf } from "#sim/story.ts";
import { judge, type References } from "#sim/verdict.ts";
import { type Course, courses } from "#sim/courses.ts";

export interface Verdict {
  readonly run: Simulated;
  readonly wrong: readonly string[];
}

export interface Session {
  run(course: Course, seed: number, plan: FaultPlan): Promise<Verdict>;
  /** Without faults: what others are compared with. */
  reference(course: Course, seed: number): Promise<Simulated>;
  /** The smallest plan that still fails, in words. */
  explain(course: Course, failed: Verdict): Promise<string>;
  readonly runs: number;
  readonly failures: number;
  /** Faults that struck. */
  readonly struck: number;
  readonly writes: number;
  /** SHA-256 over the traces of all runs so far, in order. */
  hash(): string;
}

export const createSession = (): Session => {
  const simulate = createSimulator();
  const references = new Map<string, Simulated>();
  const traces = createHash("sha256");
  const counts = { runs: 0, failures: 0, struck: 0, writes: 0 };

  const reference = async (course: Course, seed: number): Promise<Simulated> => {
    const key = `${course.name} ${seed}`;
    let known = references.get(key);
    if (known === undefined) references.set(key, (known = await simulate(course, seed, [])));
    return known;
  };
  const referencesOf = async (course: Course): Promise<References> => {
    const own = await reference(course, referenceSeed);
    const longest = courses.find(({ name }) => name === course.atMost);
    return { own, longest: longest === undefined ? own : await reference(longest, referenceSeed) };
  };
  const once = async (course: Course, seed: number, plan: FaultPlan): Promise<Verdict> => {
    const run = plan.length === 0 ? await reference(course, seed) : await simulate(course, seed, plan);
    // Of another seed: what is made does not depend on the order in which things happen.
    const expected = plan.length === 0 && seed === referenceSeed ? undefined : await referencesOf(course);
    return { run, wrong: judge(run, course, expected) };
  };
  return {
    reference,
    run: async (course, seed, plan) => {
      const verdict = await once(course, seed, plan);
      counts.runs += 1;
      counts.struck += verdict.run.struck;
      counts.writes += verdict.run.writes.length;
      if (verdict.wrong.length > 0) counts.failures += 1;
      traces.update(verdict.run.hash);
      return verdict;
    },
    explain: async (course, failed) => {
      const { seed, plan } = failed.run;
      const smallest = await shrink(plan, async (candidate) => (await once(course, seed, candidate)).wrong.length > 0);
      const { run, wrong } = await once(course, seed, smallest);
      return storyOf(run, wrong);
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
    hash: () => traces.copy().digest("hex"),
  };
};

export const referenceSeed = 1;
