// `npm run sim`: runs simulations and says what is wrong with them. The last line is the SHA-256 of all that happened: same seed, same line.
import process from "node:process";
import { parseArgs } from "node:util";
import { findBugs } from "#sim/bugs/find-bugs.ts";
import { createCrashPoints, drawFaults, singleFaults, staleStarts } from "#sim/fault-space.ts";
import type { FaultPlan } from "#sim/faults.ts";
import { createGeneratorSession, drawInputs, type GeneratorSession } from "#sim/generator/generate.ts";
import { inputLines } from "#sim/generator/input.ts";
import { isOwnWrite } from "#sim/record.ts";
import type { Simulated } from "#sim/run-once.ts";
import { createSeededRandom } from "#sim/seeded-random.ts";
import { createSession, referenceSeed, type Session, type Verdict } from "#sim/session.ts";
import { type Course, courses } from "#sim/courses.ts";

const usage = `npm run sim -- [options]
  --seed <n>        the first seed (1)
  --runs <n>        how many seeds from there (1)
  --course <name> only this one, or these, with commas between; otherwise each seed has its own
  --crashes         instead: kill before and after each write, of each course where courses differ
  --stale           instead: kill likewise, and start again from lists that are older
  --faults <n>      instead: n single faults, spread over all there are
  --search <n>      instead: each course without faults, then --stale, then each with faults of n seeds; stops at the first failure
  --plan <json>     instead: one run with exactly these faults
  --generate        instead: what happens is drawn from each seed, too: objects, alerts, people, policies, crashes and faults, and then a time
                    without faults in which everything has to end; a failure is printed with the smallest input that still fails
  --input <json>    with --generate: one run of exactly this input
  --bugs            instead: plants each mistake of sim/bugs in the product and searches until it is found; with --generate in generated runs
  --bug <text>      of these only the ones whose name has this
  --part <i/n>      only every n-th run, for several processes
  --fail-fast       stop at the first failure
  --trace           print what happened
  --json            one JSON line a failure and a summary
  --list            the courses
Exit code: 0 where nothing is wrong, 1 otherwise.`;

interface Job {
  readonly course: Course;
  readonly seed: number;
  readonly plan: FaultPlan;
}

