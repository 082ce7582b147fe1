// Why pods are not scheduled: what the scheduler says of its nodes, and which of them the pod's own wishes leave. Pure.
// The words are those of kube-scheduler's plugins (pkg/scheduler/framework/plugins); each node is counted under the first plugin that refuses it.
import { conditionOf } from "#api/conditions.ts";
import { type Node, Nodes, type Pod, type PodSpec } from "#api/kubernetes.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import type { ObservedEvent } from "#evidence/evidence.ts";
import { fromTimestamp } from "#lib/clock.ts";

export type NodeRefusal = "cordoned" | "taint" | "selector" | "antiAffinity" | "affinity" | "cpu" | "memory" | "extended" | "other";

export interface Unscheduled {
  readonly workload: Workload;
  readonly pod: Pod;
  /** The scheduler's own words. */
  readonly message: string;
  readonly event?: ObservedEvent;
  /** How many nodes each refusal holds for, by the message. */
  readonly counts: Readonly<Partial<Record<NodeRefusal, number>>>;
  /** Nodes that the pod's selector and required node affinity leave; undefined where the nodes are not known. */
  readonly wanted?: readonly Node[];
  /** The refusal that keeps the pod out of most nodes that its own constraints allow. */
  readonly blocker: NodeRefusal | undefined;
}

/** Room may be on its way: a pod of a rollout that ends, one that gives way. */
const settledMs = 10_000;

const phrases: readonly (readonly [NodeRefusal, RegExp])[] = [
  ["cordoned", /(\d{1,9}) node\(s\) were unschedulable/g],
  ["taint", /(\d{1,9}) node\(s\) had (?:an )?untolerated taint(?:\(s\))?/g],
  ["selector", /(\d{1,9}) node\(s\) didn't match Pod's node affinity\/selector/g],
  ["antiAffinity", /(\d{1,9}) node\(s\) (?:didn't match pod anti-affinity rules|didn't satisfy existing pods anti-affinity rules)/g],
  ["affinity", /(\d{1,9}) node\(s\) didn't match pod affinity rules/g],
  ["cpu", /(\d{1,9}) Insufficient cpu/g],
  ["memory", /(\d{1,9}) Insufficient memory/g],
  // An extended resource is named by a domain; ephemeral storage and huge pages are not.
  ["extended", /(\d{1,9}) Insufficient (?:[\w.-]{1,253}\/[\w.-]{1,63}|ephemeral-storage|hugepages-\w{1,10})/g],
];

/** One pod for each workload that has some waiting: they wait for the same. */
export const unscheduledPods = (view: View): readonly Unscheduled[] => view.shared(findUnscheduledPods);

const findUnscheduledPods = (view: View): readonly Unscheduled[] =>
  view.workloads.flatMap((workload) => {
    const waiting = workload.pods.filter(
      ({ metadata, spec, status }) =>
        metadata.deletionTimestamp === undefined &&
        view.now - (fromTimestamp(metadata.creationTimestamp) ?? view.now) >= settledMs &&
        spec.nodeName === undefined &&
        (status?.phase ?? "Pending") === "Pending",
    );
    const found = waiting.flatMap((pod): Unscheduled[] => {
      const condition = conditionOf(pod, "PodScheduled");
      const event = view.eventsAround(workload).find(({ uid, reason }) => uid === pod.metadata.uid && reason === "FailedScheduling");
      const message = (condition?.status === "False" ? condition.message : undefined) ?? event?.message;
      return message === undefined ? [] : [unscheduled(view, workload, pod, message, event)];
    });
    return found.slice(0, 1);
  });

const unscheduled = (view: View, workload: Workload, pod: Pod, message: string, event: ObservedEvent | undefined): Unscheduled => {
  // What preemption could do is said behind it, of the same nodes once more.
  const said = message.split(/\.? preemption: /)[0] ?? message;
  const counts = Object.fromEntries(
    phrases.flatMap(([refusal, pattern]) => {
      const nodes = [...said.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
      return nodes === 0 ? [] : [[refusal, nodes]];
    }),
  ) as Partial<Record<NodeRefusal, number>>;
  const nodes = view.all(Nodes);
  const wanted = nodes.length === 0 ? undefined : nodes.filter((node) => matchesWishes(pod.spec, node));
  return {
    workload,
    pod,
    message,
    ...(event === undefined ? {} : { event }),
    counts,
    ...(wanted === undefined ? {} : { wanted }),
    blocker: blockerOf(pod.spec, counts, wanted),
  };
};

/**
 * A pod with constraints is kept out by the cordons and taints of the nodes that they allow, or by the constraints themselves where they allow
 * none. Else the refusal of most nodes counts. Nodes of the control plane are kept free on purpose and count only where there are no others.
 */
const blockerOf = (
  spec: PodSpec,
  counts: Partial<Record<NodeRefusal, number>>,
  wanted: readonly Node[] | undefined,
): NodeRefusal | undefined => {
  const workers = wanted?.filter((node) => !isControlPlane(node)) ?? [];
  // A constraint that only the control plane meets, which is kept free, counts as unmet.
  const isUnmet =
    wanted === undefined || (workers.length === 0 && wanted.every((node) => isCordoned(node) || untolerated(spec, node).length > 0));
  // The scheduler counts a node that is cordoned or tainted under that, and then says nothing of the wish that no node meets.
  if (hasWishes(spec) && wanted?.length === 0) return "selector";
  if ((counts.selector ?? 0) > 0 && (isUnmet || !hasWishes(spec))) return "selector";
  const nodes = workers.length > 0 ? workers : (wanted ?? []);
  const cordoned = nodes.filter(isCordoned).length;
  const tainted = nodes.filter((node) => !isCordoned(node) && untolerated(spec, node).length > 0).length;
  const found: Partial<Record<NodeRefusal, number>> =
    wanted === undefined ? { ...counts } : { ...counts, selector: 0, cordoned, taint: tainted };
  return (Object.entries(found) as [NodeRefusal, number][]).filter(([, count]) => count > 0).toSorted((a, b) => b[1] - a[1])[0]?.[0];
};

export const isCordoned = (node: Node): boolean => node.spec?.unschedulable === true;

export const isControlPlane = ({ metadata: { labels = {} } }: Node): boolean =>
  Object.keys(labels).some((key) => key === "node-role.kubernetes.io/control-plane" || key === "node-role.kubernetes.io/master") ||
  /^(?:master|control-plane)$/.test(labels["kubernetes.io/role"] ?? "");

interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
}

/** Taints that keep new pods of this template away. What a cordon adds is the cordon's. */
export const untolerated = (spec: PodSpec, node: Node): readonly { key: string; value?: string; effect: string }[] => {
  const tolerations = (spec["tolerations"] ?? []) as readonly Toleration[];
  return (node.spec?.taints ?? []).filter(
    (taint) =>
      taint.effect !== "PreferNoSchedule" &&
      taint.key !== "node.kubernetes.io/unschedulable" &&
      !tolerations.some(
        ({ key, operator = "Equal", value = "", effect }) =>
          (effect === undefined || effect === "" || effect === taint.effect) &&
          (key === undefined || key === "" ? operator === "Exists" : key === taint.key) &&
          (operator === "Exists" || value === (taint.value ?? "")),
      ),
  );
};

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}
interface Term {
  readonly matchExpressions?: readonly Requirement[];
  readonly matchFields?: readonly Requirement[];
}

