// A workload that was scaled to zero while others still call it.
import { HorizontalPodAutoscalers, type Service } from "#api/kubernetes.ts";
import { callersOf } from "#diagnosis/called-addresses.ts";
import { callersAndComplainers } from "#diagnosis/caller-complaints.ts";
import { kubectl, resource } from "#diagnosis/kubectl.ts";
import { alertQuote, eventQuote, objectQuote, quoted } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedChange, ObservedEvent } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { counted } from "#lib/words.ts";

const recentMs = 60 * 60_000;
const scaled = /^Scaled down replica set \S+ (?:from (\d+) to 0|to 0(?: from (\d+))?)$/;

/** KEDA, Knative and their relatives scale to zero on purpose and mark the object. */
const isScaledByEvents = ({ metadata }: Workload["object"]): boolean =>
  Object.keys({ ...metadata.labels, ...metadata.annotations }).some((key) =>
    /^(?:serving\.knative\.dev|scaledobject\.keda\.sh|autoscaling\.keda\.sh|kube-green\.com|downscaler)\//.test(key),
  );

/** The most replicas that a change or an event says it had. */
const replicasBefore = (change: ObservedChange | undefined, event: ObservedEvent | undefined): number => {
  const [, from, fromOlder] = scaled.exec(event?.message ?? "") ?? [];
  return Math.max(1, Number(change?.before ?? 0) || 0, Number(from ?? fromOlder ?? 0));
};

/** Alerts, callers and failed connections that miss it. */
const missesOf = (view: View, workload: Workload, services: readonly Service[]) => {
  const names = new Set([workload.reference.name, ...services.map(({ metadata }) => metadata.name)]);
  return {
    alert: view.evidence.alerts.find(({ labels }) => Object.values(labels).some((value) => names.has(value))),
    callers: services.flatMap((service) => callersAndComplainers(view, service)).filter((caller) => caller !== workload),
    failed: services.flatMap((service) => {
      const attempt = view.connectionsTo(service).find(({ result }) => result !== "open" && result !== "unknown");
      return attempt === undefined ? [] : [objectQuote(service, `port ${attempt.port}: ${attempt.text}`)];
    })[0],
  };
};

export const replicasZero = cause({
  code: "ReplicasZero",
  title: "A workload scaled to zero that is still needed",
  reads: "Deployments and StatefulSets that want no pods, their Services, the time of the change, alerts and complaints of callers.",
  means: "Its replicas were set to zero, and its Service has no endpoints left for its callers.",
  needs: ["objects.Service"],
  signs: ["Deployment", "StatefulSet"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const { reference, desired } = workload;
      const services = view.servicesOf(workload);
      if (desired !== 0 || services.length === 0 || !["Deployment", "StatefulSet"].includes(reference.kind)) return [];
      const event = view.eventsOf(reference).find(({ reason, message }) => reason === "ScalingReplicaSet" && scaled.test(message));
      const change = view.changesOf(reference).find(({ field, after }) => field === "spec.replicas" && after === "0");
      const misses = missesOf(view, workload, services);
      const { alert, callers, failed } = misses;
      const before = replicasBefore(change, event);
      return [
        {
          ...{ workload, services, event, ...misses, before },
          isRecent: change !== undefined || (event !== undefined && view.now - (fromTimestamp(event.lastAt) ?? 0) <= recentMs),
          isMissed: alert !== undefined || callers.length > 0 || failed !== undefined,
          effects: callers.length === 0 ? ["requests to it fail"] : callers.slice(0, 3).map((caller) => `${nameOf(caller)} cannot call it`),
          command: kubectl(reference.namespace, "scale", resource(reference), `--replicas=${before}`),
        },
      ];
    }),
  // A workload that was scaled down long ago, and that no caller misses, is switched off on purpose.
  when: [{ is: "it was scaled down lately, or is missed", holds: ({ isRecent, isMissed }) => isRecent || isMissed }],
  unless: [{ is: "it is scaled by events, to zero where there are none", holds: ({ workload }) => isScaledByEvents(workload.object) }],
  supports: [
    { is: "it was scaled down within the last hour", holds: ({ isRecent }) => isRecent, weight: 2 },
    { is: "an alert, a caller or a failed connection misses it", holds: ({ isMissed }) => isMissed || "unknown", weight: 2 },
  ],
  says: "{workload} is scaled to zero, so {services} has no endpoints.",
  chain: "replicas of {workload} were set to 0 → {services} has no endpoints → {effects}",
  quotes: ({ workload, event, alert, failed }) => [
    objectQuote(workload, "spec.replicas: 0"),
    quoted(event, eventQuote),
    quoted(alert, alertQuote),
    failed,
  ],
  field: () => "spec.replicas",
  // A log line is no caller, and another namespace proves nothing about this one.
  hearsay: ({ workload, services, isRecent, failed, alert }, view) => {
    const { namespace } = workload.reference;
    const hasCaller = services.some((service) =>
      callersOf(view, service).some((caller) => caller !== workload && caller.reference.namespace === namespace),
    );
    return isRecent || failed !== undefined || alert?.labels["namespace"] === namespace || hasCaller
      ? undefined
      : "only logs, or another namespace, say that it is missed";
  },
  explains: ({ services, callers }) => [...services, ...callers],
  repairs: ({ workload, before }, view) => {
    const { reference } = workload;
    if (reference.kind !== "Deployment") return [];
    const autoscaler = view
      .all(HorizontalPodAutoscalers, reference.namespace)
      .find(({ spec }) => spec.scaleTargetRef.kind === reference.kind && spec.scaleTargetRef.name === reference.name);
    const note = autoscaler === undefined ? "" : ` ${nameOf(autoscaler)} does nothing while it has none.`;
    return [
      {
        action: "scale_deployment",
        target: reference,
        parameters: { replicas: String(before) },
        rationale: `It had ${counted(before, "replica")} before it was scaled to zero.${note}`,
        expected: `${nameOf(workload)} has ${counted(before, "ready replica")} and its Service has endpoints.`,
      },
    ];
  },
  remedy: "`scale_deployment` to the earlier number of replicas. Otherwise, scale it by hand.",
  otherwise: "scale it back: {command}",
});
