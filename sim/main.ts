// `npm run sim`: runs simulations and says what is wrong with them. The last line is the SHA-256 of all that happened: same seed, same line.
import process from "node:process";
import { parseArgs } from "node:util";
import { findBugs } from "#sim/bugs/find-bugs.ts";
import { crashPoints, drawFaults, singleFaults, staleStarts } from "#sim/fault-space.ts";
import type { FaultPlan } from "#sim/faults.ts";
import { createSeededRandom } from "#sim/seeded-random.ts";
import { createSession, referenceSeed, type Session, type Verdict } from "#sim/session.ts";
import { type Workload, workloads } from "#sim/workloads.ts";

const usage = `npm run sim -- [options]
  --seed <n>        the first seed (1)
  --runs <n>        how many seeds from there (1)
  --workload <name> only this one, or these, with commas between; otherwise each seed has its own
  --crashes         instead: kill before and after each write of each workload
  --stale           instead: kill likewise, and start again from lists that are older
  --faults <n>      instead: n single faults, spread over all there are
  --search <n>      instead: each workload without faults, then --stale, then each with faults of n seeds; stops at the first failure
  --plan <json>     instead: one run with exactly these faults
  --bugs            instead: plants each mistake of sim/bugs in the product and searches until it is found
  --bug <text>      of these only the ones whose name has this
  --part <i/n>      only every n-th run, for several processes
  --fail-fast       stop at the first failure
  --trace           print what happened
  --json            one JSON line a failure and a summary
  --list            the workloads`;

interface Job {
  readonly workload: Workload;
  readonly seed: number;
  readonly plan: FaultPlan;
}

const options = {
  seed: { type: "string", default: "1" },
  runs: { type: "string", default: "1" },
  workload: { type: "string" },
  crashes: { type: "boolean", default: false },
  stale: { type: "boolean", default: false },
  faults: { type: "string" },
  search: { type: "string" },
  plan: { type: "string" },
  bugs: { type: "boolean", default: false },
  bug: { type: "string" },
  part: { type: "string", default: "1/1" },
  "fail-fast": { type: "boolean", default: false },
  trace: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

const wantedOf = ({ workload }: Options): readonly Workload[] => {
  if (workload === undefined) return workloads;
  return workload.split(",").map((wanted) => {
    const found = workloads.find(({ name }) => name === wanted);
    if (found === undefined) throw new Error(`there is no workload ${wanted}: see --list`);
    return found;
  });
};

/** Made one after the other, since most of them need a run without faults to be drawn from. */
async function* planned(values: Options, session: Session): AsyncGenerator<Job, void> {
  const wanted = wantedOf(values);
  const seed = Number(values.seed);
  const drawn = async (each: number, workload: Workload): Promise<Job> => {
    const { counted } = await session.reference(workload, referenceSeed);
    return { workload, seed: each, plan: drawFaults(createSeededRandom(each, 9), counted, workload) };
  };
  const withEach = async (
    plansOf: (counted: Readonly<Record<string, number>>) => readonly FaultPlan[],
    seeds: readonly number[] = [seed],
  ): Promise<Job[]> => {
    const jobs: Job[] = [];
    for (const each of seeds)
      for (const workload of wanted) {
        const { counted } = await session.reference(workload, each);
        jobs.push(...plansOf(counted).map((plan) => ({ workload, seed: each, plan })));
      }
    return jobs;
  };
  if (values.stale) return yield* await withEach(staleStarts);
  if (values.crashes) return yield* await withEach(crashPoints);
  if (values.faults !== undefined) {
    const all = await withEach(singleFaults);
    const step = Math.max(1, all.length / Number(values.faults));
    return yield* all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  }
  const { plan } = values;
  if (plan !== undefined) return yield* wanted.map((workload) => ({ workload, seed, plan: JSON.parse(plan) as FaultPlan }));
  if (values.search !== undefined) {
    yield* wanted.map((workload): Job => ({ workload, seed: referenceSeed, plan: [] }));
    // Which lists are old is drawn from the seed.
    yield* await withEach(staleStarts, [seed, seed + 1, seed + 2, seed + 3]);
    for (let each = seed; each < seed + Number(values.search); each += 1) for (const workload of wanted) yield await drawn(each, workload);
    return;
  }
  for (let each = seed; each < seed + Number(values.runs); each += 1) {
    const workload = wanted[each % wanted.length];
    if (workload !== undefined) yield await drawn(each, workload);
  }
}

const tell = async (session: Session, workload: Workload, verdict: Verdict, values: Options): Promise<void> => {
  const { run, wrong } = verdict;
  if (values.json) console.log(JSON.stringify({ workload: run.workload, seed: run.seed, plan: run.plan, wrong }));
  else console.log(`${await session.explain(workload, verdict)}\n`);
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options });
  if (values.help) return (console.log(usage), 0);
  if (values.list) return (console.log(workloads.map(({ name }) => name).join("\n")), 0);
  if (values.bugs || values.bug !== undefined) return findBugs(values.bug ?? "");
  const startedAt = process.hrtime.bigint();
  const session = createSession();
  const [part = 1, parts = 1] = values.part.split("/").map(Number);
  let index = -1;
  for await (const { workload, seed, plan } of planned(values, session)) {
    index += 1;
    if (index % parts !== part - 1) continue;
    const verdict = await session.run(workload, seed, plan);
    if (values.trace) console.log(verdict.run.trace.join("\n"));
    if (verdict.wrong.length > 0) await tell(session, workload, verdict, values);
    if (verdict.wrong.length > 0 && (values["fail-fast"] || values.search !== undefined)) break;
  }
  const { runs, failures, struck, writes } = session;
  const perSecond = Number((runs / (Number(process.hrtime.bigint() - startedAt) / 1e9)).toFixed(1));
  const { user, system } = process.cpuUsage();
  const cpuSeconds = Number(((user + system) / 1e6).toFixed(1));
  if (values.json) console.log(JSON.stringify({ runs, failures, struck, writes, perSecond, cpuSeconds, hash: session.hash() }));
  else {
    console.log(
      `${runs} runs, ${struck} faults struck, ${writes} writes, ${failures} failed; ${perSecond} runs a second, ${cpuSeconds} s of CPU`,
    );
    console.log(`sha256 ${session.hash()}`);
  }
  return failures === 0 ? 0 : 1;
};

// What is still running in a simulated process waits for a clock that has stopped: nothing of it may keep this one alive.
process.exit(await main());
