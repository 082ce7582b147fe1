// The small parts of rendering: durations, columns, paths, wrapping, and what must never reach a terminal.
import { describe, expect, test } from "vitest";

import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { ageText, durationText, offsetText } from "#lib/duration.ts";
import { valuesAt } from "#cli/render/json-path.ts";
import { headerOf, rowOf } from "#cli/render/kind-table.ts";
import { columnWidths, renderRow, renderTable } from "#cli/render/table.ts";
import { createPaint, widthOf, wrapped } from "#cli/render/text.ts";
import { listed, truncated } from "#lib/words.ts";
import { oneLine, plainText } from "#lib/plain-text.ts";
import { remediatedSample, sampleStart } from "#test/sample-requests.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

test.each([
  [0, "0ms"],
  [850, "850ms"],
  [4200, "4.2s"],
  [5000, "5s"],
  [9_990, "10s"],
  [38_000, "38s"],
  [59_700, "1m"],
  [125 * second, "2m 5s"],
  [3 * hour + 4 * minute + 59 * second, "3h 4m"],
  [51 * hour, "2d 3h"],
  [-75 * second, "-1m 15s"],
])("%d ms read as %s", (ms, text) => expect(durationText(ms)).toBe(text));

test.each([
  [-5, "0s"],
  [119 * second, "119s"],
  [120 * second, "2m"],
  [2 * hour, "2h"],
  [48 * hour, "2d"],
])("an age of %d ms is written as kubectl writes it: %s", (ms, text) => expect(ageText(ms)).toBe(text));

test("an offset carries its sign", () => {
  expect([offsetText(0), offsetText(1500), offsetText(-1500)]).toEqual(["+0s", "+1.5s", "-1.5s"]);
});

describe("printer columns", () => {
  const object = { a: { "b.c": [{ d: 1 }, { d: 2 }, {}] }, n: null };
  test.each([
    [".a.b\\.c[*].d", [1, 2]],
    [".a.b\\.c[1].d", [2]],
    [".a.b\\.c[7].d", []],
    [".a.x.y", []],
    [".n", []],
    [".a[0]", []],
    [".constructor", []],
  ])("%s", (path, values) => expect(valuesAt(object, path)).toEqual(values));

  test("a row has as many cells as the header, wide or not, and an age for a date", () => {
    const { request } = remediatedSample();
    for (const width of ["normal", "wide"] as const)
      expect(rowOf(RemediationRequest, request, width, sampleStart)).toHaveLength(headerOf(RemediationRequest, width).length);
    expect(rowOf(RemediationRequest, request, "normal", sampleStart + hour).at(-1)).toBe("60m");
    const undated = { ...request, metadata: { ...request.metadata, creationTimestamp: "soon" } };
    expect(rowOf(RemediationRequest, undated, "normal", sampleStart).at(-1)).toBe("");
  });
});

describe("tables", () => {
  const rows = [
    ["rr-000000000000-1", "a long message that goes on and on"],
    ["rr-2", "short"],
  ];
  test("are as wide as their content without a terminal", () => {
    expect(renderTable(["NAME", "MESSAGE"], rows)).toBe(
      "NAME                MESSAGE\nrr-000000000000-1   a long message that goes on and on\nrr-2                short\n",
    );
  });
  test("leave out what matters least until a row fits the terminal, and cut no cell that stays", () => {
    const row = ["rr-000000000000-1", "KubePodCrashLooping", "AwaitingApproval", "5m"];
    const lines = renderTable(["NAME", "ALERT", "PHASE", "AGE"], [row], { columns: 50, priorities: [0, 4, 0, 3] })
      .trimEnd()
      .split("\n");
    expect(lines[1]).toBe("rr-000000000000-1   AwaitingApproval   5m");
    const narrow = renderTable(["NAME", "ALERT", "PHASE", "AGE"], [row], { columns: 20, priorities: [0, 4, 0, 3] });
    expect(narrow).toContain("rr-000000000000-1");
    expect(narrow).not.toContain("KubePodCrash");
  });
  test("cut the one column that is kept, and never the name", () => {
    const lines = renderTable(["NAME", "MESSAGE"], rows, { columns: 40, kept: 1 }).trimEnd().split("\n");
    expect(lines.map(widthOf)).toEqual([27, 40, 25]);
    expect(lines[1]).toBe("rr-000000000000-1   a long message that…");
    expect(renderTable(["NAME"], [["x".repeat(50)]], { columns: 20 })).toContain("x".repeat(50));
    expect(columnWidths([["n".repeat(30), "m".repeat(30)]], { columns: 20, kept: 1 })).toEqual([30, 12]);
  });
  test("a column that an earlier part left out stays out", () => {
    const first = columnWidths([["rr-000000000000-1", "KubePodCrashLooping"]], { columns: 30 });
    expect(columnWidths([["rr-2", "A"]], { columns: 30, widths: first })[1]).toBe(0);
  });
  test("a cell is one line, whatever it holds", () => {
    expect(renderRow(["a\nb\u001b[2J", "c"], [3, 1])).toBe("a b   c");
  });
  test("nothing at all is no line", () => expect(columnWidths([])).toEqual([]));
});

describe("text out of a cluster", () => {
  test.each([
    ["colours and screen codes", "\u001b[31mred\u001b[0m\u001b[2J", "red"],
    ["titles, bells and backspaces", "a\u0007b\u0008c\u009b31m", "abc31m"],
    ["marks that reorder what is read", "ab\u202ecd\u2066ef\u200f", "abcdef"],
    ["carriage returns that overwrite a line", "good\rbad ", "goodbad "],
  ])("loses %s", (_, text, clean) => expect(plainText(text)).toBe(clean));
  test("keeps its lines and tabs", () => expect(plainText("a\n\tb")).toBe("a\n\tb"));
  test("becomes one line", () => expect(oneLine(" a\n\n b\t c ")).toBe("a b c"));
});

test("wrapping breaks at spaces and keeps names whole", () => {
  expect(wrapped("one two three\nfour", 7)).toEqual(["one two", "three", "four"]);
  expect(wrapped("a kintsugi-act-rollback-deployment b", 10)).toEqual(["a", "kintsugi-act-rollback-deployment", "b"]);
});

test("cutting counts letters, not bytes", () => {
  expect(truncated("äöüß", 4)).toBe("äöüß");
  expect(truncated("🙂🙂🙂", 2)).toBe("🙂…");
});

test("lists read as sentences", () => {
  expect([listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")]).toEqual(["", "a", "a and b", "a, b or c"]);
});

test("colours take no width, and nothing is painted where they are off", () => {
  expect(widthOf(createPaint({ color: true }).red("abc"))).toBe(3);
  const { bold, dim, red, green, yellow, cyan } = createPaint({ color: false });
  for (const paint of [bold, dim, red, green, yellow, cyan]) expect(paint("abc")).toBe("abc");
});
