// Trouble that no cause accounts for, as findings that say so: only what lasts, for a rollout passes through most of it. Pure.
import type { Quote, Reference } from "#api/fields.ts";
import { PersistentVolumeClaims, Pods, type Pod } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { complaintIn, maxLogLines, onePerText } from "#diagnosis/explain.ts";
import type { Anomaly, AnomalyKind } from "#diagnosis/anomalies/anomaly.ts";
import type { Symptom } from "#diagnosis/symptoms.ts";
import type { View } from "#diagnosis/view.ts";
import { templateReferences } from "#cluster/template-references.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { PodLog } from "#evidence/evidence.ts";
import { tellingExcerpt } from "#lib/telling-line.ts";
import { type ReadyPods, readyPodsOf } from "#investigation/ready-pods.ts";
import { isReady } from "#api/conditions.ts";

/** Longer than an ordinary start takes. */
const lastingMs = 180_000;
const restartsThatLast = 3;
const maxQuotes = 5;
const maxQuoteLength = 2048;

/** Lasting trouble of one object, and what a person looks at first. */
export interface Unexplained {
  readonly object: Reference;
  readonly summary: string;
  readonly chain: readonly string[];
  readonly quotes: readonly Quote[];
  readonly pods: ReadyPods | undefined;
  readonly person: string;
}

/** `anomalies`: those that no finding accounts for and that are not young. An object is listed once. */
export const unexplainedFindings = (view: View, symptoms: readonly Symptom[], anomalies: readonly Anomaly[]): readonly Unexplained[] => {
  const bySymptoms = unexplainedSymptoms(view, symptoms);
  const known = new Set(bySymptoms.map(({ object }) => referenceText(object)));
  const others = Map.groupBy(
    anomalies.filter(({ kind, object }) => isProblem[kind] && !known.has(referenceText(object))),
    ({ object }) => referenceText(object),
  );
  return [...bySymptoms, ...[...others.values()].flatMap((all) => (all[0] === undefined ? [] : [puzzle(view, all[0].object, all)]))];
};

/** Whether a state that lasts is a problem by itself. A Service without pods may be declared in advance, and warnings alone may be noise. */
const isProblem: Readonly<Record<AnomalyKind, boolean>> = {
  PodsNotReady: true,
  PodsMissing: true,
  RolloutIncomplete: true,
  ContainerWaiting: true,
  ContainerRestarts: true,
  PodNotScheduled: true,
  PodFailed: true,
  DeletionStuck: true,
  ConditionUnmet: true,
  NotReconciled: true,
  ClaimNotBound: true,
  ServiceWithoutPods: false,
  JobFailed: true,
  WarningEvents: false,
};

const unexplainedSymptoms = (view: View, symptoms: readonly Symptom[]): readonly Unexplained[] => {
  const byObject = new Map<string, Symptom[]>();
  for (const symptom of symptoms) {
    const text = referenceText(symptom.object);
    byObject.set(text, [...(byObject.get(text) ?? []), symptom]);
  }
  return [...byObject.values()].flatMap((all) => {
    const lasting = all.filter((symptom) => lasts(view, symptom));
    const [first] = lasting;
    return first === undefined ? [] : [puzzle(view, first.object, lasting)];
  });
};

const puzzle = (view: View, object: Reference, symptoms: readonly Pick<Symptom | Anomaly, "kind" | "text">[]): Unexplained => ({
  object,
  summary: summaryOf(view, object, symptoms).slice(0, 1024),
  chain: symptoms.map(({ kind, text }) => `${kind}: ${text}`),
  quotes: quotesOf(view, object),
  pods: readyPodsOf(view, object, []),
  person:
    complaintIn(logsOf(view, object)) === undefined
      ? "the evidence does not show the cause; start with the quotes below"
      : "check the log line; no object in the evidence explains it",
});

const summaryOf = (view: View, object: Reference, symptoms: readonly Pick<Symptom | Anomaly, "kind" | "text">[]): string => {
  const seen = symptoms.map(({ kind, text }) => `${kind} (${text})`).join("; ");
  const complaint = complaintIn(logsOf(view, object));
  return complaint === undefined
    ? `${referenceText(object)} fails and no cause could be proven: ${seen}.`
    : `${referenceText(object)} logs "${complaint}"; no cause could be proven: ${seen}.`;
};

const logsOf = (view: View, object: Reference): readonly PodLog[] => {
  const workload = view.workload(object);
  return workload === undefined ? [] : onePerText(view.logsOf(workload));
};

const quotesOf = (view: View, object: Reference): readonly Quote[] => {
  const workload = view.workload(object);
  const events = (workload === undefined ? view.eventsOf(object) : view.eventsAround(workload)).filter(({ type }) => type === "Warning");
  return [
    ...events.slice(0, 3).map((event): Quote => ({
      source: "event",
      object: event.object.slice(0, 400),
      quote: `${event.reason}: ${event.message}`.slice(0, maxQuoteLength),
    })),
    ...logsOf(view, object)
      .slice(0, 2)
      .map(({ namespace, pod, text }): Quote => ({
        source: "log",
        object: `Pod ${namespace}/${pod}`.slice(0, 400),
        quote: tellingExcerpt(text, maxLogLines).slice(0, maxQuoteLength),
      })),
  ].slice(0, maxQuotes);
};

const lasts = (view: View, { kind, object }: Symptom): boolean => {
  const pods = view.workload(object)?.pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined) ?? [];
  switch (kind) {
    case "NodeNotReady":
    case "JobFailed":
    case "ComponentDown":
      return true;
    case "ContainerFails":
      return pods.some(
        (pod) => restartsOf(pod) >= restartsThatLast || (!isReady(pod) && ageOf(view, pod.metadata.creationTimestamp) > lastingMs),
      );
    case "PodNotScheduled":
    case "PodNotReady":
      return pods.some((pod) => !isReady(pod) && ageOf(view, pod.metadata.creationTimestamp) > lastingMs);
    case "PodsMissing":
      return view.eventsOf(object).some(({ type, count }) => type === "Warning" && count > 2);
    case "ClaimPending":
      return view
        .all(PersistentVolumeClaims, object.namespace)
        .some(
          ({ metadata }) => metadata.name === object.name && ageOf(view, metadata.creationTimestamp) > lastingMs && isClaimed(view, object),
        );
    // For a Service without pods its workload is reported; a Service without callers may be intended.
    case "ServiceWithoutEndpoints":
    case "ServiceUnreachable":
    case "Slow":
      return false;
  }
};

const restartsOf = (pod: Pod): number => Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
const ageOf = (view: View, time: string): number => view.now - (fromTimestamp(time) ?? view.now);

/** A claim that no pod asks for waits for its first one, and nothing is wrong. */
const isClaimed = (view: View, claim: Reference): boolean =>
  view
    .all(Pods, claim.namespace)
    .some((pod) => templateReferences(pod).some(({ kind, name }) => kind === "PersistentVolumeClaim" && name === claim.name));
