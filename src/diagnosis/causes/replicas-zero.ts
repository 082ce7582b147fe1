// A workload that somebody set to no replicas while others still call it: nothing is broken in it, there is none of it.
import { HorizontalPodAutoscalers, type Service } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { assess, eventQuote, objectQuote, person } from "#diagnosis/assess.ts";
import { callersOf } from "#diagnosis/called-addresses.ts";
import { callersAndComplainers } from "#diagnosis/caller-complaints.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { kubectl, resource } from "#diagnosis/kubectl.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { referenceTo } from "#diagnosis/view.ts";

const code = "ReplicasZero";

export const replicasZero: Cause = {
  code,
  title: "A workload scaled to zero that is still needed",
  reads:
    "Deployments and StatefulSets that want no pods, the Services before them, when they were scaled down, alerts and complaints of callers.",
  means: "Its replicas were set to zero, and its Service has no endpoints left for its callers.",
  remedy: "`scale_deployment` to the number of replicas it had before. Otherwise, scale it by hand.",
  find: (view) => view.workloads.flatMap((workload) => find(view, workload)),
};

const recentMs = 60 * 60_000;
const scaled = /^Scaled down replica set \S+ (?:from (\d+) to 0|to 0(?: from (\d+))?)$/;

const find = (view: View, workload: Workload): readonly Assessment[] => {
  const { reference, desired, object } = workload;
  if (desired !== 0 || (reference.kind !== "Deployment" && reference.kind !== "StatefulSet")) return [];
  const services = view.servicesOf(workload);
  const event = view.eventsOf(reference).find(({ reason, message }) => reason === "ScalingReplicaSet" && scaled.test(message));
  const isRecent = event !== undefined && view.now - (fromTimestamp(event.lastAt) ?? 0) <= recentMs;
  const change = view.changesOf(reference).find(({ field, after }) => field === "spec.replicas" && after === "0");
  const names = new Set([reference.name, ...services.map(({ metadata }) => metadata.name)]);
  const alert = view.evidence.alerts.find(({ labels }) => Object.values(labels).some((value) => names.has(value)));
  const callers = services.flatMap((service) => callersAndComplainers(view, service)).filter((caller) => caller !== workload);
  const failed = services.flatMap((service) => attemptsFailed(view, service))[0];
  const autoscaler = view
    .all(HorizontalPodAutoscalers, reference.namespace)
    .find(({ spec }) => spec.scaleTargetRef.kind === reference.kind && spec.scaleTargetRef.name === reference.name);
  const before = Math.max(1, Number(change?.before ?? 0) || 0, ...(event === undefined ? [0] : numbersIn(event.message)));
  // A log line is no caller, and what another namespace says or configures proves nothing here.
  const isHearsay =
    !isRecent &&
    change === undefined &&
    failed === undefined &&
    alert?.labels["namespace"] !== reference.namespace &&
    !services.some((service) =>
      callersOf(view, service).some((caller) => caller !== workload && caller.reference.namespace === reference.namespace),
    );
  const isMissed = alert !== undefined || callers.length > 0 || failed !== undefined;
  return [
    assess(
      code,
      {
        required: [
          { claim: "a Service stands before it", holds: services.length > 0 },
          // What rests since long ago and is missed by nobody was meant to rest.
          { claim: "it was scaled down lately, or somebody misses it", holds: isRecent || change !== undefined || isMissed },
        ],
        against: [{ claim: "it is scaled by events and sleeps while there are none", holds: sleeps(object) }],
        supporting: [
          { claim: "it was scaled down within the hour", holds: isRecent || change !== undefined, weight: 2 },
          { claim: "an alert, a caller or a failed connection misses it", holds: isMissed ? true : "unknown", weight: 2 },
        ],
      },
      () => ({
        object: reference,
        summary: `${referenceText(reference)} is scaled to zero, so that ${services.map(({ metadata }) => `Service ${metadata.name}`).join(", ")} has no endpoints.`,
        chain: [
          `replicas of ${referenceText(reference)} were set to 0`,
          `Service ${services[0]?.metadata.name} has no endpoints`,
          ...(callers.length === 0
            ? ["requests to it fail"]
            : callers.slice(0, 3).map((caller) => `${referenceText(caller.reference)} cannot call it`)),
        ],
        quotes: [
          objectQuote(reference, "spec.replicas: 0"),
          ...(event === undefined ? [] : [eventQuote(event)]),
          ...(alert === undefined ? [] : [quote("alert", alert.name, Object.values(alert.annotations).join("; ") || alert.name)]),
          ...(failed === undefined ? [] : [objectQuote(referenceTo(failed.service), failed.text)]),
        ],
        field: "spec.replicas",
        ...(isHearsay ? { hearsay: "only logs, or another namespace, say that it is missed" } : {}),
        explains: [reference, ...services.map(referenceTo), ...callers.map((caller) => caller.reference)],
        facts: factsOf(workload, before, autoscaler?.metadata.name),
      }),
    ),
  ];
};

const factsOf = ({ reference }: Workload, before: number, autoscaler: string | undefined): Facts => {
  const otherwise = `scale it back: ${kubectl(reference.namespace, "scale", resource(reference), `--replicas=${before}`)}`;
  if (reference.kind !== "Deployment") return person(otherwise);
  return {
    remedies: [
      {
        action: "scale_deployment",
        target: reference,
        parameters: { replicas: String(before) },
        rationale: `It had ${before} before it was scaled to zero.${autoscaler === undefined ? "" : ` HorizontalPodAutoscaler ${autoscaler} does nothing while it has none.`}`,
        expected: `${referenceText(reference)} has ${before} ready and its Service has endpoints.`,
      },
    ],
    otherwise,
  };
};

const attemptsFailed = (view: View, service: Service): readonly { readonly service: Service; readonly text: string }[] =>
  view
    .connectionsTo(service)
    .filter(({ result }) => result !== "open" && result !== "unknown")
    .map(({ port, text }) => ({ service, text: `port ${port}: ${text}` }));

/** KEDA, Knative and the like scale to zero on purpose and say so on the object. */
const sleeps = ({ metadata }: Workload["object"]): boolean =>
  Object.keys({ ...metadata.labels, ...metadata.annotations }).some((key) =>
    /^(?:serving\.knative\.dev|scaledobject\.keda\.sh|autoscaling\.keda\.sh|kube-green\.com|downscaler)\//.test(key),
  );

const numbersIn = (message: string): number[] => {
  const match = scaled.exec(message);
  return [Number(match?.[1] ?? match?.[2] ?? 0)];
};
