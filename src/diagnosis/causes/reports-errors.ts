// A workload whose pods run and whose log reports errors again and again: its own words, counted. Claims no cause behind them.
// Says least of all causes: a cause of what the words complain about is shown instead.
import { isReady } from "#api/conditions.ts";
import { referenceText } from "#api/object.ts";
import { assess, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { countText, timeText } from "#diagnosis/counted-words.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment, Finding } from "#diagnosis/finding.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { times } from "#lib/words.ts";
import { digestOf, type Message } from "#logs/digest.ts";
import { plainLines } from "#logs/stamped.ts";
import type { Meaning } from "#logs/meaning.ts";

const code = "ReportsErrors";

export const reportsErrors: Cause = {
  code,
  title: "A running program that reports errors",
  reads: "The logs of pods that run: messages of level error or worse, how often each occurs, and when.",
  means: "The program serves with errors, and no object in the evidence explains them.",
  needs: ["logs"],
  signs: ["log"],
  remedy: "Follow the message; the manual step depends on its meaning.",
  generality: 2,
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

/** One error may be one request; the third in one log is a pattern. */
const leastCount = 3;
/** An error that has not occurred for longer than this is over. */
const recentMs = 900_000;
/** A warning may be harmless: it has to go on. */
const leastWarnings = 10;
/** Errors that are over are told when they were as many as a fault makes, not a deployment. */
const leastInBurst = 20;
const rememberedMs = 2 * 3_600_000;
const messagesAtMost = 3;
const headlineAtMost = 160;

interface Reported extends Message {
  readonly log: PodLog;
}

const find = (view: View, workload: Workload): readonly Assessment[] => {
  const running = workload.pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
  const names = new Set(running.map(({ metadata }) => metadata.name));
  const reported = view
    .logsOf(workload)
    .filter(({ pod, run }) => run === "current" && names.has(pod))
    .flatMap((log) =>
      (log.digest ?? digestOf(plainLines(log.text))).messages.filter(isTrouble).map((message): Reported => ({ ...message, log })),
    );
  const [first] = reported.toSorted(byWeight);
  if (first === undefined) return [];
  const lasting = reported.filter((message) => message.count >= leastCount && isRecent(view, message)).toSorted(byWeight);
  const told = lasting.length > 0 ? lasting : reported.filter((message) => wasBurst(view, message)).toSorted(byWeight);
  const [worst = first] = told;
  const name = referenceText(workload.reference);
  return [
    assess(
      code,
      {
        required: [{ claim: `${name} reports an error ${times(leastCount)} or more, and has not stopped`, holds: told.length > 0 }],
        supporting: [
          { claim: "the message has a known meaning", holds: worst.meaning !== undefined },
          { claim: "it occurs ten times or more", holds: worst.count >= 10 },
          { claim: "the program calls it an error, and it goes on", holds: isError(worst) && lasting.length > 0 },
          // What only words say ranks behind what objects prove: three quarters of the support stay away.
          { claim: "an object explains it", holds: false, weight: 9 },
        ],
      },
      () => ({
        object: workload.reference,
        summary: `${name} ${lasting.length > 0 ? "reports" : "reported"} ${isError(worst) ? "errors" : "warnings"}: "${headline(worst.message)}" (${saidText(view, worst)}).`,
        chain: told.slice(0, messagesAtMost).map((message) => `"${headline(message.message)}" ${saidText(view, message)}`),
        quotes: told.slice(0, messagesAtMost).map(quoteOf),
        explains: [workload.reference],
        facts: person(
          worst.meaning === undefined
            ? `follow the message: kubectl logs ${worst.log.pod} -c ${worst.log.container} -n ${worst.log.namespace}`
            : steps[worst.meaning],
        ),
      }),
    ),
  ];
};

const isError = ({ level }: Message): boolean => level === "error" || level === "fatal";

/** What a program calls an error; what it warns of, where that has a meaning and goes on. */
const isTrouble = (message: Message): boolean =>
  isError(message) || (message.level === "warning" && message.meaning !== undefined && message.count >= leastWarnings);

/** A message without a time is as recent as the log that was read. */
const isRecent = (view: View, { lastMs }: Message): boolean => lastMs === undefined || view.now - lastMs <= recentMs;

/** Over, and so much that somebody felt it. */
const wasBurst = (view: View, { count, lastMs }: Message): boolean =>
  lastMs !== undefined && count >= leastInBurst && view.now - lastMs <= rememberedMs;

/** Errors before warnings, then the most frequent. */
const byWeight = (a: Message, b: Message): number => Number(isError(b)) - Number(isError(a)) || b.count - a.count;

/** With the time of the last, where it is over. */
const saidText = (view: View, message: Message): string => {
  const { lastMs } = message;
  return `${countText(message)}${lastMs === undefined || isRecent(view, message) ? "" : ` until ${timeText(lastMs)}`}`;
};

const headline = (message: string): string => {
  const letters = Array.from(message);
  return letters.length <= headlineAtMost ? message : `${letters.slice(0, headlineAtMost - 1).join("")}…`;
};

const quoteOf = ({ line, log }: Reported): Finding["quotes"][number] => quote("log", `Pod ${log.namespace}/${log.pod}`, line);

/** The next step of an operator, in the imperative. */
const steps: Readonly<Record<Meaning, string>> = {
  "unknown host": "check the host name in the configuration, and that its Service exists",
  "connection refused": "check that the called program runs and listens on this port",
  "connection reset": "check the called program for restarts, limits of connections and idle timeouts",
  "timed out": "check the load and the latency of the called program, and the network between the two",
  certificate: "check the expiry, the names and the issuer of the certificate",
  authentication: "check the credentials that the program uses; a rotated Secret needs a restart of its readers",
  permission: "check the rights, the user and the owner of the file or the API that is named",
  "rate limited": "reduce the request rate, or raise the limit at the called service",
  "pool exhausted": "check for slow queries and leaked connections, or raise the size of the pool",
  "too many connections": "reduce the clients' pools, or raise the server's limit of connections",
  deadlock: "check the transactions that lock the same rows in different orders",
  "lock held": "check for another process, or an earlier pod, that holds the lock",
  "schema mismatch": "run the migration that this version needs, or go back to the version that fits the schema",
  "no space": "free space on the volume or enlarge it",
  "read-only": "check the mount, and whether the server is a replica",
  "out of memory": "raise the memory limit or reduce the load",
  "too many open files": "check for leaked connections and files, or raise the limit of open files",
  "address in use": "check for a second process that listens on the port",
  "missing file": "check the mounts and the image for the file",
  "missing setting": "set the value that is named",
  "invalid configuration": "correct the setting that is named",
  "circuit open": "check the called program; the circuit closes once it answers",
  overloaded: "reduce the load, add replicas, or raise the limit that is named",
  "group membership": "check the members of the group for restarts and long pauses, and its coordinator",
  "cache missed": "check that the cache runs and keeps its entries: its evictions, its memory limit, a recent restart",
  slow: "check what the slow operation calls: its queries, its locks, the load of the called program",
  "server error": "check the log of the called program",
  syntax: "correct the file or the payload that is named",
};
