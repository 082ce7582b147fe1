// A workload whose pods run and whose log reports errors again and again: its own messages, counted. It claims no cause behind them.
// The least particular of all causes: one that explains the messages is shown instead.
import { isReady } from "#api/conditions.ts";
import { logQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { times, truncated } from "#lib/words.ts";
import { digestOf, type Message } from "#logs/digest.ts";
import type { Meaning } from "#logs/meaning.ts";

/** One error may be one request; the third in one log is a pattern. */
const leastCount = 3;
/** So many are no accident. */
const manyCount = 10;
/** An error that has not occurred for longer than this is over. */
const recentMs = 900_000;
const messagesAtMost = 3;
const headlineAtMost = 160;

interface Reported extends Message {
  readonly log: PodLog;
}

const isError = ({ level }: Message): boolean => level === "error" || level === "fatal";

/** A message without a time is as recent as the log that was read. */
const isRecent = (view: View, { lastMs }: Message): boolean => lastMs === undefined || view.now - lastMs <= recentMs;

const countText = ({ count, firstMs }: Message): string =>
  `${times(count)}${firstMs === undefined ? "" : `, since ${new Date(firstMs).toISOString().slice(11, 19)} UTC`}`;

/** Of the current logs of ready pods; most frequent first. */
const errorsOf = (view: View, workload: Workload): readonly Reported[] => {
  const running = workload.pods.filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
  const names = new Set(running.map(({ metadata }) => metadata.name));
  return view
    .logsOf(workload)
    .filter(({ pod, run }) => run === "current" && names.has(pod))
    .flatMap((log) => digestOf(log.text).messages.map((message) => ({ ...message, log })))
    .filter((message) => isError(message) && message.count >= leastCount && isRecent(view, message))
    .toSorted((a, b) => b.count - a.count);
};

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
      const errors = errorsOf(view, workload);
      const [worst] = errors;
      if (worst === undefined) return [];
      const { meaning, log } = worst;
      return [
        {
          ...{ workload, errors, worst, headline: truncated(worst.message, headlineAtMost), count: countText(worst) },
          messages: errors.slice(0, messagesAtMost).map((each) => `"${truncated(each.message, headlineAtMost)}" ${countText(each)}`),
          step:
            meaning === undefined ? `follow the message: kubectl logs ${log.pod} -c ${log.container} -n ${log.namespace}` : steps[meaning],
        },
      ];
    }),
  supports: [
    { is: "the message has a known meaning", holds: ({ worst }) => worst.meaning !== undefined },
    { is: "it occurs often", holds: ({ worst }) => worst.count >= manyCount },
  ],
  object: ({ workload }) => workload,
  says: '{workload} reports errors: "{headline}" ({count}).',
  chain: "{messages}",
  quotes: ({ errors }) => errors.slice(0, messagesAtMost).map(({ log, line }) => logQuote(log, line)),
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
  "server error": "check the log of the called program",
  syntax: "correct the file or the payload that the message names",
};
