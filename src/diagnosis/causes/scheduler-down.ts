// No scheduler works: pods wait without anybody saying why.
import { type Pod, Pods } from "#api/kubernetes.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { quote } from "#diagnosis/explain.ts";
import { referenceTo, type View } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "SchedulerDown";
/** A scheduler that works says something of a pod within seconds. */
const silentMs = 30_000;

export const schedulerDown: Cause = {
  code,
  title: "A cluster without a working scheduler",
  reads: "Pods that wait without a node and without a word of the scheduler, and its state where somebody can see it.",
  means: "The scheduler does not work.",
  remedy: "Start the scheduler.",
  find: (view) => {
    const states = view.components("kube-scheduler");
    const stopped = states.filter(({ state }) => state === "stopped" || state === "failing");
    const waiting = ignoredPods(view);
    const [pod] = waiting;
    const node = stopped[0]?.node;
    return [
      assess(
        code,
        {
          required: [
            {
              claim: "the scheduler is stopped, or pods wait without a word of it",
              holds: stopped.length > 0 || (states.length === 0 && waiting.length > 0),
            },
          ],
          against: [{ claim: "another scheduler runs", holds: states.some(({ state }) => state === "running") }],
          supporting: [
            { claim: "its state was seen", holds: stopped.length > 0 ? true : "unknown", weight: 2 },
            { claim: "pods wait without a node, and nobody says why", holds: waiting.length > 0, weight: 2 },
          ],
        },
        () => ({
          object:
            node === undefined
              ? { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: "kube-system", name: "kube-scheduler" }
              : { apiVersion: "v1", kind: "Node", name: node },
          summary: `The scheduler is down${node === undefined ? "" : ` on Node ${node}`}: ${waiting.length === 0 ? "new pods will not start" : `${waiting.length} pods wait and nobody looks at them`}.`,
          chain: ["the scheduler is down", `${waiting.length} pods get no node`],
          quotes: [
            ...stopped
              .slice(0, 2)
              .map(({ component, text }) => quote("object", node === undefined ? component : `Node ${node}`, `${component}: ${text}`)),
            ...(pod === undefined
              ? []
              : [objectQuote(referenceTo(pod), "phase Pending, no node, no condition PodScheduled, no event of the scheduler")]),
          ],
          explains: waiting.flatMap((each) => {
            const workload = view.workloadOf(each);
            return workload === undefined ? [] : [workload.reference];
          }),
          facts: person("start kube-scheduler on the control plane"),
        }),
      ),
    ];
  },
};

const ignoredPods = (view: View): readonly Pod[] =>
  view
    .all(Pods)
    .filter(
      (pod) =>
        pod.spec.nodeName === undefined &&
        pod.metadata.deletionTimestamp === undefined &&
        pod.status?.phase === "Pending" &&
        (pod.spec["schedulerName"] ?? "default-scheduler") === "default-scheduler" &&
        (pod.spec["schedulingGates"] === undefined || (pod.spec["schedulingGates"] as unknown[]).length === 0) &&
        !(pod.status.conditions ?? []).some(({ type }) => type === "PodScheduled") &&
        view.now - (fromTimestamp(pod.metadata.creationTimestamp) ?? view.now) >= silentMs &&
        !view.eventsOf(referenceTo(pod)).some(({ reason }) => reason === "FailedScheduling" || reason === "Scheduled"),
    );
