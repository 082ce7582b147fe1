// Current lines of a workload's logs that match a pattern: whole logs are searched before they are cut into lines. Pure.
// A log line is data of another writer: it is searched and quoted, and proves nothing about other objects.
import { isReady } from "#api/conditions.ts";
import type { Quote } from "#api/fields.ts";
import { logQuote } from "#diagnosis/quotes.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface LogLine {
  readonly log: PodLog;
  readonly text: string;
}

const linesAtMost = 400;
const lineAtMost = 1000;
/** A line with a timestamp is current for this long. */
const currentMs = 30 * 60_000;

/** Lines that match, of pods that are there; those of a run that is over only where the pod is still not well. */
export const linesSaying = (view: View, workload: Workload, pattern: RegExp): readonly LogLine[] => {
  const saying = view.logsOf(workload).filter((log) => pattern.test(log.text));
  if (saying.length === 0) return [];
  const unwell = new Set(
    workload.pods.flatMap((pod) => (pod.metadata.deletionTimestamp === undefined && !isReady(pod) ? [pod.metadata.name] : [])),
  );
  return saying
    .filter((log) => log.run === "current" || unwell.has(log.pod))
    .flatMap((log) =>
      log.text
        .split("\n")
        .slice(-linesAtMost)
        .filter((line) => pattern.test(line) && isCurrent(line, view.now))
        .map((text) => ({ log, text: text.slice(0, lineAtMost) })),
    );
};

/** A timestamp at the head of the line, as the kubelet writes it; without one the line counts as current. */
const isCurrent = (line: string, now: number): boolean => {
  const at = fromTimestamp(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/.exec(line)?.[0] ?? "");
  return at === undefined || now - at <= currentMs;
};

/** Of pods that are not ready: a log of a running program, such as the path of a request, is no ground to change it. */
export const unreadyLogs = (view: View, workload: Workload): readonly PodLog[] => {
  const unready = new Set(workload.pods.filter((pod) => !isReady(pod)).map(({ metadata }) => metadata.name));
  return view.logsOf(workload).filter(({ pod }) => unready.has(pod));
};

/** The first line for which it holds, of logs in this order. */
export const lineIn = (logs: readonly PodLog[], isIt: (line: string, log: PodLog) => boolean): LogLine | undefined => {
  for (const log of logs) {
    const text = log.text.split("\n").find((line) => isIt(line, log));
    if (text !== undefined) return { log, text };
  }
  return undefined;
};

export const lineQuote = ({ log, text }: LogLine): Quote => logQuote(log, text);
