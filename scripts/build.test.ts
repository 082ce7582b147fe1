import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "./build.ts";

const root = join(import.meta.dirname, "..");
let folder: string;
let files: readonly string[];

beforeAll(async () => {
  // Inside of the project, so that its npm packages are found.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "build-"));
  files = await build(root, folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the command and the thread in which it diagnoses are files of their own", () => {
  expect(files).toEqual(expect.arrayContaining(["main.js", "diagnosis-worker.js"]));
});

test("no type and no name of this project's folders is left, and npm packages stay outside", () => {
  for (const file of files) {
    const code = readFileSync(join(folder, file), "utf8");
    expect(code).not.toMatch(/(?:from |import\()"(?:#|[^"]*\.ts")/);
  }
  expect(readFileSync(join(folder, "main.js"), "utf8")).toContain('from "commander"');
});

test("it runs, and prints the manifests that the package is installed with", () => {
  const main = join(folder, "main.js");
  expect(execFileSync(process.execPath, [main, "--version"]).toString().trim()).toMatch(/^\d+\.\d+\.\d+$/);
  expect(execFileSync(process.execPath, [main, "install"], { maxBuffer: 64 * 1024 * 1024 }).toString()).toBe(
    readFileSync(join(root, "deploy/kintsugi.yaml"), "utf8"),
  );
});
