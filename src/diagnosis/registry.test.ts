import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { causes } from "#diagnosis/registry.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { createView } from "#diagnosis/view.ts";

test("every cause has a code of its own in PascalCase and says what it reads, what it means and what removes it", () => {
  const codes = causes.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  for (const cause of causes) {
    expect(cause.code).toMatch(/^([A-Z][a-z0-9]+)+$/);
    for (const text of [cause.reads, cause.means, cause.remedy]) expect(text).toMatch(/^[A-Za-z`][^{}]+\.$/s);
  }
});

test("of no evidence at all nothing is concluded", () => {
  const view = createView(evidence({}));
  expect(causes.flatMap((cause) => cause.find(view)).filter((each) => "found" in each)).toEqual([]);
});

test("every file under causes/ is registered through one of its exports", async () => {
  const folder = join(import.meta.dirname, "causes");
  expect(existsSync(folder)).toBe(true);
  const registered = new Set(causes.map(({ code }) => code));
  for (const file of readdirSync(folder).filter((name) => !/\.(?:test|cases)\.ts$/.test(name))) {
    const exported = Object.values((await import(join(folder, file))) as Record<string, unknown>).flat() as { code?: string }[];
    const found = exported.filter((each) => typeof each === "object" && each !== null && "find" in each);
    for (const each of found) expect(registered, `${file} exports ${each.code}, which the registry does not have`).toContain(each.code);
  }
});
