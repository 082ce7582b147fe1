// Two lists of lines as hunks of a unified diff. Pure; bounded in time: very different texts are shown as replaced.
import type { Line } from "#actions/lines.ts";

export interface Hunk {
  /** The place of its first difference in the object. */
  readonly place: string;
  readonly lines: readonly string[];
}

interface Row {
  readonly sign: " " | "-" | "+";
  readonly line: Line;
}

const contextLines = 2;
/** Cells of the table of common parts: about 30 ms. */
const maxCells = 4_000_000;

export const hunksOf = (before: readonly Line[], after: readonly Line[]): Hunk[] => {
  const rows = rowsOf(before, after);
  const hunks: Hunk[] = [];
  for (let at = 0; at < rows.length;) {
    const first = rows.findIndex((row, index) => index >= at && row.sign !== " ");
    if (first < 0) break;
    let end = first;
    for (let index = first; index < rows.length && index <= end + 2 * contextLines + 1; index += 1)
      if (rows[index]?.sign !== " ") end = index;
    const shown = rows.slice(Math.max(at, first - contextLines), end + contextLines + 1);
    hunks.push({ place: rows[first]?.line.place || "object", lines: shown.map((row) => `${row.sign}${row.line.text}`) });
    at = end + contextLines + 1;
  }
  return hunks;
};

const rowsOf = (before: readonly Line[], after: readonly Line[]): Row[] => {
  let head = 0;
  while (head < before.length && head < after.length && same(before[head], after[head])) head += 1;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && same(before.at(-1 - tail), after.at(-1 - tail))) tail += 1;
  return [
    ...before.slice(0, head).map(kept),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(kept),
  ];
};

const kept = (line: Line): Row => ({ sign: " ", line });
const taken = (line: Line): Row => ({ sign: "-", line });
const given = (line: Line): Row => ({ sign: "+", line });
const same = (a: Line | undefined, b: Line | undefined): boolean => a?.text === b?.text && a?.place === b?.place;

/** The longest common part, found from the end, so that the walk from the front prefers to take before it gives. */
const middle = (before: readonly Line[], after: readonly Line[]): Row[] => {
  if (before.length * after.length > maxCells) return [...before.map(taken), ...after.map(given)];
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const cell = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      common[i * width + j] = same(before[i], after[j]) ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1));
  const rows: Row[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const a = before[i];
    const b = after[j];
    if (a !== undefined && b !== undefined && same(a, b)) {
      rows.push(kept(a));
      i += 1;
      j += 1;
    } else if (a !== undefined && (b === undefined || cell(i + 1, j) >= cell(i, j + 1))) {
      rows.push(taken(a));
      i += 1;
    } else if (b !== undefined) {
      rows.push(given(b));
      j += 1;
    } else return rows;
  }
};
