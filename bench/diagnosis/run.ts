// `npm run bench -- diagnosis`: how often the diagnosis of recorded cases is right, how sure it says it is, and how long it takes.
import process from "node:process";
import { parseArgs } from "node:util";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type CaseFolder, loadCase, withCases } from "#bench/diagnosis/cases.ts";
import { caseText, reportText, summaryOf } from "#bench/diagnosis/report.ts";
import { recordedEvidence } from "#bench/diagnosis/recorded/recorded-evidence.ts";
import { type Scored, scoreCase } from "#bench/diagnosis/score.ts";

const usage = `npm run bench -- diagnosis --cases <folder or .tar.xz> [--only <part of system/category/n>] [--rename] [--save <folder>] [--verbose] [--json]
  --cases    recorded cases, <system>/<category>/<n>/{metadata.json,tool_cache.json,raw_data}
  --only     only cases whose name starts with this; may be given more than once
  --save     write the evidence of each case into this folder, as a diagnosis can read it again
  --rename   diagnose each again with every workload, namespace and image renamed
  --verbose  print every case that is wrong; with --only, every case
  --json     the last line is one object`;

export const diagnosisBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      cases: { type: "string" },
      only: { type: "string", multiple: true },
      save: { type: "string" },
      rename: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  if (values.cases === undefined) {
    console.error(usage);
    return 2;
  }
  const only = values.only;
  return withCases(values.cases, async (folders) => {
    const chosen =
      only === undefined
        ? folders
        : folders.filter(({ name }) => only.some((start) => `${name}/`.startsWith(start.endsWith("/") ? start : `${start}/`)));
    if (chosen.length === 0) {
      console.error(`kintsugi bench: no case ${only === undefined ? "" : `named ${only.join(", ")} `}in ${values.cases}`);
      return 2;
    }
    const scored: Scored[] = [];
    for (const folder of chosen) {
      if (values.save !== undefined) saveEvidence(folder, values.save);
      const one = await scoreCase(folder, { renamed: values.rename ? "too" : "not" }, cpuMs);
      if (values.verbose && (only !== undefined || one.rank !== 1 || one.live.rank !== 1 || one.isRightRenamed === false))
        console.log(caseText(one));
      scored.push(one);
    }
    console.log(reportText(scored));
    if (values.json) console.log(JSON.stringify(summaryOf(scored)));
    return 0;
  });
};

/** Of this thread, so that neither a busy machine nor the compiler beside it counts: what one core would have needed. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

const saveEvidence = ({ name, path }: CaseFolder, folder: string): void => {
  const { recording } = loadCase(path);
  if (recording === undefined) return;
  const file = join(folder, `${name}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(recordedEvidence(recording), undefined, 2));
};
