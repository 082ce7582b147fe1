// One workload out of the whole evidence, in the form that causes which live in one workload read. Pure.
import type { Alert } from "#api/fields.ts";
import { ConfigMaps, Nodes, ReplicaSets, type Deployment } from "#api/kubernetes.ts";
import { optionalSource } from "#evidence/evidence.ts";
import { configEvidence, configsRead } from "#evidence/configs.ts";
import { cleanConditions, podEvidence } from "#evidence/pods.ts";
import { revisionsOf } from "#evidence/revisions.ts";
import { targetEvidence } from "#evidence/target.ts";
import { bounds, type ConfigEvidence, type NodeEvidence, type WorkloadEvidence } from "#evidence/workload-evidence.ts";
import type { View, Workload } from "#diagnosis/view.ts";

export const workloadEvidence = (view: View, workload: Workload): WorkloadEvidence => {
  const { reference, object, template } = workload;
  const pods = workload.pods.map(podEvidence).slice(-bounds.pods);
  const sets =
    object.kind === "Deployment"
      ? view
          .all(ReplicaSets, reference.namespace)
          .filter((set) => set.metadata.ownerReferences?.some((owner) => owner.uid === object.metadata.uid) ?? false)
      : [];
  return {
    collectedAt: view.evidence.collectedAt,
    alert: view.evidence.alerts[0] ?? noAlert(view.evidence.collectedAt),
    target: targetEvidence(reference, object),
    pods,
    revisions: object.kind === "Deployment" ? revisionsOf(object as Deployment, sets, pods) : [],
    events: view.eventsAround(workload).slice(0, bounds.events),
    logs: view
      .logsOf(workload)
      .flatMap(({ pod, container, run, text }) => (container === undefined ? [] : [{ pod, container, run, text }]))
      .slice(0, bounds.logs),
    configs: configsRead(template)
      .slice(0, bounds.configs)
      .map((use): ConfigEvidence => {
        const found = view.get(ConfigMaps, reference.namespace, use.name);
        if (found === undefined && !view.knows(ConfigMaps, reference.namespace)) return { ...use, state: "unread", keys: [] };
        const changes = view.changesOf({ kind: ConfigMaps.kind, namespace: reference.namespace, name: use.name });
        return {
          ...configEvidence(use, found),
          changes: changes.filter(({ field }) => field.startsWith("data") || field.startsWith("binaryData")),
        };
      }),
    nodes: [...new Set(pods.map(({ node }) => node).filter((name) => name !== undefined))]
      .slice(0, bounds.nodes)
      .map((name) => nodeEvidence(view, name)),
    gaps: view.evidence.gaps.filter((gap) => !gap.startsWith(optionalSource)).slice(0, bounds.gaps),
  };
};

const nodeEvidence = (view: View, name: string): NodeEvidence => {
  const node = view.get(Nodes, undefined, name);
  if (node === undefined) return { name, state: view.knows(Nodes, undefined) ? "gone" : "unread", conditions: [] };
  return { name, state: "found", conditions: cleanConditions(node.status?.conditions) };
};

const noAlert = (at: string): Alert => ({
  name: "manual",
  fingerprint: "manual",
  severity: "unknown",
  startsAt: at,
  source: "manual",
  labels: {},
  annotations: {},
});
