// The programs of a node, and the objects that suffer where one of them is down. Pure.
import { conditionOf } from "#api/conditions.ts";
import type { Quote } from "#api/fields.ts";
import { type Node, Pods } from "#api/kubernetes.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import type { Named } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";
import type { ComponentState } from "#evidence/evidence.ts";

export const stateOn = (view: View, node: string, names: readonly string[]): ComponentState | undefined =>
  names.flatMap((name) => view.components(name)).find((each) => each.node === node);

/** By its reported state. */
export const isDown = (state: ComponentState | undefined): boolean | "unknown" =>
  state === undefined || state.state === "unknown" ? "unknown" : state.state !== "running";

export const isUnready = (node: Node): boolean | "unknown" => {
  const ready = conditionOf(node, "Ready");
  return ready === undefined ? "unknown" : ready.status !== "True";
};

/** Workloads with a pod on the node, and the Services in front of them. */
export const sufferersOn = (view: View, node: string): readonly Named[] => {
  const onNode = view.all(Pods).filter(({ spec }) => spec.nodeName === node);
  const workloads = [...new Set(onNode.flatMap((pod) => view.workloadOf(pod) ?? []))];
  return [...workloads, ...workloads.flatMap(view.servicesOf)];
};

export const componentQuotes = (state: ComponentState | undefined): readonly Quote[] =>
  state?.node === undefined || state.state === "running"
    ? []
    : [objectQuote({ kind: "Node", name: state.node }, `${state.component}: ${state.text}`)];

export const readyQuote = (node: Node): Quote | undefined => {
  const ready = conditionOf(node, "Ready");
  return ready === undefined ? undefined : objectQuote(node, `Ready ${ready.status}: ${ready.reason ?? ""}: ${ready.message ?? ""}`);
};
