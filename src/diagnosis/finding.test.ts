// What a score is made of, what removes a cause, and how durations read.
import { describe, expect, test } from "vitest";
import { durationText } from "#diagnosis/explain.ts";
import { scoreOf } from "#diagnosis/finding.ts";
import { moreMemory, undoRelease } from "#diagnosis/remedies.ts";
import type { TemplateRevision } from "#cluster/revisions.ts";
import { target } from "#test/scene.ts";

const revision = (number: number): TemplateRevision => ({
  revision: number,
  name: `web-${number}`,
  isCurrent: number === 7,
  releasedAt: "2027-03-01T13:00:00Z",
  replicas: 1,
  ready: 1,
  template: { spec: { containers: [] } },
});

describe("from a cause to its remedies", () => {
  const release = { current: revision(7), previous: revision(5) };
  test("a bad revision goes back, with the revision frozen", () => {
    expect(undoRelease({ reference: target }, release)).toMatchObject([
      { action: "rollback_deployment", target, parameters: { revision: "5" } },
    ]);
  });
  test("only a Deployment can", () => {
    const reference = { ...target, kind: "StatefulSet" };
    expect(undoRelease({ reference }, release)).toEqual([]);
  });
  test.each([
    ["64Mi", "128Mi"],
    ["0.5Gi", "1Gi"],
    ["100M", "200M"],
    ["1.3Gi", "2.6Gi"],
    ["67108864", "134217728"],
  ])("a limit of %s becomes %s", (before, after) => {
    expect(moreMemory({ reference: target }, { container: "web", limit: before, factor: 2 })).toMatchObject([
      { parameters: { container: "web", memory: after } },
    ]);
  });
  test.each(["1e3", "lots", "-1Mi", ""])("a limit of “%s” is left to a person", (limit) => {
    expect(moreMemory({ reference: target }, { container: "web", limit, factor: 2 })).toEqual([]);
  });
});

describe("the score", () => {
  const yes = { holds: true, weight: 1 };
  const no = { holds: false, weight: 1 };
  const unknown = { holds: "unknown" as const, weight: 1 };
  test.each([
    ["is 0.6 for the conditions alone", [no], 0.6],
    ["is 1 where every support holds", [yes, yes], 1],
    ["counts by weight", [{ ...yes, weight: 3 }, no], 0.9],
    ["counts the unknown half", [unknown], 0.8],
    ["needs no support at all", [], 0.6],
  ])("%s", (_name, supports, score) => {
    expect(scoreOf(supports)).toEqual(score);
  });
  test.each([
    [1, 0.8],
    [2, 0.7],
  ])("of a cause of generality %d is at most %d", (generality, score) => {
    expect(scoreOf([yes, yes], generality)).toBe(score);
  });
});

test.each([
  [500, "500 ms"],
  [90_000, "90 s"],
  [600_000, "10 min"],
  [14_400_000, "4 h"],
  [259_200_000, "3 d"],
])("%d ms reads %s", (ms, text) => expect(durationText(ms)).toBe(text));
