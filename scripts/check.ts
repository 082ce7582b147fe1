// `npm run check`: types, import table, regular expressions, words, lint, format, generated files. Prints what each found; exits 1 if any found something.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { forbiddenImports } from "./check-imports.ts";
import { avoidedInProject } from "./check-words.ts";
import { superlinearRegexes } from "./check-regexes.ts";
import { staleFiles } from "./generate.ts";

const root = join(import.meta.dirname, "..");

const run = (command: string, ...args: string[]): string[] => {
  const result = spawnSync(join(root, "node_modules/.bin", command), args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (result.error !== undefined) return [`${command}: ${result.error.message}`];
  return result.status === 0 ? [] : [`${result.stdout}${result.stderr}`.trim()];
};

const checks: readonly (readonly [name: string, find: () => string[]])[] = [
  ["types", () => run("tsc", "--project", ".")],
  ["import table", () => forbiddenImports(root)],
  ["regular expressions", () => superlinearRegexes(root)],
  ["words", () => avoidedInProject(root)],
  ["lint", () => run("oxlint", "--type-aware", "--deny-warnings")],
  ["format", () => run("oxfmt", "--check", ".")],
  ["generated files", () => staleFiles(root).map((path) => `${path} is not what its source says: run npm run generate`)],
];

let failed = false;
for (const [name, find] of checks) {
  const findings = find();
  console.log(`${findings.length === 0 ? "ok  " : "FAIL"} ${name}`);
  for (const finding of findings) console.log(finding);
  if (findings.length > 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
