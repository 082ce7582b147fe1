import { describe, expect, test } from "vitest";
import type { Facts, Finding } from "#diagnosis/finding.ts";
import { judge } from "#diagnosis/finding.ts";
import { durationText } from "#diagnosis/explain.ts";
import { repairsFor } from "#diagnosis/repairs.ts";
import { target } from "#test/scene.ts";

const finding = (facts: Facts): Finding => ({
  code: "ReleaseCrashes",
  object: target,
  score: 0.8,
  summary: "",
  chain: [],
  quotes: [],
  facts,
});
const limit = (quantity: string): Facts => ({ kind: "smallLimit", container: "web", limit: quantity });

describe("from a cause to a repair", () => {
  test("a bad revision goes back, with the revision frozen", () => {
    expect(repairsFor(finding({ kind: "badRevision", revision: 7, lastGood: 5 }), target)).toMatchObject({
      repairs: [{ action: "rollback_deployment", target, parameters: { revision: "5" }, score: 0.8 }],
    });
  });
  test("only a Deployment can", () => {
    const answer = repairsFor(finding({ kind: "badRevision", revision: 7, lastGood: 5 }), { ...target, kind: "StatefulSet" });
    expect(answer).toEqual({ person: "fix the template of the StatefulSet" });
  });
  test.each([
    ["64Mi", "128Mi"],
    ["0.5Gi", "1Gi"],
    ["100M", "200M"],
    ["1.3Gi", "2.6Gi"],
    ["67108864", "134217728"],
  ])("a limit of %s becomes %s", (before, after) => {
    expect(repairsFor(finding(limit(before)), target)).toMatchObject({ repairs: [{ parameters: { container: "web", memory: after } }] });
  });
  test.each(["1e3", "lots", "-1Mi", ""])("a limit of “%s” is left to a person", (text) => {
    expect(repairsFor(finding(limit(text)), target)).toHaveProperty("person");
  });
  test("where a person is needed, the reason is told", () => {
    expect(repairsFor(finding({ kind: "person", why: "because" }), target)).toEqual({ person: "because" });
  });
});

describe("the score", () => {
  const seen = { claim: "seen", holds: true } as const;
  test.each([
    ["is 0.6 for what must be seen alone", [{ claim: "a", holds: false as const }], 0.6],
    ["is 1 where all that could support it does", [seen, seen], 1],
    [
      "counts by weight",
      [
        { ...seen, weight: 3 },
        { claim: "a", holds: false as const, weight: 1 },
      ],
      0.9,
    ],
    ["counts the unknown half", [{ claim: "a", holds: "unknown" as const }], 0.8],
    ["needs no support at all", [], 0.6],
  ])("%s", (_name, supporting, score) => {
    expect(judge("ReleaseCrashes", { required: [seen], against: [], supporting })).toEqual({ score });
  });
  test("there is none where something that must be seen is not, or is not known", () => {
    const of = (holds: boolean | "unknown") =>
      judge("ReleaseCrashes", { required: [seen, { claim: "it crashed", holds }], against: [], supporting: [] });
    expect(of(false)).toEqual({ ruledOut: { code: "ReleaseCrashes", reason: "not seen: it crashed", closeness: 0.5 } });
    expect(of("unknown")).toEqual({ ruledOut: { code: "ReleaseCrashes", reason: "it is not known whether it crashed", closeness: 0.5 } });
  });
  test("one claim against it outweighs everything; an unknown one does not", () => {
    const of = (holds: boolean | "unknown") =>
      judge("ReleaseCrashes", { required: [seen], against: [{ claim: "no", holds }], supporting: [seen] });
    expect(of(true)).toEqual({ ruledOut: { code: "ReleaseCrashes", reason: "no", closeness: 1 } });
    expect(of("unknown")).toEqual({ score: 1 });
  });
});

test.each([
  [500, "500 ms"],
  [90_000, "90 s"],
  [600_000, "10 min"],
  [14_400_000, "4 h"],
  [259_200_000, "3 d"],
])("%d ms reads %s", (ms, text) => expect(durationText(ms)).toBe(text));
