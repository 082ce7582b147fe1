// Rollouts that cannot proceed as they are declared: no free host port, a volume that the old pod holds, an old pod that does not end.
import { isReady } from "#api/conditions.ts";
import { type Deployment, PersistentVolumeClaims } from "#api/kubernetes.ts";
import { schedulerQuote } from "#diagnosis/checks/scheduling.ts";
import { kubectl, patch } from "#diagnosis/kubectl.ts";
import { lineIn, lineQuote } from "#diagnosis/log-lines.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { unscheduledPods } from "#diagnosis/scheduling.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { meaningOf } from "#logs/meaning.ts";
import { recordOf } from "#logs/record.ts";

interface Strategy {
  readonly type?: string;
  readonly rollingUpdate?: { readonly maxUnavailable?: number | string; readonly maxSurge?: number | string };
}

const strategyOf = ({ object }: Workload): Strategy => ((object as Deployment).spec as { strategy?: Strategy }).strategy ?? {};

/** As the Deployment controller rounds: percentages of maxUnavailable down, and the default is 25 %. */
const unavailableAllowed = (workload: Workload): number => {
  const { rollingUpdate } = strategyOf(workload);
  const value = rollingUpdate?.maxUnavailable ?? "25%";
  const desired = workload.desired ?? 1;
  return typeof value === "number" ? value : Math.floor((desired * Number(value.replace("%", ""))) / 100);
};

export const hostPortsTaken = cause({
  code: "HostPortsTaken",
  title: "A rollout that finds no free host port",
  reads: "Pods that are not scheduled, the scheduler's message, host ports and the strategy of the Deployment.",
  means: "The old pods hold the host port on every node, and the strategy starts a new pod before it stops an old one.",
  needs: ["objects.Pod", "objects.Deployment"],
  signs: ["Pod PodScheduled=False"],
  of: (view: View) =>
    unscheduledPods(view).flatMap((waiting) => {
      const { workload, pod } = waiting;
      const ports = pod.spec.containers.flatMap(({ ports: all = [] }) => all.flatMap(({ hostPort }) => hostPort ?? []));
      const named = workload.object.kind === "Deployment";
      const command = patch(workload.reference, { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } } });
      return ports.length === 0 || !named ? [] : [{ ...waiting, ports, command }];
    }),
  when: [
    {
      is: "the scheduler finds no free port",
      not: ({ pod }) => `the scheduler does not name ports for ${nameOf(pod)}`,
      holds: ({ message }) => /free ports for the requested pod ports/.test(message ?? ""),
    },
    { is: "its own pods hold the ports", holds: ({ workload }) => workload.pods.some(({ spec }) => spec.nodeName !== undefined) },
  ],
  supports: [
    {
      is: "the strategy stops no old pod first",
      holds: ({ workload }) => strategyOf(workload).type !== "Recreate" && unavailableAllowed(workload) === 0,
      weight: 2,
    },
  ],
  says: "The rollout of {workload} needs hostPort {ports}, which its old pods hold on every node; its strategy stops none of them first.",
  chain: "only one pod per node can use hostPort {ports} → maxUnavailable rounds down to 0 → {pod} finds no free ports",
  quotes: (waiting) => [
    schedulerQuote(waiting),
    objectQuote(waiting.workload, `strategy: ${JSON.stringify(strategyOf(waiting.workload))}`),
  ],
  remedy: "Let the rollout stop an old pod first: maxSurge 0 and maxUnavailable 1.",
  otherwise: "let the rollout stop an old pod first: {command}",
});

const claimsOf = ({ template }: Workload): readonly string[] =>
  (template.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);

export const volumeHeldByOldPod = cause({
  code: "VolumeHeldByOldPod",
  title: "A rollout whose pods cannot share their volume",
  reads: "Deployments with a claim, their strategy, and the logs of new pods that cannot take a lock.",
  means: "The new pod starts beside the old one, which holds the lock on their volume; it fails, and the old one is never stopped.",
  needs: ["objects.Pod", "objects.Deployment", "objects.PersistentVolumeClaim", "logs"],
  signs: ["log"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const claims = claimsOf(workload);
      if (claims.length === 0 || workload.object.kind !== "Deployment") return [];
      const old = workload.pods.find((pod) => isReady(pod));
      const failing = workload.pods.find(
        (pod) => !isReady(pod) && (pod.status?.containerStatuses ?? []).some(({ restartCount }) => restartCount > 0),
      );
      const line = lineIn(view.logsOf(workload), (each, { pod }) => pod === failing?.metadata.name && isLockRefused(each));
      if (old === undefined || failing === undefined || line === undefined) return [];
      const command = patch(workload.reference, { spec: { strategy: { type: "Recreate", rollingUpdate: null } } });
      return [{ workload, claims, old, failing, line, command, name: failing.metadata.name, holder: old.metadata.name }];
    }),
  unless: [{ is: "the strategy is Recreate", holds: ({ workload }) => strategyOf(workload).type === "Recreate" }],
  supports: [
    {
      is: "the claim is ReadWriteOnce",
      holds: ({ workload, claims }, view) =>
        claims.some((name) =>
          view
            .get(PersistentVolumeClaims, workload.reference.namespace, name)
            ?.spec.accessModes?.some((mode) => mode.startsWith("ReadWriteOnce")),
        ),
    },
    {
      is: "the new pod is younger than the old one",
      holds: ({ old, failing }) => old.metadata.creationTimestamp < failing.metadata.creationTimestamp,
    },
  ],
  says: "The RollingUpdate of {workload} starts Pod {name} while Pod {holder} still holds the lock on their volume {claims}; the rollout cannot finish.",
  chain:
    "strategy RollingUpdate with the same volume {claims} for both pods → Pod {holder} holds the lock → Pod {name} fails and is never ready",
  quotes: ({ line }) => [lineQuote(line)],
  otherwise: "set the strategy to Recreate, so that the old pod ends first: {command}",
});