export const nodeSelectorOf = (spec: PodSpec): Readonly<Record<string, string>> => (spec["nodeSelector"] ?? {}) as Record<string, string>;

export const nodeTermsOf = (spec: PodSpec): readonly Term[] => {
  const affinity = spec["affinity"] as
    | { nodeAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: { nodeSelectorTerms?: Term[] } } }
    | undefined;
  return affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
};

const hasWishes = (spec: PodSpec): boolean => Object.keys(nodeSelectorOf(spec)).length > 0 || nodeTermsOf(spec).length > 0;

const matchesWishes = (spec: PodSpec, node: Node): boolean => matchesSelector(spec, node) && matchesAffinity(spec, node);

export const matchesSelector = (spec: PodSpec, { metadata: { labels = {} } }: Node): boolean =>
  Object.entries(nodeSelectorOf(spec)).every(([key, value]) => labels[key] === value);

/** Terms are alternatives; all expressions of one term have to hold. */
export const matchesAffinity = (spec: PodSpec, node: Node): boolean => {
  const terms = nodeTermsOf(spec);
  return (
    terms.length === 0 ||
    terms.some(
      ({ matchExpressions = [], matchFields = [] }) =>
        matchExpressions.length + matchFields.length > 0 &&
        matchExpressions.every((each) => holds(each, node.metadata.labels?.[each.key])) &&
        matchFields.every((each) => holds(each, each.key === "metadata.name" ? node.metadata.name : undefined)),
    )
  );
};

const holds = ({ operator, values = [] }: Requirement, value: string | undefined): boolean => {
  if (operator === "In") return value !== undefined && values.includes(value);
  if (operator === "NotIn") return value === undefined || !values.includes(value);
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  const [bound] = values;
  if (value === undefined || bound === undefined) return false;
  return operator === "Gt" ? Number(value) > Number(bound) : operator === "Lt" && Number(value) < Number(bound);
};
