// An object whose own controller reports that it is not as declared: a custom resource, a certificate, an aggregated API. The controller's condition and
// the newest Warning event are the proof; nothing is known of the cause behind them.
import type { KubeObject } from "#api/object.ts";
import { referenceText } from "#api/object.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { objectAnomalies } from "#diagnosis/anomalies/of-objects.ts";
import { newestRecent } from "#diagnosis/checks/events.ts";
import { cause } from "#diagnosis/rule.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";

/** Kinds with causes of their own, which say more than a condition. */
const known = new Set([
  ...["Node", "Namespace", "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "HorizontalPodAutoscaler"],
  ...["PersistentVolumeClaim", "PersistentVolume", "PodDisruptionBudget", "Service"],
]);

/** A Warning that is not older than this adds to what the condition says. */
const recentMs = 3_600_000;

const newestWarning = (view: View, object: KubeObject): ObservedEvent | undefined =>
  newestRecent(
    view,
    view.evidence.events.filter(
      ({ uid, object: about, type }) =>
        type === "Warning" && (uid === undefined ? about === referenceText(referenceTo(object)) : uid === object.metadata.uid),
    ),
    recentMs,
  );

export const controllerReports = cause({
  code: "ControllerReports",
  title: "An object whose controller reports a failure",
  reads: "The conditions of custom resources, aggregated APIs and other objects, and their Warning events.",
  means: "The controller of the object says that it cannot bring it into the declared state, and why.",
  needs: ["events"],
  signs: ["conditions"],
  generality: 1,
  of: (view: View) =>
    view.evidence.objects
      .filter(({ kind }) => !known.has(kind))
      .flatMap((object) => {
        const anomaly = objectAnomalies(view, object).find(({ kind, isYoung }) => kind === "ConditionUnmet" && !isYoung);
        if (anomaly === undefined) return [];
        const event = newestWarning(view, object);
        const words = event === undefined ? anomaly.text : `${event.reason}: ${event.message}`;
        return [{ object, event, anomaly, words: words.slice(0, 300) }];
      }),
  supports: [
    { is: "its controller also reports a Warning event", holds: ({ event }) => event !== undefined },
    { is: "no other cause explains it", holds: () => "unknown" },
  ],
  object: ({ object }) => object,
  says: "The controller of {object} reports: {words}.",
  chain: "{words} → {object} is not as declared",
  quotes: ({ object, anomaly, event }) => [
    objectQuote(referenceTo(object), anomaly.text),
    ...(event === undefined ? [] : [eventQuote(event)]),
  ],
  otherwise: "correct what the controller reports; its log says more",
});
