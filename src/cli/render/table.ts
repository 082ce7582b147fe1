// Rows in columns as kubectl prints them. Pure; on a terminal the widest column gives way so that a row stays on its line.
import { oneLine, truncated, widthOf } from "#cli/render/text.ts";

export interface TableOptions {
  /** The terminal's width; undefined where the output is not a terminal: nothing is cut then. */
  readonly columns?: number | undefined;
  /** Widths of an earlier part of the same table. */
  readonly widths?: readonly number[];
}

const gap = "   ";
const narrowest = 12;

export const columnWidths = (rows: readonly (readonly string[])[], options: TableOptions = {}): readonly number[] => {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(options.widths?.[at] ?? 0, ...rows.map((row) => widthOf(oneLine(row[at] ?? "")))),
  );
  if (options.columns === undefined) return widths;
  // The first column is the name: it is there to be copied and is never cut.
  for (let excess = total(widths) - options.columns; excess > 0;) {
    const widest = widths.reduce((best, width, at) => (at > 0 && width > (widths[best] ?? 0) ? at : best), Math.min(1, count - 1));
    const width = widths[widest] ?? 0;
    if (widest === 0 || width <= narrowest) break;
    widths[widest] = width - 1;
    excess -= 1;
  }
  return widths;
};

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, widths.length - 1);

export const renderRow = (row: readonly string[], widths: readonly number[]): string =>
  row
    .map((cell, at) => {
      const text = truncated(oneLine(cell), widths[at] ?? Number.POSITIVE_INFINITY);
      return at === row.length - 1 ? text : text + " ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(text)));
    })
    .join(gap)
    .trimEnd();

export const renderTable = (header: readonly string[], rows: readonly (readonly string[])[], options: TableOptions = {}): string => {
  const widths = columnWidths([header, ...rows], options);
  return [header, ...rows].map((row) => `${renderRow(row, widths)}\n`).join("");
};
