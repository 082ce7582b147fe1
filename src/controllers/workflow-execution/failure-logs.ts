// What the failing containers logged when a repair did not help, added to the verification before the undo deletes their pods. Pure.
import type { Quote } from "#api/fields.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { isComplaint, tellingExcerpt, tellingLine } from "#lib/telling-line.ts";
import { clipped } from "#lib/words.ts";
import type { Verification } from "#controllers/workflow-execution/verify.ts";

const quotesAtMost = 2;
const linesAtMost = 8;
const lineAtMost = 200;

export const withFailureLogs = (verification: Verification, logs: readonly PodLog[]): Verification => {
  const quotes = new Map<string, Quote>();
  for (const { namespace, pod, text } of logs) {
    const quote = tellingExcerpt(text, linesAtMost).slice(0, 2048);
    if (!quotes.has(quote)) quotes.set(quote, { source: "log", object: `Pod ${namespace}/${pod}`.slice(0, 400), quote });
  }
  if (quotes.size === 0) return verification;
  const line = logs.flatMap(({ text }) => tellingLine(text) ?? []).find(isComplaint);
  const message = verification.message ?? "";
  return {
    ...verification,
    ...(line === undefined ? {} : { message: clipped(`${message.replace(/\.$/, "")}: "${line.slice(0, lineAtMost)}".`) }),
    evidence: [...quotes.values()].slice(0, quotesAtMost),
  };
};
