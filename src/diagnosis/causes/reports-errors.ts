// A workload whose pods run and whose log reports errors again and again: its own messages, counted. It claims no cause behind them.
// The least particular of all causes: one that explains the messages is shown instead.
import { isReady } from "#api/conditions.ts";
import { countText, timeText } from "#diagnosis/counted-words.ts";
import { logQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { truncated } from "#lib/words.ts";
import { digestOf, type Message } from "#logs/digest.ts";
import type { Meaning } from "#logs/meaning.ts";
import { plainLines } from "#logs/stamped.ts";

/** One error may be one request; the third in one log is a pattern. */
const leastCount = 3;
/** So many are no accident. A warning may be harmless: it has to occur as often. */
const manyCount = 10;
/** An error that has not occurred for longer than this is over. */
const recentMs = 900_000;
/** Errors that are over count where a deployment would not cause as many. */
const leastInBurst = 20;
const rememberedMs = 2 * 3_600_000;
const messagesAtMost = 3;
const headlineAtMost = 160;

interface Reported extends Message {
  readonly log: PodLog;
}

const isError = ({ level }: Message): boolean => level === "error" || level === "fatal";

/** What many programs warn of while all is well: it is trouble only once it begins. */
const ordinary: ReadonlySet<Meaning> = new Set(["cache missed", "slow", "connection reset", "group membership"]);
/** A program may need as long to settle. */
const settledMs = 60_000;

/** What a program calls an error, and often a warning: of an ordinary kind where the log had none before. */
const isTrouble = (message: Message, fromMs: number | undefined): boolean => {
  const { level, meaning, count, firstMs } = message;
  if (isError(message)) return true;
  if (level !== "warning" || meaning === undefined || count < manyCount) return false;
  return !ordinary.has(meaning) || (firstMs !== undefined && fromMs !== undefined && firstMs - fromMs >= settledMs);
};

/** A message without a time is as recent as the log that was read. */
const isRecent = (view: View, { lastMs }: Message): boolean => lastMs === undefined || view.now - lastMs <= recentMs;

const wasBurst = (view: View, { count, lastMs }: Message): boolean =>
  lastMs !== undefined && count >= leastInBurst && view.now - lastMs <= rememberedMs;

/** Errors before warnings, then the most frequent. */
const byWeight = (a: Message, b: Message): number => Number(isError(b)) - Number(isError(a)) || b.count - a.count;

/** Of the current logs of ready pods: messages that recur, or else those of a burst that is over. */
const troublesOf = (view: View, workload: Workload): readonly Reported[] => {
  const running = workload.pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
  const names = new Set(running.map(({ metadata }) => metadata.name));
  const reported = view
    .logsOf(workload)
    .filter(({ pod, run }) => run === "current" && names.has(pod))
    .flatMap((log) => {
      const { messages, fromMs } = log.digest ?? digestOf(plainLines(log.text));
      return messages.filter((message) => isTrouble(message, fromMs)).map((message) => ({ ...message, log }));
    })
    .toSorted(byWeight);
  const recurring = reported.filter((message) => message.count >= leastCount && isRecent(view, message));
  return recurring.length > 0 ? recurring : reported.filter((message) => wasBurst(view, message));
};

/** With the time of the last, where it is over. */
const countAndTime = (view: View, message: Message): string =>
  `${countText(message)}${message.lastMs === undefined || isRecent(view, message) ? "" : ` until ${timeText(message.lastMs)}`}`;

export const reportsErrors = cause({
  code: "ReportsErrors",
  title: "A running program that reports errors",
  reads: "The logs of pods that run: messages of level error or worse, how often each occurs, and when.",
  means: "The program serves with errors, and no object in the evidence explains them.",
  generality: 2,
  needs: ["logs"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const troubles = troublesOf(view, workload);
      const [worst] = troubles;
      if (worst === undefined) return [];
      const { meaning, log } = worst;
      const isOngoing = isRecent(view, worst);
      return [
        {
          ...{ workload, troubles, worst, isOngoing },
          headline: truncated(worst.message, headlineAtMost),
          verb: isOngoing ? "reports" : "reported",
          kind: isError(worst) ? "errors" : "warnings",
          count: countAndTime(view, worst),
          messages: troubles
            .slice(0, messagesAtMost)
            .map((each) => `"${truncated(each.message, headlineAtMost)}" ${countAndTime(view, each)}`),
          step:
            meaning === undefined ? `follow the message: kubectl logs ${log.pod} -c ${log.container} -n ${log.namespace}` : steps[meaning],
        },
      ];
    }),
  supports: [
    { is: "the message has a known meaning", holds: ({ worst }) => worst.meaning !== undefined },
    { is: "it occurs often", holds: ({ worst }) => worst.count >= manyCount },
    { is: "the program calls it an error, and it continues", holds: ({ worst, isOngoing }) => isError(worst) && isOngoing },
  ],
  says: '{workload} {verb} {kind}: "{headline}" ({count}).',
  chain: "{messages}",
  quotes: ({ troubles }) => troubles.slice(0, messagesAtMost).map(({ log, line }) => logQuote(log, line)),
  remedy: "Follow the message; the manual step depends on its meaning.",
  otherwise: "{step}",
});

/** The next step of an operator, in the imperative. */
const steps: Readonly<Record<Meaning, string>> = {
  "unknown host": "check the host name in the configuration, and that its Service exists",
  "connection refused": "check that the called program runs and listens on this port",
  "connection reset": "check the called program for restarts, connection limits and idle timeouts",
  "timed out": "check the load and the latency of the called program, and the network between the two",
  certificate: "check the expiry, the names and the issuer of the certificate",
  authentication: "check the credentials that the program uses; a rotated Secret needs a restart of its readers",
  permission: "check the rights, the user and the owner of the file or the API that the message names",
  "rate limited": "reduce the request rate, or raise the limit at the called service",
  "pool exhausted": "check for slow queries and leaked connections, or raise the size of the pool",
  "too many connections": "reduce the clients' pools, or raise the server's connection limit",
  deadlock: "check the transactions that lock the same rows in different orders",
  "lock held": "check for another process, or an earlier pod, that holds the lock",
  "schema mismatch": "run the migration that this version needs, or return to the version that fits the schema",
  "no space": "free space on the volume or enlarge it",
  "read-only": "check the mount, and whether the server is a replica",
  "out of memory": "raise the memory limit or reduce the load",
  "too many open files": "check for leaked connections and files, or raise the limit of open files",
  "address in use": "check for a second process that listens on the port",
  "missing file": "check the mounts and the image for the file",
  "missing setting": "set the value that the message names",
  "invalid configuration": "correct the setting that the message names",
  "circuit open": "check the called program; the circuit closes once it answers",
  overloaded: "reduce the load, add replicas, or raise the limit that the message names",
  "group membership": "check the members of the group for restarts and long pauses, and its coordinator",
  "cache missed": "check that the cache runs and keeps its entries: its evictions, its memory limit, a recent restart",
  slow: "check the calls of the slow operation: its queries, its locks, the load of the called program",
  "server error": "check the log of the called program",
  syntax: "correct the file or the payload that the message names",
};
