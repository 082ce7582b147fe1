// Why a pod does not fit a node: the scheduler's filter plugins in their order, each in its own words (pkg/scheduler/framework/plugins). Pure.
import { type JsonRecord, type Stored, at, isRecord, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import type { NodeView } from "#embedded/nodes/node-view.ts";
import { type Amounts, hostPortsOf, requestsOf } from "#embedded/nodes/pod-requests.ts";
import { matchesSelector } from "#embedded/selectors.ts";

export interface Misfit {
  readonly reasons: readonly string[];
  /** Whether other pods' leaving could help. */
  readonly isResolvable: boolean;
}

export interface Candidate {
  readonly pod: Stored;
  readonly requests: Amounts;
  readonly volumes: readonly VolumeNeed[];
}

/** What a claim of the pod says about nodes. */
export interface VolumeNeed {
  /** Of the bound volume. */
  readonly nodeAffinity: unknown;
}

export const candidateOf = (pod: Stored, volumes: readonly VolumeNeed[]): Candidate => ({
  pod,
  requests: requestsOf(pod),
  volumes,
});

const hopeless = (...reasons: readonly string[]): Misfit => ({ reasons, isResolvable: false });
const crowded = (...reasons: readonly string[]): Misfit => ({ reasons, isResolvable: true });

type Filter = (candidate: Candidate, view: NodeView, all: readonly NodeView[]) => Misfit | undefined;

/** The first filter that objects; undefined where the node will do. */
export const misfitOf: Filter = (candidate, view, all) => {
  for (const filter of filters) {
    const misfit = filter(candidate, view, all);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
};

export const tolerates = (pod: Stored, taint: JsonRecord): JsonRecord | undefined =>
  listOf(at(pod, "spec", "tolerations"))
    .map(recordOf)
    .find((toleration) => {
      if (textOf(toleration["effect"]) !== "" && toleration["effect"] !== taint["effect"]) return false;
      if (textOf(toleration["key"]) !== "" && toleration["key"] !== taint["key"]) return false;
      if (toleration["operator"] === "Exists") return true;
      return textOf(toleration["key"]) !== "" && textOf(toleration["value"]) === textOf(taint["value"]);
    });

/** What only the node itself has a say in, and nothing that runs on it. */
type NodeFilter = (candidate: Pick<Candidate, "pod">, view: Pick<NodeView, "node">) => Misfit | undefined;

const unschedulable: NodeFilter = ({ pod }, { node }) => {
  if (at(node, "spec", "unschedulable") !== true) return undefined;
  const taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };
  return tolerates(pod, taint) === undefined ? hopeless("node(s) were unschedulable") : undefined;
};

const taints: NodeFilter = ({ pod }, { node }) => {
  const isRefused = listOf(at(node, "spec", "taints"))
    .map(recordOf)
    .some((each) => each["effect"] !== "PreferNoSchedule" && tolerates(pod, each) === undefined);
  return isRefused ? hopeless("node(s) had untolerated taint(s)") : undefined;
};

const nodeAffinity: NodeFilter = ({ pod }, { node }) => {
  const labels = recordOf(node.metadata.labels);
  const wanted = Object.entries(recordOf(at(pod, "spec", "nodeSelector")));
  const required = at(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  const fits = wanted.every(([key, value]) => labels[key] === value) && (required === undefined || matchesNodeSelector(required, node));
  return fits ? undefined : hopeless("node(s) didn't match Pod's node affinity/selector");
};

/** Any of the terms, all of a term's expressions. */
export const matchesNodeSelector = (selector: unknown, node: Stored): boolean =>
  listOf(at(selector, "nodeSelectorTerms")).some((term) => {
    const expressions = listOf(at(term, "matchExpressions"));
    const fields = listOf(at(term, "matchFields"));
    if (expressions.length + fields.length === 0) return false;
    const names = { "metadata.name": node.metadata.name };
    return matchesExpressions(expressions, recordOf(node.metadata.labels)) && matchesExpressions(fields, names);
  });

const matchesExpressions = (expressions: readonly unknown[], labels: JsonRecord): boolean =>
  expressions.every((expression) => {
    const operator = at(expression, "operator");
    if (operator !== "Gt" && operator !== "Lt") return matchesSelector({ matchExpressions: [expression] }, labels);
    const [value, limit] = [Number(labels[textOf(at(expression, "key"))]), Number(at(expression, "values", 0))];
    return operator === "Gt" ? value > limit : value < limit;
  });

const hostPorts: Filter = ({ pod }, { pods }) => {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return undefined;
  const taken = new Set([...pods.values()].flatMap((placed) => hostPortsOf(placed.pod)));
  return wanted.some((port) => taken.has(port)) ? crowded("node(s) didn't have free ports for the requested pod ports") : undefined;
};

const resources: Filter = ({ requests }, view) => {
  const { allocatable } = view;
  const reasons: string[] = [];
  let isResolvable = true;
  if (BigInt(view.pods.size + 1) * 1000n > (allocatable["pods"] ?? 0n)) reasons.push("Too many pods");
  for (const [name, amount] of Object.entries(requests)) {
    const all = allocatable[name] ?? 0n;
    if (amount === 0n || amount <= all - (view.requested[name] ?? 0n)) continue;
    reasons.push(`Insufficient ${name}`);
    if (amount > all) isResolvable = false;
  }
  return reasons.length === 0 ? undefined : { reasons, isResolvable };
};

const volumes: Filter = ({ volumes: needs }, { node }) => {
  const misses = needs.some(({ nodeAffinity: affinity }) => isRecord(affinity) && !matchesNodeSelector(affinity["required"], node));
  return misses ? hopeless("node(s) had volume node affinity conflict") : undefined;
};

const filters: readonly Filter[] = [unschedulable, taints, nodeAffinity, hostPorts, resources, volumes];

export const priorityOf = (pod: Stored): number => numberOf(at(pod, "spec", "priority")) ?? 0;
