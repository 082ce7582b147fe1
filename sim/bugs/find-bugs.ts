// Plants one mistake after another in a process of its own and has it searched for; says which were found, and how. Never changes a file.
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { type SeededBug, seededBugs } from "#sim/bugs/seeded-bugs.ts";

const main = join(import.meta.dirname, "../main.ts");
const plant = pathToFileURL(join(import.meta.dirname, "plant-bug.ts")).href;

/** Seeds for each course of a bug: what is not found by then counts as not found. */
export const searchSeeds = 150;
const generatedSeeds = 60;

export interface Found {
  readonly bug: SeededBug;
  /** 1: the search has failed, as it should. Anything else is no finding. */
  readonly exitCode: number | null;
  readonly output: string;
  /** The same run of the product as it is, has nothing wrong. */
  readonly isSoundWithout: boolean;
}

const run = (args: readonly string[]): Promise<{ readonly exitCode: number | null; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", reject);
    child.once("close", (exitCode) => resolve({ exitCode, output }));
  });

/** Where a mistake is searched for: in the courses that it names, or in generated runs. */
export type Search = "courses" | "generated";

interface How {
  readonly args: (bug: SeededBug) => readonly string[];
  /** The arguments of the run that failed, as the output names it. */
  readonly replay: (output: string) => readonly string[] | undefined;
  readonly failed: string;
}

const searches: Readonly<Record<Search, How>> = {
  courses: {
    args: ({ courses }) => ["--search", String(searchSeeds), "--course", courses.join(",")],
    replay: (output) => {
      const [, where = "", plan] = /replay: npm run sim -- (--seed \d+ --course \S+) --plan '(.*)'/.exec(output) ?? [];
      return plan === undefined ? undefined : [...where.split(" "), "--plan", plan];
    },
    failed: "✗",
  },
  // Not made smaller: that takes longer than finding it.
  generated: {
    args: () => ["--generate", "--fail-fast", "--json", "--runs", String(generatedSeeds)],
    replay: (output) => {
      const line = output.split("\n").find((each) => each.startsWith('{"course":"generated"'));
      return line === undefined ? undefined : ["--generate", "--input", JSON.stringify((JSON.parse(line) as { plan: unknown }).plan)];
    },
    failed: '"wrong":',
  },
};

export const findBug = async (bug: SeededBug, search: Search): Promise<Found> => {
  const { args, replay, failed } = searches[search];
  const { exitCode, output } = await run(["--import", `${plant}?${encodeURIComponent(bug.name)}`, main, ...args(bug)]);
  const again = replay(output);
  if (again === undefined || !output.includes(failed)) return { bug, exitCode, output, isSoundWithout: false };
  const sound = await run([main, ...again]);
  return {
    bug,
    exitCode,
    output: sound.exitCode === 0 ? output : `${output}\nWITHOUT IT:\n${sound.output}`,
    isSoundWithout: sound.exitCode === 0,
  };
};

/** True where a run was judged wrong with the mistake and right without it: a process that could not start has found nothing. */
export const isFound = ({ exitCode, isSoundWithout }: Found): boolean => exitCode === 1 && isSoundWithout;

/** The exit code: 0 where every one of them was found. */
export const findBugs = async (nameContains: string, search: Search): Promise<number> => {
  const wanted = seededBugs.filter(({ name }) => name.includes(nameContains));
  let missed = 0;
  for (const bug of wanted) {
    const found = await findBug(bug, search);
    if (!isFound(found)) missed += 1;
    console.log(`${isFound(found) ? "found" : "NOT FOUND"}: ${bug.name} (${bug.file})\n${indented(found.output)}`);
  }
  console.log(`${wanted.length - missed} of ${wanted.length} mistakes found`);
  return missed === 0 && wanted.length > 0 ? 0 : 1;
};

const indented = (text: string): string => text.trim().replaceAll(/^/gm, "  ");