const isLockRefused = (line: string): boolean =>
  meaningOf(recordOf(line).message) === "lock held" || /resource temporarily unavailable|locked by another process/i.test(line);

export const oldPodDoesNotEnd = cause({
  code: "OldPodDoesNotEnd",
  title: "A rollout that waits for an old pod to end",
  reads: "Pods in deletion, their grace period, preStop hooks, and Deployments of strategy Recreate.",
  means:
    "Strategy Recreate starts the new pod after the old one has ended, and that takes as long as its preStop hook or its grace period allows.",
  needs: ["objects.Pod", "objects.Deployment"],
  signs: ["deletion"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const ending = workload.pods.find(({ metadata }) => metadata.deletionTimestamp !== undefined);
      if (ending === undefined || workload.object.kind !== "Deployment") return [];
      const grace = Number(ending.spec["terminationGracePeriodSeconds"] ?? 30);
      const end = fromTimestamp(ending.metadata.deletionTimestamp) ?? view.now;
      const hook = ending.spec.containers.find(({ lifecycle }) => (lifecycle as { preStop?: unknown } | undefined)?.preStop !== undefined);
      const { name } = ending.metadata;
      const command = kubectl(workload.reference.namespace, "delete", "pod", name, "--grace-period=5");
      const since = Math.round((view.now - (end - grace * 1000)) / 1000);
      return [{ workload, ending, grace, hook: hook?.name ?? "", since, command, name }];
    }),
  when: [
    { is: "the strategy is Recreate", holds: ({ workload }) => strategyOf(workload).type === "Recreate" },
    { is: "no other pod runs", holds: ({ workload }) => workload.pods.every(({ metadata }) => metadata.deletionTimestamp !== undefined) },
    { is: "it has been ending for 40 s", holds: ({ since }) => since >= 40 },
  ],
  unless: [{ is: "a finalizer holds it", holds: ({ ending }) => (ending.metadata.finalizers ?? []).length > 0 }],
  supports: [
    { is: "it has a preStop hook", holds: ({ hook }) => hook !== "" },
    { is: "its grace period is longer than two minutes", holds: ({ grace }) => grace > 120 },
  ],
  says: "{workload} has no pod: strategy Recreate waits for Pod {name}, which has been Terminating for {since} s (terminationGracePeriodSeconds {grace}, preStop hook of container {hook}).",
  chain: "the preStop hook or the program does not end → Pod {name} is Terminating for up to {grace} s → no new pod of {workload} starts",
  quotes: ({ ending, grace }) => [
    objectQuote(ending, `deletionTimestamp ${ending.metadata.deletionTimestamp ?? ""}, terminationGracePeriodSeconds ${grace}`),
  ],
  otherwise: "end the old pod if it holds no work, then correct the preStop hook or the grace period: {command}",
});

export const topologyKeyMissing = cause({
  code: "TopologyKeyMissing",
  title: "A topology spread over a label that no node has",
  reads: "Pods that are not scheduled, their topologySpreadConstraints, and the labels of nodes.",
  means: "A constraint with whenUnsatisfiable DoNotSchedule names a node label that no node has.",
  needs: ["objects.Pod", "objects.Node"],
  signs: ["Pod PodScheduled=False"],
  of: (view: View) =>
    unscheduledPods(view).flatMap((waiting) => {
      const constraints = (waiting.pod.spec["topologySpreadConstraints"] ?? []) as readonly {
        readonly topologyKey: string;
        readonly whenUnsatisfiable?: string;
      }[];
      const { wanted = [] } = waiting;
      const key = constraints.find(
        ({ topologyKey, whenUnsatisfiable }) =>
          whenUnsatisfiable !== "ScheduleAnyway" && wanted.every(({ metadata }) => metadata.labels?.[topologyKey] === undefined),
      )?.topologyKey;
      return key === undefined || wanted.length === 0 ? [] : [{ ...waiting, key }];
    }),
  when: [{ is: "the scheduler names the topology spread", holds: ({ message }) => /topology spread constraints/.test(message ?? "") }],
  supports: [
    { is: "the scheduler says that the label is missing", holds: ({ message }) => /missing required label/.test(message ?? ""), weight: 2 },
  ],
  says: "The topologySpreadConstraints of {workload} use the node label {key}, which no node has.",
  chain: "no node has the label {key} → the topology spread cannot be met → {pod} is not scheduled",
  quotes: (waiting) => [schedulerQuote(waiting)],
  otherwise: "set topologyKey to a label that the nodes have, such as kubernetes.io/hostname, or whenUnsatisfiable to ScheduleAnyway",
});
