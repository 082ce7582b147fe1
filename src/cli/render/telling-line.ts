// The one log line that belongs into a headline: the error itself, before any stack frame. Pure; a log line is quoted, never believed.
import type { Evidence as Quote } from "#api/fields.ts";
import { oneLine, truncated } from "#cli/render/text.ts";

const error =
  /\b(?:error|err|fatal|panic|exception|fail(?:ed|ure)?|denied|refused|cannot|could not|unable|not found|no such|undefined|missing|required)\b/i;
const maxLength = 160;

/** Undefined where no log was quoted. */
export const tellingLine = (quotes: readonly Quote[]): string | undefined => {
  const lines = quotes
    .filter(({ source }) => source === "log")
    .flatMap(({ quote }) => quote.split("\n"))
    .map(oneLine)
    .filter((line) => line !== "");
  const line = lines.find((each) => error.test(each)) ?? lines.at(-1);
  return line === undefined ? undefined : truncated(line, maxLength);
};

/** `Container web exits with code 1: "Error: missing PAYMENTS_URL"` */
export const causeWithLine = (summary: string, quotes: readonly Quote[]): string => {
  const line = tellingLine(quotes);
  const bare = summary.trim().replace(/\.$/, "");
  return line === undefined || bare.includes(line) ? bare : `${bare}: "${line}"`;
};
