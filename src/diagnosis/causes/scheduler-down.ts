// A scheduler that does not work: pods wait, and nothing reports why.
import { type Pod, Pods } from "#api/kubernetes.ts";
import { objectQuote, quote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** A scheduler that works reports on a new pod within seconds. */
const silentMs = 30_000;

const ignoredPods = (view: View): readonly Pod[] =>
  view
    .all(Pods)
    .filter(
      (pod) =>
        pod.spec.nodeName === undefined &&
        pod.metadata.deletionTimestamp === undefined &&
        pod.status?.phase === "Pending" &&
        (pod.spec["schedulerName"] ?? "default-scheduler") === "default-scheduler" &&
        ((pod.spec["schedulingGates"] ?? []) as unknown[]).length === 0 &&
        !(pod.status.conditions ?? []).some(({ type }) => type === "PodScheduled") &&
        view.now - (fromTimestamp(pod.metadata.creationTimestamp) ?? view.now) >= silentMs &&
        !view.eventsOf({ kind: "Pod", ...pod.metadata }).some(({ reason }) => reason === "FailedScheduling" || reason === "Scheduled"),
    );

export const schedulerDown = cause({
  code: "SchedulerDown",
  title: "A cluster without a working scheduler",
  reads: "Pods without a node, without a condition PodScheduled and without an event of the scheduler; the state of kube-scheduler.",
  means: "kube-scheduler does not work.",
  needs: ["objects.Pod"],
  signs: ["component", "Pod Pending"],
  of: (view: View) => {
    const states = view.components("kube-scheduler");
    const stopped = states.filter(({ state }) => state === "stopped" || state === "failing");
    const waiting = ignoredPods(view);
    const node = stopped[0]?.node;
    if (stopped.length === 0 && (states.length > 0 || waiting.length === 0)) return [];
    return [
      {
        ...{ stopped, waiting, node },
        where: node === undefined ? "" : ` on Node ${node}`,
        effect:
          waiting.length === 0
            ? "new pods do not start"
            : `${waiting.length === 1 ? "1 pod waits" : `${waiting.length} pods wait`} for a node`,
      },
    ];
  },
  supports: [
    { is: "the state of kube-scheduler was read", holds: ({ stopped }) => stopped.length > 0 || "unknown", weight: 2 },
    { is: "pods wait without a report of the scheduler", holds: ({ waiting }) => waiting.length > 0, weight: 2 },
  ],
  unless: [
    {
      is: "another instance of kube-scheduler is running",
      holds: (_, view) => view.components("kube-scheduler").some(({ state }) => state === "running"),
    },
  ],
  object: ({ node }) =>
    node === undefined
      ? { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: "kube-system", name: "kube-scheduler" }
      : { apiVersion: "v1", kind: "Node", name: node },
  says: "kube-scheduler is down{where}: {effect}.",
  chain: "kube-scheduler is down{where} → {effect}",
  quotes: ({ stopped, waiting: [pod], node }) => [
    ...stopped
      .slice(0, 2)
      .map(({ component, text }) => quote("object", node === undefined ? component : `Node ${node}`, `${component}: ${text}`)),
    pod === undefined ? undefined : objectQuote(pod, "phase Pending, no node, no condition PodScheduled, no event of the scheduler"),
  ],
  explains: ({ waiting }, view) => waiting.flatMap((pod) => view.workloadOf(pod) ?? []),
  otherwise: "start kube-scheduler on the control plane",
});
