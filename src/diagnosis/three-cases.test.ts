// Every cause there is, asked together with all others: told where it holds, silent where its nearest neighbour holds, silent where it is contradicted.
import { describe, expect, test } from "vitest";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { causes } from "#diagnosis/registry.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { admission } from "#test/three-cases/admission.ts";
import { controllers } from "#test/three-cases/controllers.ts";
import { databases } from "#test/three-cases/databases.ts";
import { nodes } from "#test/three-cases/nodes.ts";
import { probes } from "#test/three-cases/probes.ts";
import { releases } from "#test/three-cases/releases.ts";
import { waiting } from "#test/three-cases/waiting.ts";
import { ways } from "#test/three-cases/ways.ts";
import type { ThreeCases } from "#test/three-cases/three-cases.ts";

const families = [admission, controllers, databases, nodes, probes, releases, waiting, ways];
const table: Readonly<Record<string, ThreeCases>> = Object.assign({}, ...families);
const told = (parts: Partial<Evidence>): string[] => diagnoseCluster(evidence(parts)).findings.map(({ code }) => code);

test("every cause stands in the table, once", () => {
  expect(families.flatMap((family) => Object.keys(family)).toSorted()).toEqual(causes.map(({ code }) => code).toSorted());
});

describe.each(Object.entries(table))("%s", (code, { holds, neighbour, contradicted }) => {
  test("is told where it holds, and nothing else is", () => {
    expect(told(holds)).toEqual([code]);
  });
  test(`is not told where ${neighbour} holds`, () => {
    expect(neighbour).not.toBe(code);
    const neighbours = told(table[neighbour]!.holds);
    expect(neighbours).toContain(neighbour);
    expect(neighbours).not.toContain(code);
  });
  test("is not told where it is contradicted", () => {
    expect(told(contradicted)).not.toContain(code);
  });
});
