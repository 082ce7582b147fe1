// Reads the chosen logs, each bounded: its tail, and of one that is longer, older parts; keeps the lines that matter and counts what all of them say.
// A log that cannot be read is a gap.
import { toTimestamp } from "#lib/clock.ts";
import { bounds } from "#evidence/bounds.ts";
import type { Budget } from "#evidence/budget.ts";
import type { PodLogToRead } from "#evidence/choose-logs.ts";
import type { LogDigest, PodLog } from "#evidence/evidence.ts";
import type { ClusterReader, Gather } from "#evidence/gather.ts";
import { inParallel } from "#evidence/in-parallel.ts";
import { withoutKnown } from "#evidence/known-secrets.ts";
import { logExcerpt } from "#evidence/log-excerpt.ts";
import { cleanLog } from "#evidence/text.ts";
import { digestOf } from "#logs/digest.ts";
import { type StampedLine, unstamped } from "#logs/stamped.ts";

/** What a server sends of one log: what is selected is cut at its end, so that asking for too much would lose the newest lines. */
const answerBytes = 192 * 1024;
const tailLines = 1000;
/** Asked again where those were too long for the answer: as many as fitted, less a margin, but not fewer. */
const shortTail = 10;
const margin = 0.8;
const earlierBytes = 64 * 1024;
const atOnce = 8;
/** Of all logs of a collection: the rest is left out, and a gap. */
const allBytes = 8_000_000;

export interface LogsToRead {
  readonly wanted: readonly PodLogToRead[];
  /** Epoch milliseconds: the present, and when the trouble that is asked about began, where it is known. */
  readonly nowMs: number;
  readonly sinceMs?: number | undefined;
  /** How many older parts may be read. */
  readonly earlier: number;
}

export const readLogs = async (
  reader: Pick<ClusterReader, "logs">,
  gather: Gather,
  budget: Budget,
  { wanted, nowMs, sinceMs, earlier }: LogsToRead,
): Promise<readonly PodLog[]> => {
  let earlierLeft = earlier;
  let bytesLeft = allBytes;
  const read = async (log: PodLogToRead, part: LogPart): Promise<string | undefined> => {
    const doing = `read the log of ${log.container} in Pod ${log.namespace}/${log.pod}`;
    if (bytesLeft <= 0) {
      gather.gaps.add(doing, `${allBytes / 1_000_000} MB of logs are read`);
      return undefined;
    }
    const text = await gather.tryTo(doing, (options) =>
      reader.logs(
        { namespace: log.namespace, name: log.pod },
        { ...options, ...part, timestamps: true, container: log.container, ...(log.run === "previous" ? { previous: true as const } : {}) },
      ),
    );
    const bytes = text === undefined ? 0 : Buffer.byteLength(text);
    budget.spend(bytes);
    bytesLeft -= bytes;
    return text;
  };

  const tailOf = async (log: PodLogToRead): Promise<Tail | undefined> => {
    const text = await read(log, { tailLines, limitBytes: answerBytes });
    // The kubelet answers so, with 200, once the container behind the log has been removed.
    if (text === undefined || text.startsWith("unable to retrieve container logs for ")) return undefined;
    const lines = unstamped(text);
    if (text.length < answerBytes - 1024) return { lines, isWhole: lines.length < tailLines };
    // Cut: the last of its lines is half a line, and the newest are missing.
    const older = lines.slice(0, -1);
    const newest = Math.max(shortTail, Math.min(tailLines - lines.length, Math.floor(margin * lines.length)));
    const rest = await read(log, { tailLines: newest, limitBytes: answerBytes });
    return { lines: rest === undefined ? lines : [...older, ...unstamped(rest)], isWhole: false };
  };

  const earlierOf = async (log: PodLogToRead, { lines, isWhole }: Tail): Promise<readonly StampedLine[]> => {
    const firstMs = lines.find(({ atMs }) => atMs !== undefined)?.atMs;
    if (isWhole || firstMs === undefined) return [];
    const parts: (readonly StampedLine[])[] = [];
    let readUntil = 0;
    for (const since of earlierTimes(nowMs, sinceMs).filter((ms) => ms < firstMs)) {
      if (earlierLeft <= 0 || since < readUntil) continue;
      earlierLeft -= 1;
      const text = await read(log, { sinceTime: toTimestamp(since), limitBytes: earlierBytes });
      const older = unstamped(text ?? "").filter(({ atMs }) => atMs !== undefined && atMs < firstMs && atMs > readUntil);
      readUntil = older.at(-1)?.atMs ?? readUntil;
      parts.push(older);
    }
    return parts.flat();
  };

  const logs = await inParallel(wanted, atOnce, async (log): Promise<PodLog | undefined> => {
    const tail = await tailOf(log);
    if (tail === undefined) return undefined;
    const lines = cleaned([...(await earlierOf(log, tail)), ...tail.lines], gather.secretsOf(log.namespace, log.pod));
    const text = logExcerpt(
      lines.map((line) => line.text),
      bounds.logLines,
      bounds.logBytes,
    );
    return text === "" ? undefined : { ...log, text, digest: boundedDigest(lines) };
  });
  return logs.filter((log) => log !== undefined);
};

interface LogPart {
  readonly tailLines?: number;
  readonly sinceTime?: string;
  readonly limitBytes: number;
}

interface Tail {
  readonly lines: readonly StampedLine[];
  /** Nothing is older than its first line. */
  readonly isWhole: boolean;
}

/** Before the trouble began, what was written: a first error is rarely the alert's. */
const beforeMs = 120_000;
/** Without an alert, samples. */
const samplesMs = [7_200_000, 1_800_000];

/** Oldest first. */
const earlierTimes = (nowMs: number, sinceMs: number | undefined): readonly number[] =>
  (sinceMs === undefined ? samplesMs.map((ms) => nowMs - ms) : [sinceMs - beforeMs]).toSorted((a, b) => a - b);

/** Redacted as one text: a key may take several lines. Where that changes their number, their times are unknown. */
const cleaned = (lines: readonly StampedLine[], known: readonly string[]): readonly StampedLine[] => {
  const text = withoutKnown(lines.map((line) => line.text).join("\n"), known);
  const clean = cleanLog(text, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).split("\n");
  const isAligned = clean.length === 1 + lines.findLastIndex((line) => line.text !== "");
  return clean.map((each, at): StampedLine => (isAligned ? { ...lines[at], text: each } : { text: each }));
};

const messagesAtMost = 20;
const textAtMost = 600;

const boundedDigest = (lines: readonly StampedLine[]): LogDigest => {
  const { messages, records, fromMs } = digestOf(lines);
  const short = (text: string): string => (text.length <= textAtMost ? text : `${text.slice(0, textAtMost - 1)}…`);
  return {
    records,
    ...(fromMs === undefined ? {} : { fromMs }),
    messages: messages
      .slice(0, messagesAtMost)
      .map((each) => ({ ...each, template: short(each.template), message: short(each.message), line: short(each.line) })),
  };
};
