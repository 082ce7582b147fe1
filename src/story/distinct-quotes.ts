// Each log once: the current and the previous run of a container, and the pods of one workload, often say the same. Pure.
import type { Quote } from "#api/fields.ts";

/** Drops a log quote whose text an earlier log quote has already. */
export const distinctQuotes = (quotes: readonly Quote[]): readonly Quote[] => {
  const seen = new Set<string>();
  return quotes.filter(({ source, quote }) => {
    if (source !== "log") return true;
    const text = quote.trim();
    return !seen.has(text) && seen.add(text);
  });
};
