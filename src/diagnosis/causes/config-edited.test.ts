import { expect, test } from "vitest";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { cases } from "#diagnosis/causes/releases.cases.ts";

const holds = cases.ConfigEdited!.holds;
const edit = {
  object: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "settings" },
  at: "2027-03-01T13:57:00.000Z",
  by: "kubectl",
  field: "data[level]",
  kind: "changed" as const,
  before: "2",
  after: "two",
};
const quotesWith = (...changes: readonly object[]): readonly string[] =>
  diagnoseCluster(evidence({ ...holds, changes: changes as (typeof edit)[] })).findings.flatMap(({ code, quotes }) =>
    code === "ConfigEdited" ? quotes.filter(({ source }) => source === "change").map(({ quote }) => quote) : [],
  );

test("what the journal saw of the edit is quoted, and neither earlier edits nor labels are", () => {
  const earlier = { ...edit, at: "2027-03-01T12:00:00.000Z", before: "1", after: "2" };
  expect(quotesWith(edit, earlier, { ...edit, field: "metadata.labels[team]" })).toEqual([
    expect.stringMatching(/^content last changed 2027-03-01T13:57:00Z/),
    "data[level]: 2 → two",
  ]);
});

test("a key that is new was nothing before", () => {
  const { before: _before, ...added } = edit;
  expect(quotesWith(added)).toContain("data[level]: nothing → two");
});

test("without a journal the time and the keys are all that is known", () => expect(quotesWith()).toHaveLength(1));
