// A ConfigMap was edited in place and the pods that read it anew crash. The workload's template is not at fault: a rollback would not help.
import type { Quote } from "#api/fields.ts";
import { failingWorkloads } from "#diagnosis/containers.ts";
import { durationText, failureQuotes, failureText, logQuotes, replicasText } from "#diagnosis/explain.ts";
import { endsSoon, type Failure, steadyPods } from "#diagnosis/failures.ts";
import type { Remedy } from "#diagnosis/finding.ts";
import { objectQuote, quote } from "#diagnosis/quotes.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import { cause, nearMiss } from "#diagnosis/rule.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { configStates } from "#diagnosis/workload-states.ts";
import type { ConfigState } from "#evidence/configs.ts";
import { fromTimestamp, toTimestamp } from "#lib/clock.ts";

const soonMs = 10 * 60_000;
/** Times of events and containers are whole seconds of different clocks. */
const slackMs = 2000;
const quotedAtMost = 3;
const editsAtMost = 5;

/** After so many restarts the kubelet waits for minutes before the next one: longer than a verification takes. */
const slowRestarts = 4;
const restartedAtMost = 5;

/** The journal's record of this very edit, with whole seconds too. */
const editQuotes = ({ name, changes = [] }: ConfigState, at: number): readonly Quote[] =>
  changes
    .filter((change) => (fromTimestamp(change.at) ?? 0) >= at)
    .slice(0, editsAtMost)
    .map(({ field, before = "", after = "" }) => quote("change", `ConfigMap ${name}`, `${field}: ${oneLine(before)} → ${oneLine(after)}`));

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim() || "nothing";

const restartsOf = ({ reference: { namespace = "" } }: Workload, failures: readonly Failure[]): NonNullable<Remedy["afterwards"]> => {
  const slow = failures.filter(({ pod, container }) => pod.owner !== undefined && container.restarts >= slowRestarts);
  return [...new Set(slow.map(({ pod }) => pod.name))].slice(0, restartedAtMost).map((name) => ({
    action: "restart_pod",
    target: { apiVersion: "v1", kind: "Pod", namespace, name },
    parameters: {},
  }));
};

const editOf = (view: View, workload: Workload) => {
  const failures = failuresOfCurrent(view, workload).filter(({ mode }) => mode !== "cannotPull");
  const [failure] = failures;
  if (failure === undefined) return nearMiss("no container crashes or fails to start");
  const container = failure.container.name;
  const { release, firstFailureAt, edit } = suspicionOf(view, workload, failures);
  const configs = configStates(view, workload).filter(({ readBy }) => readBy.includes(container));
  if (configs.length === 0) return nearMiss("the container reads no ConfigMap");
  if (edit === undefined) return nearMiss("no ConfigMap that it reads was edited between the release and the first failure");
  const { config, at } = edit;
  return {
    ...{ workload, failures, failure, container, configs, release, firstFailureAt, config, at },
    object: { apiVersion: "v1", kind: "ConfigMap", namespace: workload.reference.namespace ?? "", name: config.name },
    name: config.name,
    time: toTimestamp(at),
    by: config.editedBy === undefined ? "" : ` by ${config.editedBy}`,
    steady: steadyPods(view, workload).find((pod) => (fromTimestamp(pod.createdAt) ?? 0) > at),
    death: failureText(failure),
    replicas: replicasText(workload),
  };
};

export const configEdited = cause({
  code: "ConfigEdited",
  title: "A configuration that was edited in place",
  reads: "ConfigMaps that a failing container reads, and the time of their last change.",
  means: "The edit is at fault: it was made between the release and the first failure, and the container has started since.",
  suppressedBy: ["ProbeWrongPort", "ProbeWrongProtocol", "ProbeWrongPath", "ProbeTooImpatient"],
  needs: ["objects.Pod", "objects.ConfigMap"],
  signs: ["ended", "waiting"],
  of: (view: View) => failingWorkloads(view).map((workload) => editOf(view, workload)),
  when: [
    {
      is: "the container has started since the edit",
      not: ({ container }) => `container ${container} has not started since the edit`,
      holds: ({ failure, at }) => (fromTimestamp(failure.ended?.startedAt) ?? fromTimestamp(failure.pod.createdAt) ?? 0) >= at - slackMs,
    },
  ],
  unless: [
    { is: ({ steady }) => `Pod ${steady?.name} has started since the edit and runs well`, holds: ({ steady }) => steady !== undefined },
  ],
  supports: [
    {
      is: "the container's template is the one that ran before",
      holds: ({ release }) => (release === undefined ? "unknown" : release.same.length > 1 || release.previous === undefined),
      weight: 2,
    },
    {
      is: "the failures began soon after the edit",
      holds: ({ firstFailureAt, at }) => (firstFailureAt === undefined ? "unknown" : firstFailureAt - at <= soonMs),
      weight: 2,
    },
    { is: "it ends soon after its start", holds: ({ failure }) => endsSoon(failure) },
    { is: "the container reads no other ConfigMap", holds: ({ configs }) => configs.length === 1 },
  ],
  object: ({ object }) => object,
  says: "ConfigMap {name} was edited at {time}{by}, after the last release; container {container}, started since, {death}.",
  chain:
    "ConfigMap {name} was edited{by} → the pods of {workload} were started again and read it → container {container} {death} → {replicas}",
  quotes: ({ workload, failures, config, at, by, time, release }, view) => [
    quote("change", `ConfigMap ${config.name}`, `content last changed ${time}${by}; keys: ${config.keys.join(", ")}`),
    ...editQuotes(config, at),
    release === undefined
      ? undefined
      : objectQuote(
          workload,
          `the container's template is unchanged since ${toTimestamp(release.releasedAt)}, ${durationText(at - release.releasedAt)} before the edit`,
        ),
    ...failureQuotes(workload, failures, quotedAtMost),
    ...logQuotes(view, workload, failures, 2),
  ],
  explains: ({ workload }) => [workload],
  repairs: ({ workload, failures, object, name, time, by }) => [
    {
      action: "restore_object",
      target: object,
      parameters: { before: time },
      rationale: `Before it was edited${by} the pods of ${nameOf(workload)} ran with ConfigMap ${name}; their template has not changed.`,
      expected: `ConfigMap ${name} has its content from before ${time}, and all replicas of ${nameOf(workload)} are ready.`,
      afterwards: restartsOf(workload, failures),
    },
  ],
  remedy: "`restore_object` to the content that the change journal kept, then `restart_pod`. Otherwise, restore the content by hand.",
  otherwise: "restore the earlier content of ConfigMap {name}, then restart the pods; a rollback of {workload} does not change it",
});
