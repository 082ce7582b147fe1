// `npm run sim`: runs simulations and says what is wrong with them. The last line is the SHA-256 of all that happened: same seed, same line.
import process from "node:process";
import { parseArgs } from "node:util";
import { crashPoints, drawFaults, singleFaults } from "#sim/fault-space.ts";
import type { FaultPlan } from "#sim/faults.ts";
import { createSeededRandom } from "#sim/seeded-random.ts";
import { createSession, referenceSeed, type Session, type Verdict } from "#sim/session.ts";
import { type Workload, workloads } from "#sim/workloads.ts";

const usage = `npm run sim -- [options]
  --seed <n>        the first seed (1)
  --runs <n>        how many seeds from there (1)
  --workload <name> only this one; otherwise each seed has its own
  --crashes         instead: kill before and after each write of each workload
  --faults <n>      instead: n single faults, spread over all there are
  --plan <json>     instead: one run with exactly these faults
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
  faults: { type: "string" },
  plan: { type: "string" },
  part: { type: "string", default: "1/1" },
  "fail-fast": { type: "boolean", default: false },
  trace: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Options = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

const wantedOf = ({ workload }: Options): readonly Workload[] => {
  const wanted = workloads.filter(({ name }) => workload === undefined || name === workload);
  if (wanted.length === 0) throw new Error(`there is no workload ${workload}: see --list`);
  return wanted;
};

const planned = async (values: Options, session: Session): Promise<readonly Job[]> => {
  const wanted = wantedOf(values);
  const seed = Number(values.seed);
  const withEach = async (plansOf: (counted: Readonly<Record<string, number>>) => readonly FaultPlan[]): Promise<Job[]> => {
    const jobs: Job[] = [];
    for (const workload of wanted) {
      const { counted } = await session.reference(workload, seed);
      jobs.push(...plansOf(counted).map((plan) => ({ workload, seed, plan })));
    }
    return jobs;
  };
  if (values.crashes) return withEach(crashPoints);
  if (values.faults !== undefined) {
    const all = await withEach(singleFaults);
    const step = Math.max(1, all.length / Number(values.faults));
    return all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  }
  if (values.plan !== undefined) return wanted.map((workload) => ({ workload, seed, plan: JSON.parse(values.plan ?? "[]") as FaultPlan }));
  const jobs: Job[] = [];
  for (let each = seed; each < seed + Number(values.runs); each += 1) {
    const workload = wanted[each % wanted.length];
    if (workload === undefined) continue;
    const { counted } = await session.reference(workload, referenceSeed);
    jobs.push({ workload, seed: each, plan: drawFaults(createSeededRandom(each, 9), counted, workload) });
  }
  return jobs;
};

const tell = async (session: Session, workload: Workload, verdict: Verdict, values: Options): Promise<void> => {
  const { run, wrong } = verdict;
  if (values.json) console.log(JSON.stringify({ workload: run.workload, seed: run.seed, plan: run.plan, wrong }));
  else console.log(`${await session.explain(workload, verdict)}\n`);
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options });
  if (values.help) return (console.log(usage), 0);
  if (values.list) return (console.log(workloads.map(({ name }) => name).join("\n")), 0);
  const startedAt = process.hrtime.bigint();
  const session = createSession();
  const [part = 1, parts = 1] = values.part.split("/").map(Number);
  const jobs = (await planned(values, session)).filter((_, index) => index % parts === part - 1);
  for (const { workload, seed, plan } of jobs) {
    const verdict = await session.run(workload, seed, plan);
    if (values.trace) console.log(verdict.run.trace.join("\n"));
    if (verdict.wrong.length > 0) await tell(session, workload, verdict, values);
    if (verdict.wrong.length > 0 && values["fail-fast"]) break;
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
