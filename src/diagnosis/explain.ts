// The words that several causes share: failures, releases, replicas and durations. Pure.
import type { Quote } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { replicasOf } from "#cluster/workload-shape.ts";
import type { Failure } from "#diagnosis/failures.ts";
import { eventQuote, quote } from "#diagnosis/quotes.ts";
import type { Release } from "#diagnosis/release.ts";
import { differenceText } from "#diagnosis/template-difference.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { podStates } from "#diagnosis/workload-states.ts";
import type { PodLog } from "#evidence/evidence.ts";
import type { TemplateRevision } from "#cluster/revisions.ts";
import { isComplaint, tellingExcerpt, tellingLine } from "#lib/telling-line.ts";

export const maxLogLines = 8;
const maxHeadline = 160;

const podName = ({ reference }: Workload, pod: string): string => referenceText({ kind: "Pod", namespace: reference.namespace, name: pod });

/** `exits with code 1 after 2 s`, `is killed for memory after 300 ms`, `cannot be started: …` */
export const failureText = ({ mode, reason, ended, ranMs, container }: Failure): string => {
  const after = ranMs === undefined ? "" : ranMs < 1000 ? " within a second" : ` after ${durationText(ranMs)}`;
  if (mode === "cannotPull") return `waits for its image ${container.image} (${reason})`;
  if (mode === "cannotStart") return `cannot be started (${reason})`;
  if (reason === "OOMKilled") return `is killed for using more memory than its limit${after}`;
  return ended?.exitCode === undefined ? `ends with ${reason}${after}` : `exits with code ${ended.exitCode}${after}`;
};

/** What the API server says about a container that fails. */
export const failureQuote = (workload: Workload, failure: Failure): Quote => {
  const { container, ended, pod } = failure;
  const parts = [
    `container ${container.name}: ${container.state.kind}`,
    container.state.reason,
    container.state.message,
    ended === undefined || ended === container.state
      ? undefined
      : `last run ended: ${ended.reason ?? "Error"}, exit code ${ended.exitCode ?? "unknown"}, ${ended.startedAt ?? "?"} to ${ended.finishedAt ?? "?"}`,
    ended === container.state ? `exit code ${ended.exitCode ?? "unknown"}` : undefined,
    ended?.message,
    `${container.restarts} restarts`,
  ];
  return quote("object", podName(workload, pod.name), parts.filter((part) => part !== undefined && part !== "").join("; "));
};

export const failureQuotes = (workload: Workload, failures: readonly Failure[], max = failures.length): readonly Quote[] =>
  onePerContainer(failures)
    .slice(0, max)
    .map((failure) => failureQuote(workload, failure));

/** The release with all its differences. */
export const releaseQuote = (workload: Workload, { current, previous, differences }: Release): Quote =>
  quote(
    "change",
    nameOf(workload),
    `revision ${previous?.revision} → ${current.revision}, released ${current.releasedAt}\n${differences.map(differenceText).join("\n")}`,
  );

/** What failing containers wrote: the message that says why, and the end. */
export const logQuotes = (view: View, workload: Workload, failures: readonly Failure[], max: number): readonly Quote[] =>
  onePerText(logsOf(view, workload, failures))
    .slice(0, max)
    .map((log) => quote("log", podName(workload, log.pod), tellingExcerpt(log.text, maxLogLines)));

const logsOf = (view: View, workload: Workload, failures: readonly Failure[]): readonly PodLog[] =>
  view.logsOf(workload).filter((log) => failures.some(({ pod, container }) => pod.name === log.pod && container.name === log.container));

/** A run that ends like the one before it says the same: times, ports and process ids aside, one of both is enough. */
export const onePerText = <T extends Pick<PodLog, "text">>(logs: readonly T[]): readonly T[] => {
  const seen = new Set<string>();
  return logs.filter(({ text }) => {
    const form = tellingExcerpt(text, maxLogLines).replaceAll(/\d+/g, "#");
    return !seen.has(form) && seen.add(form);
  });
};

/** The line that says best what went wrong, cut for a headline; undefined where no log says that anything did. */
export const complaintIn = (logs: readonly Pick<PodLog, "text">[]): string | undefined => {
  const line = logs.flatMap(({ text }) => tellingLine(text) ?? []).find(isComplaint);
  if (line === undefined) return undefined;
  const letters = Array.from(line);
  return letters.length <= maxHeadline ? line : `${letters.slice(0, maxHeadline - 1).join("")}…`;
};

export const complaintOf = (view: View, workload: Workload, failures: readonly Failure[]): string | undefined =>
  complaintIn(logsOf(view, workload, failures));

/** `exits with code 1: "Error: missing PAYMENTS_URL"` */
export const withComplaint = (text: string, complaint: string | undefined): string =>
  complaint === undefined ? text : `${text}: "${complaint}"`;

export const revisionText = ({ revision, name }: TemplateRevision): string => `revision ${revision} (${name})`;

export const replicasText = ({ reference, object }: Pick<Workload, "reference" | "object">): string => {
  const counts = replicasOf(object);
  return counts === undefined
    ? `${referenceText(reference)} is not ready`
    : `${counts.available} of ${counts.desired} replicas of ${referenceText(reference)} are available`;
};

/** While a rollout makes no progress the old pods may still serve traffic: both are shown. */
export const revisionReadyText = (
  view: View,
  workload: Workload,
  current: TemplateRevision,
  previous: TemplateRevision | undefined,
): string => {
  const pods = podStates(view, workload).filter((pod) => pod.owner === current.name && !pod.isDeleting);
  const ready = `${pods.filter((pod) => pod.isReady).length} of ${pods.length} pods of revision ${current.revision} are ready`;
  return previous === undefined || previous.ready === 0
    ? ready
    : `${ready}; ${previous.ready} pods of revision ${previous.revision} still serve traffic`;
};

/** One failure a container name: ten replicas that die alike are one line. */
export const onePerContainer = (failures: readonly Failure[]): readonly Failure[] => {
  const seen = new Map<string, Failure>();
  for (const failure of failures) if (!seen.has(failure.container.name)) seen.set(failure.container.name, failure);
  return [...seen.values()];
};

export const durationText = (ms: number): string => {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`;
};

/** What a person would look at first, where no cause was proven. */
export const observations = (view: View, workload: Workload, failures: readonly Failure[]): readonly Quote[] => [
  ...failureQuotes(workload, failures, 3),
  ...logQuotes(view, workload, failures, 2),
  ...view
    .eventsAround(workload)
    .filter((event) => event.type === "Warning")
    .slice(0, 4)
    .map(eventQuote),
];
