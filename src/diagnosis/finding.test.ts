// What a score is made of, what removes a cause, and how durations read.
import { describe, expect, test } from "vitest";
import { durationText } from "#diagnosis/explain.ts";
import { judge } from "#diagnosis/finding.ts";
import { moreMemory } from "#diagnosis/more-memory.ts";
import { undoRelease } from "#diagnosis/previous-revision.ts";
import type { Revision } from "#evidence/revisions.ts";
import { target } from "#test/scene.ts";

const revision = (number: number): Revision => ({
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
    expect(undoRelease({ reference: target }, release)).toMatchObject({
      remedies: [{ action: "rollback_deployment", target, parameters: { revision: "5" } }],
    });
  });
  test("only a Deployment can", () => {
    const reference = { ...target, kind: "StatefulSet" };
    expect(undoRelease({ reference }, release)).toEqual({ remedies: [], otherwise: "fix the template of the StatefulSet" });
  });
  test.each([
    ["64Mi", "128Mi"],
    ["0.5Gi", "1Gi"],
    ["100M", "200M"],
    ["1.3Gi", "2.6Gi"],
    ["67108864", "134217728"],
  ])("a limit of %s becomes %s", (before, after) => {
    const { remedies } = moreMemory({ reference: target }, "web", before);
    expect(remedies).toMatchObject([{ parameters: { container: "web", memory: after } }]);
  });
  test.each(["1e3", "lots", "-1Mi", ""])("a limit of “%s” is left to a person", (text) => {
    expect(moreMemory({ reference: target }, "web", text)).toMatchObject({
      remedies: [],
      otherwise: expect.stringMatching(/^raise the memory limit/) as string,
    });
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
