import { expect, test } from "vitest";
import { everydayFaults } from "#scenarios/faults/everyday-faults.ts";
import type { Fault } from "#scenarios/faults/fault.ts";
import { scenarioFaults } from "#scenarios/faults/scenario-faults.ts";
import { parseAllDocuments } from "yaml";

const all: readonly Fault[] = [...everydayFaults, ...scenarioFaults];

test("every fault has a namespace of its own", () => {
  const names = all.map(({ name }) => name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test.each(all)("the manifests of $name are objects", ({ before, after = "" }) => {
  for (const document of parseAllDocuments([before, after].filter((text) => text !== "").join("\n---\n")))
    expect(document.toJSON()).toMatchObject({
      apiVersion: expect.any(String),
      kind: expect.any(String),
      metadata: { name: expect.any(String) },
    });
});

test("no name gives its cause away", () => {
  for (const { name, cause } of all) for (const code of cause?.codes ?? []) expect(name.toLowerCase()).not.toContain(code.toLowerCase());
});
