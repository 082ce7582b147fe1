// The process as a shell sees it: what only a real one can show.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";

const main = join(import.meta.dirname, "../src/main.ts");

test("when the reader of a pipe goes away, it ends silently with the code of SIGPIPE", async () => {
  const child = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.destroy();
  const said = text(child.stderr);
  const [code] = await once(child, "exit");
  expect({ code: code as unknown, said: await said }).toEqual({ code: 141, said: "" });
});

test.runIf(process.platform === "linux")("a full disk is one sentence and exit code 2, not the code for findings", async () => {
  const full = openSync("/dev/full", "w");
  const child = spawn(process.execPath, [main, "--help"], { stdio: ["ignore", full, "pipe"] });
  const said = text(child.stderr!);
  const [code] = await once(child, "exit");
  expect({ code: code as unknown, said: await said }).toEqual({
    code: 2,
    said: "kintsugi: cannot write the output: no space left on device\n",
  });
});

test.each([
  ["{}", "kintsugi: stdin cannot be read as evidence: it is not evidence of the form "],
  ["", "kintsugi: stdin cannot be read as evidence: it is not valid JSON "],
])("diagnose --from - reads %j from stdin", async (content, sentence) => {
  const child = spawn(process.execPath, [main, "diagnose", "--from", "-"], { stdio: ["pipe", "ignore", "pipe"] });
  const said = text(child.stderr);
  child.stdin.end(content);
  const [code] = await once(child, "exit");
  expect(code).toBe(2);
  expect(await said).toContain(sentence);
});

describe("what is loaded", () => {
  /** Files of the project and of its packages that a run of the program loads. */
  const loaded = async (...args: readonly string[]): Promise<readonly string[]> => {
    const hook = `import { registerHooks } from "node:module"; registerHooks({ load(url, context, next) { process.stderr.write(url + "\\n"); return next(url, context); } });`;
    const child = spawn(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, main, ...args], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const lines = (await text(child.stderr)).split("\n");
    return [...new Set(lines.filter((line) => line.startsWith("file:")))];
  };

  test.each([["--help"], ["--version"], ["version", "--client"]])("%s %s loads the program and no command's work", async (...args) => {
    const files = await loaded(...args.filter((each) => each !== undefined));
    // commander is eight files of its own.
    expect(files.length, files.join("\n")).toBeLessThanOrEqual(30);
    expect(files.filter((file) => /\/(?:zod|yaml|pino|hono)\/|src\/(?:kube|evidence|diagnosis|controllers)\//.test(file))).toEqual([]);
  });

  test("doctor --help does not load the controllers", async () => {
    expect((await loaded("doctor", "--help")).filter((file) => file.includes("src/controllers/"))).toEqual([]);
  });
});
