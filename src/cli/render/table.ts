// Rows in columns as kubectl prints them. Pure; on a terminal the columns that matter least are left out, so that a row stays on its line.
import { oneLine } from "#lib/plain-text.ts";
import { truncated } from "#lib/words.ts";
import { widthOf } from "#cli/render/text.ts";

export interface TableOptions {
  /** The terminal's width; undefined where the output is not a terminal: nothing is left out or cut then. */
  readonly columns?: number | undefined;
  /** Widths of an earlier part of the same table; 0 where a column was left out. */
  readonly widths?: readonly number[];
  /** How much each column matters, 0 the most; the last of the greatest number goes first. Default: the order of the columns. */
  readonly priorities?: readonly number[];
  /** A column that gives way before any is left out; the name, which is there to be copied, never. */
  readonly kept?: number;
}

const gap = "   ";
const narrowest = 12;

/** A width of 0 leaves the column out. */
export const columnWidths = (rows: readonly (readonly string[])[], options: TableOptions = {}): readonly number[] => {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widest = (at: number): number => Math.max(options.widths?.[at] ?? 0, ...rows.map((row) => widthOf(oneLine(row[at] ?? ""))));
  // What an earlier part left out stays out.
  const widths = Array.from({ length: count }, (_, at) => (options.widths?.[at] === 0 ? 0 : widest(at)));
  const { columns, kept } = options;
  if (columns === undefined) return widths;
  const priorityOf = (at: number): number => (at === 0 || at === kept ? -1 : (options.priorities?.[at] ?? at));
  while (total(widths) > columns) {
    const least = widths.reduce((best, width, at) => (width > 0 && priorityOf(at) >= priorityOf(best) ? at : best), 0);
    if (priorityOf(least) < 0) break;
    widths[least] = 0;
  }
  if (kept !== undefined) widths[kept] = Math.max(narrowest, (widths[kept] ?? 0) - Math.max(0, total(widths) - columns));
  return widths;
};

const total = (widths: readonly number[]): number => {
  const shown = widths.filter((width) => width > 0);
  return shown.reduce((sum, width) => sum + width, 0) + gap.length * Math.max(0, shown.length - 1);
};

export const renderRow = (row: readonly string[], widths: readonly number[]): string => {
  const shown = row.flatMap((cell, at) =>
    widths[at] === 0 ? [] : [{ text: truncated(oneLine(cell), widths[at] ?? Number.POSITIVE_INFINITY), width: widths[at] ?? 0 }],
  );
  return shown
    .map(({ text, width }, at) => (at === shown.length - 1 ? text : text + " ".repeat(Math.max(0, width - widthOf(text)))))
    .join(gap)
    .trimEnd();
};

export const renderTable = (header: readonly string[], rows: readonly (readonly string[])[], options: TableOptions = {}): string => {
  const widths = columnWidths([header, ...rows], options);
  return [header, ...rows].map((row) => `${renderRow(row, widths)}\n`).join("");
};
