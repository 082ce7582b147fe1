// Routes of an access log that take far longer than the others of the same program. Pure.
import type { LogRecord } from "#logs/record.ts";

export interface Answered {
  readonly record: LogRecord;
  readonly line: string;
  readonly atMs: number | undefined;
}

/** A median says something from this many on. */
const leastAnswers = 10;
/** Longer than a person waits for a page without losing their train of thought (Nielsen's one second). */
const slowMs = 1000;
/** Of one program, on the same node and the same connections: the others show what it can do. */
const timesOthers = 10;

/** What is said of each such route, and its slow answers. */
export const slowRoutes = (
  answers: readonly Answered[],
): readonly { readonly message: string; readonly occurrences: readonly Answered[] }[] => {
  const routes = Map.groupBy(answers, ({ record }) => record.route ?? "");
  if (routes.size < 2) return [];
  return [...routes].flatMap(([route, own]) => {
    if (own.length < leastAnswers) return [];
    const usual = median(answers.filter(({ record }) => record.route !== route));
    const took = median(own);
    if (took < slowMs || took < timesOthers * usual) return [];
    const message = `${route} takes ${durationOf(took)} (median), other routes ${durationOf(usual)}`;
    return [{ message, occurrences: own.filter(({ record }) => (record.tookMs ?? 0) >= slowMs) }];
  });
};

const median = (answers: readonly Answered[]): number => {
  const times = answers.map(({ record }) => record.tookMs ?? 0).toSorted((a, b) => a - b);
  return times[Math.floor(times.length / 2)] ?? 0;
};

const durationOf = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
