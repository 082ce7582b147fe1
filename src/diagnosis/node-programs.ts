// What is known of the programs of one node, and who suffers where one of them is down. Pure.
import { type Node, Pods } from "#api/kubernetes.ts";
import type { ComponentState } from "#evidence/evidence.ts";
import { objectQuote } from "#diagnosis/assess.ts";
import { quote } from "#diagnosis/explain.ts";
import type { Finding } from "#diagnosis/finding.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";

export const stateOn = (view: View, node: string, names: readonly string[]): ComponentState | undefined =>
  names.flatMap((name) => view.components(name)).find((each) => each.node === node);

/** Whether a program does not run, by its seen state. */
export const isDown = (state: ComponentState | undefined): boolean | "unknown" =>
  state === undefined || state.state === "unknown" ? "unknown" : state.state !== "running";

export const readyOf = (node: Node): { status: string; reason?: string; message?: string } | undefined =>
  node.status?.conditions?.find(({ type }) => type === "Ready");

/** Workloads with a pod on the node, and the Services in front of them. */
export const sufferersOn = (view: View, node: string): Finding["explains"] & object => {
  const workloads = new Set(
    view
      .all(Pods)
      .filter(({ spec }) => spec.nodeName === node)
      .map((pod) => view.workloadOf(pod)),
  );
  const known = [...workloads].filter((workload) => workload !== undefined);
  return [...known.map(({ reference }) => reference), ...known.flatMap((workload) => view.servicesOf(workload).map(referenceTo))];
};

export const componentQuotes = (state: ComponentState | undefined): Finding["quotes"] =>
  state === undefined || state.state === "running" ? [] : [quote("object", `Node ${state.node}`, `${state.component}: ${state.text}`)];

export const readyQuote = (node: Node): Finding["quotes"] => {
  const ready = readyOf(node);
  return ready === undefined
    ? []
    : [objectQuote(referenceTo(node), `Ready ${ready.status}: ${ready.reason ?? ""}: ${ready.message ?? ""}`)];
};
