// Many runs one after another: each judged, failures shrunk. Holds what runs share: references without faults, by workload and seed.
import { createHash } from "node:crypto";
import type { FaultPlan } from "#sim/faults.ts";
import { createSimulator, type Simulated } from "#sim/run-once.ts";
import { shrink } from "#sim/shrink.ts";
import { storyOf } from "#sim/story.ts";
import { judge, type References } from "#sim/verdict.ts";
import { type Workload, workloads } from "#sim/workloads.ts";

export interface Verdict {
  readonly run: Simulated;
  readonly wrong: readonly string[];
}

export interface Session {
  run(workload: Workload, seed: number, plan: FaultPlan): Promise<Verdict>;
  /** Without faults: what others are compared with. */
  reference(workload: Workload, seed: number): Promise<Simulated>;
  /** The smallest plan that still fails, told. */
  explain(workload: Workload, failed: Verdict): Promise<string>;
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

  const reference = async (workload: Workload, seed: number): Promise<Simulated> => {
    const key = `${workload.name} ${seed}`;
    let known = references.get(key);
    if (known === undefined) references.set(key, (known = await simulate(workload, seed, [])));
    return known;
  };
  const referencesOf = async (workload: Workload): Promise<References> => {
    const own = await reference(workload, referenceSeed);
    const longest = workloads.find(({ name }) => name === workload.atMost);
    return { own, longest: longest === undefined ? own : await reference(longest, referenceSeed) };
  };
  const once = async (workload: Workload, seed: number, plan: FaultPlan): Promise<Verdict> => {
    const run = plan.length === 0 ? await reference(workload, seed) : await simulate(workload, seed, plan);
    // Of another seed: what is made does not depend on the order in which things happen.
    const expected = plan.length === 0 && seed === referenceSeed ? undefined : await referencesOf(workload);
    return { run, wrong: judge(run, workload, expected) };
  };
  return {
    reference,
    run: async (workload, seed, plan) => {
      const verdict = await once(workload, seed, plan);
      counts.runs += 1;
      counts.struck += verdict.run.struck;
      counts.writes += verdict.run.writes.length;
      if (verdict.wrong.length > 0) counts.failures += 1;
      traces.update(verdict.run.hash);
      return verdict;
    },
    explain: async (workload, failed) => {
      const { seed, plan } = failed.run;
      const smallest = await shrink(plan, async (candidate) => (await once(workload, seed, candidate)).wrong.length > 0);
      const { run, wrong } = await once(workload, seed, smallest);
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
