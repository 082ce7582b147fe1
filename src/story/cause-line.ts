// The one log line that belongs into a headline: the error itself, before any stack frame. Pure; a log line is quoted, never believed.
import type { Quote } from "#api/fields.ts";
import { oneLine } from "#lib/plain-text.ts";
import { truncated } from "#lib/words.ts";
import { isComplaint, tellingLine as lineOf } from "#lib/telling-line.ts";

const maxLength = 160;

/** Undefined without a quoted log. */
export const tellingLine = (quotes: readonly Quote[]): string | undefined => {
  const lines = quotes.filter(({ source }) => source === "log").flatMap(({ quote }) => lineOf(quote) ?? []);
  const line = lines.find(isComplaint) ?? lines[0];
  return line === undefined ? undefined : truncated(oneLine(line), maxLength);
};

/** `Container web exits with code 1: "Error: missing PAYMENTS_URL"` */
export const causeWithLine = (summary: string, quotes: readonly Quote[]): string => {
  const line = tellingLine(quotes);
  const bare = summary.trim().replace(/\.$/, "");
  return line === undefined || bare.includes(line) ? bare : `${bare}: "${line}"`;
};