const options = {
  seed: { type: "string", default: "1" },
  runs: { type: "string", default: "1" },
  course: { type: "string" },
  crashes: { type: "boolean", default: false },
  stale: { type: "boolean", default: false },
  faults: { type: "string" },
  search: { type: "string" },
  plan: { type: "string" },
  generate: { type: "boolean", default: false },
  input: { type: "string" },
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

const wantedOf = ({ course }: Options): readonly Course[] => {
  if (course === undefined) return courses;
  return course.split(",").map((wanted) => {
    const found = courses.find(({ name }) => name === wanted);
    if (found === undefined) throw new Error(`there is no course ${wanted}: see --list`);
    return found;
  });
};

/** Made one after the other, since most of them need a run without faults to be drawn from. */
async function* planned(values: Options, session: Session): AsyncGenerator<Job, void> {
  const wanted = wantedOf(values);
  const seed = Number(values.seed);
  const drawn = async (each: number, course: Course): Promise<Job> => {
    const { counted } = await session.reference(course, referenceSeed);
    return { course, seed: each, plan: drawFaults(createSeededRandom(each, 9), counted, course) };
  };
  const withEach = async (
    plansOf: (reference: Simulated, course: Course) => readonly FaultPlan[],
    seeds: readonly number[] = [seed],
  ): Promise<Job[]> => {
    const jobs: Job[] = [];
    for (const each of seeds)
      for (const course of wanted) {
        const reference = await session.reference(course, each);
        jobs.push(...plansOf(reference, course).map((plan) => ({ course, seed: each, plan })));
      }
    return jobs;
  };
  const stale = ({ counted }: Simulated): readonly FaultPlan[] => staleStarts(counted);
  if (values.stale) return yield* await withEach(stale);
  if (values.crashes) {
    const pointsOf = createCrashPoints();
    return yield* await withEach(({ counted, writes }, { environment, replicas }) =>
      pointsOf({ counted, productWrites: writes.filter(isOwnWrite), start: `${environment} ${replicas}` }),
    );
  }
  if (values.faults !== undefined) {
    const all = await withEach(({ counted }) => singleFaults(counted));
    const step = Math.max(1, all.length / Number(values.faults));
    return yield* all.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
  }
  const { plan } = values;
  if (plan !== undefined) return yield* wanted.map((course) => ({ course, seed, plan: JSON.parse(plan) as FaultPlan }));
  if (values.search !== undefined) {
    yield* wanted.map((course): Job => ({ course, seed: referenceSeed, plan: [] }));
    // Which lists are old is drawn from the seed.
    yield* await withEach(stale, [seed, seed + 1, seed + 2, seed + 3]);
    for (let each = seed; each < seed + Number(values.search); each += 1) for (const course of wanted) yield await drawn(each, course);
    return;
  }
  for (let each = seed; each < seed + Number(values.runs); each += 1) {
    const course = wanted[each % wanted.length];
    if (course !== undefined) yield await drawn(each, course);
  }
}

const report = async (session: Session, course: Course, verdict: Verdict, values: Options): Promise<void> => {
  const { run, wrong } = verdict;
  if (values.json) console.log(JSON.stringify({ course: run.course, seed: run.seed, plan: run.plan, wrong }));
  else console.log(`${await session.explain(course, verdict)}\n`);
};

/** Which of the runs this process takes. */
const isMine = ({ part }: Options): ((index: number) => boolean) => {
  const [own = 1, parts = 1] = part.split("/").map(Number);
  return (index) => index % parts === own - 1;
};

const runCourses = async (values: Options, session: Session): Promise<void> => {
  const mine = isMine(values);
  let index = -1;
  for await (const { course, seed, plan } of planned(values, session)) {
    index += 1;
    if (!mine(index)) continue;
    const verdict = await session.run(course, seed, plan);
    if (values.trace) console.log(verdict.run.trace.join("\n"));
    if (verdict.wrong.length > 0) await report(session, course, verdict, values);
    if (verdict.wrong.length > 0 && (values["fail-fast"] || values.search !== undefined)) return;
  }
};

const runGenerated = async (values: Options, session: GeneratorSession): Promise<void> => {
  const mine = isMine(values);
  let index = -1;
  for (const input of drawInputs(Number(values.seed), Number(values.runs), values.input)) {
    index += 1;
    if (!mine(index)) continue;
    const run = await session.run(input);
    if (values.trace) console.log([...inputLines(input), ...run.trace].join("\n"));
    if (run.wrong.length === 0) {
      if (process.stderr.isTTY) process.stderr.write(`\rseed ${input.seed}: ${session.runs} runs, ${session.failures} failed`);
      continue;
    }
    if (values.json) console.log(JSON.stringify({ course: "generated", seed: input.seed, plan: run.struck, wrong: run.wrong }));
    else console.log(`${await session.explain(run)}\n`);
    if (values["fail-fast"]) return;
  }
};

const main = async (): Promise<number> => {
  const { values } = parseArgs({ options });
  if (values.help) return (console.log(usage), 0);
  if (values.list) return (console.log(courses.map(({ name }) => name).join("\n")), 0);
  if (values.bugs || values.bug !== undefined) return findBugs(values.bug ?? "", values.generate ? "generated" : "courses");
  const startedAt = process.hrtime.bigint();
  const generated = values.generate ? createGeneratorSession() : undefined;
  const session = createSession();
  if (generated === undefined) await runCourses(values, session);
  else await runGenerated(values, generated);
  const { runs, failures, struck, writes } = generated ?? session;
  const hash = (generated ?? session).hash();
  const perSecond = Number((runs / (Number(process.hrtime.bigint() - startedAt) / 1e9)).toFixed(1));
  const { user, system } = process.cpuUsage();
  const cpuSeconds = Number(((user + system) / 1e6).toFixed(1));
  if (values.json) console.log(JSON.stringify({ runs, failures, struck, writes, perSecond, cpuSeconds, hash }));
  else {
    console.log(
      `${runs} runs, ${struck} faults struck, ${writes} writes, ${failures} failed; ${perSecond} runs a second, ${cpuSeconds} s of CPU`,
    );
    if (generated !== undefined)
      console.log(
        [...generated.ends]
          .map(([end, count]) => `${end} ${count}`)
          .toSorted()
          .join(", "),
      );
    console.log(`sha256 ${hash}`);
  }
  return failures === 0 ? 0 : 1;
};

// What is still running in a simulated process waits for a clock that has stopped: nothing of it may keep this one alive.
process.exit(await main());
