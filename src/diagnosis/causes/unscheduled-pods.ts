// Pods without a node: one cause for each constraint or property of nodes that the scheduler reports.
import { type Node, Nodes, type PodSpec } from "#api/kubernetes.ts";
import { keptOutBy, schedulerCounts, schedulerQuote } from "#diagnosis/checks/scheduling.ts";
import { kubectl } from "#diagnosis/kubectl.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { rollbackWithout } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import {
  isControlPlane,
  isCordoned,
  matchesAffinity,
  matchesSelector,
  nodeSelectorOf,
  nodeTermsOf,
  unscheduledPods,
  untolerated,
} from "#diagnosis/scheduling.ts";
import type { View } from "#diagnosis/view.ts";

const needs = ["objects.Pod", "objects.Node"] as const;
const signs = ["Pod PodScheduled=False", "event FailedScheduling"] as const;

/** Control-plane nodes are kept free on purpose: they count only where there are no others. */
const workersFirst = (nodes: readonly Node[]): readonly Node[] => {
  const workers = nodes.filter((node) => !isControlPlane(node));
  return workers.length > 0 ? workers : nodes;
};

const constrained = (kind: "nodeSelector" | "nodeAffinity") => (view: View) =>
  unscheduledPods(view).map((waiting) => {
    const { spec } = waiting.pod;
    const nodes = view.all(Nodes);
    const selector = Object.entries(nodeSelectorOf(spec)).map(([key, value]) => `${key}=${value}`);
    // Where a pod has both and nodes meet each, the affinity is the narrower one.
    const isSelector = selector.length > 0 && (nodeTermsOf(spec).length === 0 || !nodes.some((node) => matchesSelector(spec, node)));
    return {
      ...waiting,
      nodes,
      constraint: kind,
      count: nodes.length,
      isUnmet: (kind === "nodeSelector") === isSelector,
      labels: kind === "nodeSelector" ? selector.join(", ") : JSON.stringify(nodeTermsOf(spec)).slice(0, 300),
    };
  });

const unmetConstraint = (
  kind: "nodeSelector" | "nodeAffinity",
  matches: (spec: PodSpec, node: Node) => boolean,
  texts: { readonly code: "NodeSelectorMatchesNothing" | "NodeAffinityMatchesNothing"; readonly title: string; readonly means: string },
) =>
  cause({
    ...texts,
    reads: "Pods that are not scheduled, the scheduler's message, and the labels of nodes.",
    needs,
    signs,
    of: constrained(kind),
    when: [
      { is: "no node matches", holds: ({ counts, wanted }) => (counts.selector ?? 0) > 0 || wanted?.length === 0 },
      { is: "no other refusal counts", holds: ({ blocker }) => blocker === "selector" },
      { is: `the ${kind} is the constraint that no node meets`, holds: ({ isUnmet }) => isUnmet },
    ],
    supports: [
      { is: "all nodes were read", holds: (_, view) => view.knows(Nodes, undefined) },
      {
        is: "no worker node has the labels",
        holds: ({ nodes, pod }) => nodes.filter((node) => matches(pod.spec, node)).every(isControlPlane),
        weight: 2,
      },
    ],
    says: "Pods of {workload} require {labels} by {constraint}, and none of {count} nodes matches.",
    chain: "no node has {labels} → the scheduler finds no node for {pod}",
    quotes: (waiting) => [objectQuote(waiting.workload, `${kind}: ${waiting.labels}`), schedulerQuote(waiting)],
    repairs: ({ workload, nodes }, view) =>
      rollbackWithout(view, workload, ({ spec }) => !nodes.some((node) => matchesSelector(spec, node) && matchesAffinity(spec, node))),
    remedy: "`rollback_deployment` to a revision that fits a node. Otherwise, label a node or correct the template.",
    otherwise: "label a node, or correct the nodeSelector or affinity in the pod template",
  });

export const nodeSelectorMatchesNothing = unmetConstraint("nodeSelector", matchesSelector, {
  code: "NodeSelectorMatchesNothing",
  title: "A nodeSelector that no node matches",
  means: "The nodeSelector of the pod template requires labels that no node has.",
});

export const nodeAffinityMatchesNothing = unmetConstraint("nodeAffinity", matchesAffinity, {
  code: "NodeAffinityMatchesNothing",
  title: "A required node affinity that no node matches",
  means: "The required node affinity of the pod template asks for labels that no node has.",
});

export const nodeCordoned = cause({
  code: "NodeCordoned",
  title: "A cordoned node that pods wait for",
  reads: "Pods that are not scheduled, and the nodes that their own constraints allow.",
  means: "All nodes that the pod allows are cordoned, or most of them where it has no constraints.",
  needs,
  signs,
  of: (view: View) =>
    unscheduledPods(view).flatMap((waiting) => {
      const { wanted = [] } = waiting;
      const nodes = workersFirst(wanted.filter(isCordoned));
      const [node] = nodes;
      const commands = nodes.slice(0, 3).map(({ metadata }) => kubectl(undefined, "uncordon", metadata.name));
      return node === undefined ? [] : [{ ...waiting, wanted, nodes, node, commands: commands.join("; ") }];
    }),
  when: [schedulerCounts("cordoned"), keptOutBy("cordoned", "a cordon")],
  supports: [
    { is: "every node that the pod allows is cordoned", holds: ({ wanted }) => wanted.every(isCordoned), weight: 2 },
    { is: "a worker node is cordoned", holds: ({ node }) => !isControlPlane(node) },
  ],
  object: ({ node }) => node,
  says: "Cordoned: {nodes}. {pod} of {workload} fits no other node.",
  chain: "cordoned: {nodes} → pods of {workload} are not scheduled",
  quotes: (waiting) => [...waiting.nodes.slice(0, 3).map((node) => objectQuote(node, "spec.unschedulable: true")), schedulerQuote(waiting)],
  explains: ({ workload }) => [workload],
  remedy: "Uncordon the node, unless a drain is in progress.",
  otherwise: "uncordon the node, unless a drain is in progress: {commands}",
});

