// Lines of a page for people: headings, paragraphs, points, quotes, diffs. Pure; cleans every text it is given of what could steer a terminal.
import { oneLine, plainText } from "#lib/plain-text.ts";
import { type Paint, widthOf, wrapped } from "#cli/render/text.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

export interface Page {
  readonly width: number;
  readonly paint: Paint;
}

const step = "  ";
const indent = (depth: number): string => step.repeat(depth);

/** Wrapped under its own first word. `lead` is a bullet, a number or a label. */
export const point = (
  page: Page,
  depth: number,
  lead: string,
  text: string,
  style: (text: string) => string = (each) => each,
): readonly string[] => {
  if (text.trim() === "") return [];
  const margin = indent(depth);
  const hanging = " ".repeat(margin.length + (lead === "" ? 0 : widthOf(lead) + 1));
  const lines = wrapped(oneLine(text), Math.max(24, page.width - hanging.length));
  return lines.map((line, at) => `${at > 0 || lead === "" ? hanging : `${margin}${lead} `}${style(line)}`);
};

export const paragraph = (page: Page, depth: number, text: string, style?: (text: string) => string): readonly string[] =>
  point(page, depth, "", text, style);

export const section = (page: Page, title: string, body: readonly string[]): readonly string[] =>
  body.length === 0 ? [] : ["", page.paint.bold(title), ...body];

/** Verbatim, line by line and unwrapped, behind a bar. */
export const quote = (page: Page, depth: number, text: string): readonly string[] =>
  trimmedEnd(plainText(text), "\n")
    .split("\n")
    .map((line) => `${indent(depth)}${page.paint.dim("│")} ${line}`);

export const diffLines = (page: Page, depth: number, diff: string): readonly string[] =>
  trimmedEnd(plainText(diff), "\n")
    .split("\n")
    .map((line) => `${indent(depth)}${diffStyle(page, line)(line)}`);

const diffStyle = (page: Page, line: string): ((text: string) => string) => {
  if (line.startsWith("+")) return page.paint.green;
  if (line.startsWith("-")) return page.paint.red;
  return line.startsWith("@@") ? page.paint.cyan : (text) => text;
};
