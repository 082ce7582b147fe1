// Warning events that are still true: of an object that exists, recent, and not answered by a later success. Pure.
import type { Reference } from "#api/fields.ts";
import { conditionOf, isReady } from "#api/conditions.ts";
import { type Pod, Pods } from "#api/kubernetes.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { Anomaly } from "#diagnosis/anomalies/anomaly.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { times } from "#lib/words.ts";

/** The controllers' longest back-off between two tries: job, namespace and volume controllers repeat their event at least this often. */
const recentMs = 900_000;

/** One probe that failed or one pull that was repeated is not worth a line. */
const leastCount = 3;

/** `known`: an object with an anomaly of its own needs no further one. */
export const eventAnomalies = (view: View, known: readonly Anomaly[]): readonly Anomaly[] => {
  const taken = new Set(known.map(({ object }) => referenceText(object)));
  const found = new Map<string, Anomaly>();
  for (const object of view.evidence.objects) {
    const about = rootOf(view, object);
    const text = referenceText(about);
    if (taken.has(text) || found.has(text)) continue;
    const event = view.eventsOf(referenceTo(object)).find((each) => isTrue(view, object, each));
    if (event !== undefined) found.set(text, anomalyFrom(about, event));
  }
  return [...found.values()];
};

const isTrue = (view: View, object: KubeObject, { type, uid, count, lastAt }: ObservedEvent): boolean => {
  if (type !== "Warning" || count < leastCount || (uid !== undefined && uid !== object.metadata.uid)) return false;
  const last = fromTimestamp(lastAt);
  if (last === undefined || view.now - last > recentMs) return false;
  return !(object.kind === "Pod" && isReadySince(object as Pod, last));
};

/** What the event said is over: the pod has become ready since. */
const isReadySince = (pod: Pod, last: number): boolean => {
  const since = fromTimestamp(conditionOf(pod, "Ready")?.lastTransitionTime);
  return isReady(pod) && since !== undefined && since >= last;
};

const rootOf = (view: View, object: KubeObject): Reference => {
  const pod = object.kind === "Pod" ? view.get(Pods, object.metadata.namespace, object.metadata.name) : undefined;
  return (pod === undefined ? undefined : view.workloadOf(pod)?.reference) ?? referenceTo(object);
};

const anomalyFrom = (object: Reference, { reason, message, count, firstAt }: ObservedEvent): Anomaly => {
  const sinceMs = fromTimestamp(firstAt);
  return {
    kind: "WarningEvents",
    object,
    text: `${reason} (${times(count)}): ${message}`,
    severity: "latent",
    sinceMs,
    isYoung: false,
  };
};