export const taintNotTolerated = cause({
  code: "TaintNotTolerated",
  title: "A taint that pods do not tolerate",
  reads: "Pods that are not scheduled, and the taints of the nodes that their own constraints allow.",
  means:
    "All nodes that the pod allows, or most of them where it has no constraints, have a taint that the pod template does not tolerate.",
  needs,
  signs,
  of: (view: View) =>
    unscheduledPods(view).flatMap((waiting) => {
      const { wanted = [], pod } = waiting;
      const tainted = wanted.filter((node) => untolerated(pod.spec, node).length > 0);
      const nodes = workersFirst(tainted);
      const all = nodes.flatMap((node) => untolerated(pod.spec, node).map((taint) => ({ node, taint })));
      const taints = [
        ...new Set(all.map(({ taint: { key, value, effect } }) => `${key}${value === undefined ? "" : `=${value}`}:${effect}`)),
      ];
      const [first] = all;
      if (first === undefined) return [];
      const { node, taint } = first;
      const command = kubectl(undefined, "taint", "nodes", node.metadata.name, `${taint.key}:${taint.effect}-`);
      const isEvery = tainted.length === wanted.length || nodes.length === wanted.filter((each) => !isControlPlane(each)).length;
      return [{ ...waiting, nodes, named: nodes.slice(0, 5), taints, command, isEvery }];
    }),
  when: [schedulerCounts("taint"), keptOutBy("taint", "a taint")],
  unless: [
    // The node lifecycle controller adds them: the condition of the node is the cause.
    {
      is: ({ taints }) => `${taints.join(", ")} reports a node condition`,
      holds: ({ taints }) => taints.every((taint) => taint.startsWith("node.kubernetes.io/")),
    },
  ],
  supports: [
    { is: "every node that the pod allows is tainted", holds: ({ isEvery }) => isEvery, weight: 2 },
    {
      is: "a taint changed lately",
      holds: ({ nodes }, view) =>
        nodes.some((node) =>
          view.changesOf({ kind: "Node", name: node.metadata.name }).some(({ field }) => field.startsWith("spec.taints")),
        ) || "unknown",
    },
  ],
  says: "Pods of {workload} do not tolerate {taints} on {named}, and fit no other node.",
  chain: "{named} has {taints} → the pod template of {workload} does not tolerate it → {pod} is not scheduled",
  quotes: (waiting) => [
    ...waiting.nodes.slice(0, 3).map((node) => objectQuote(node, `taints: ${waiting.taints.join(", ")}`)),
    schedulerQuote(waiting),
  ],
  repairs: ({ workload, nodes }, view) =>
    rollbackWithout(view, workload, ({ spec }) => nodes.every((node) => untolerated(spec, node).length > 0)),
  remedy: "`rollback_deployment` to a revision that tolerates the taint. Otherwise, remove the taint or add a toleration.",
  otherwise: "add a toleration to the pod template, or remove the taint if the node should take pods: {command}",
});

const requiredRules = (affinity: unknown): number =>
  (affinity as { podAntiAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: unknown[] } } | undefined)?.podAntiAffinity
    ?.requiredDuringSchedulingIgnoredDuringExecution?.length ?? 0;

export const antiAffinityConflict = cause({
  code: "AntiAffinityConflict",
  title: "Pod anti-affinity that leaves no node",
  reads: "Pods that are not scheduled, the scheduler's message, and the required anti-affinity of the pod template.",
  means: "There are fewer nodes than pods, or the nodes run other pods that the anti-affinity excludes.",
  needs,
  signs,
  of: (view: View) =>
    unscheduledPods(view).map((waiting) => {
      const { workload, counts } = waiting;
      const running = workload.pods.filter(({ spec, status }) => spec.nodeName !== undefined && status?.phase === "Running");
      const room = running.length === 0 ? "its pod" : `more than ${running.length} of ${workload.desired ?? 1} pods`;
      return { ...waiting, running, room, excluded: counts.antiAffinity ?? 0 };
    }),
  when: [schedulerCounts("antiAffinity"), keptOutBy("antiAffinity", "pod anti-affinity")],
  supports: [
    {
      is: "the pod template has a required anti-affinity rule",
      holds: ({ pod }) => requiredRules(pod.spec["affinity"]) > 0 || "unknown",
      weight: 2,
    },
    {
      is: "its running pods are on one node each",
      holds: ({ running }) =>
        running.length === 0 ? "unknown" : new Set(running.map(({ spec }) => spec.nodeName)).size === running.length,
    },
  ],
  says: "Pod anti-affinity of {workload} leaves no node for {room}.",
  chain: "required pod anti-affinity excludes {excluded} nodes → {pod} is not scheduled",
  quotes: (waiting) => [
    objectQuote(waiting.workload, `affinity: ${JSON.stringify(waiting.pod.spec["affinity"] ?? "not known").slice(0, 500)}`),
    schedulerQuote(waiting),
  ],
  repairs: ({ workload }, view) => rollbackWithout(view, workload, ({ spec }) => requiredRules(spec["affinity"]) > 0),
  remedy: "`rollback_deployment` to a revision without the rule. Otherwise, add nodes, run fewer replicas, or make the rule a preference.",
  otherwise: "add nodes, run fewer replicas, or turn the required anti-affinity rule into a preferred one",
});
