import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { regexFindings, superlinearRegexes } from "./check-regexes.ts";

const found = (source: string): string[] => regexFindings("src/lib/x.ts", source).map(({ line, finding }) => `${line}: ${finding}`);

test("a slow expression is found at its place, with any types around it", () => {
  const source = ["export const f = (text: string): string =>", "  text", '    .replace(/\\s+$/, "");'].join("\n");
  expect(found(source)).toEqual(['3: /\\s+$/ is not linear: "\\s" repeats and may begin anywhere in what it reads']);
});

test("an expression that is built is judged with its constants and with any escaped text", () => {
  expect(found('const word = "[a-z]+"; new RegExp(`^${word}$`); RegExp("^" + word, "i");')).toEqual([]);
  expect(found('const word = String.raw`\\d+`; export const p = new RegExp(`${word};`, "g");')).toHaveLength(1);
  expect(found("const f = (name: string) => new RegExp(`(?<!x)${escaped(name)}(?!x)`);")).toEqual([]);
});

test("an expression that is built from any other text is refused", () => {
  expect(found("const f = (name: string) => new RegExp(`x${name}`);")).toEqual([
    "1: a RegExp is built from text that is neither constant nor escaped()",
  ]);
});

test("the check fails on a slow expression in any file of src, tests aside", () => {
  const root = mkdtempSync(join(tmpdir(), "regexes-"));
  try {
    for (const path of ["src/lib/a.ts", "src/lib/a.test.ts"]) {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), "export const slow = /,+$/;\n");
    }
    expect(superlinearRegexes(root).filter((each) => each.startsWith("src/"))).toEqual([
      'src/lib/a.ts:1: /,+$/ is not linear: "," repeats and may begin anywhere in what it reads',
    ]);
    // The list of allowed expressions holds nothing that is not there.
    expect(superlinearRegexes(root).filter((each) => each.includes("remove it from the list"))).not.toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
