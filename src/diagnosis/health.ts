// The health of an object: every check that could show trouble was made and shows none. Unread evidence is not health.
import { isReady } from "#api/conditions.ts";
import { isObserved, replicasOf } from "#cluster/workload-shape.ts";
import { failuresOf, recentMs } from "#diagnosis/failures.ts";
import { type Assessment, ruledOut, scoreOf } from "#diagnosis/finding.ts";
import { quote } from "#diagnosis/quotes.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { type NodeState, nodeStates, podStates } from "#diagnosis/workload-states.ts";
import { type ObservedEvent, optionalSource } from "#evidence/evidence.ts";
import type { PodState } from "#evidence/pods.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "NothingWrong";
const quietMs = 5 * 60_000;

interface HealthCheck {
  readonly holds: boolean;
  /** The fact where it does not hold. */
  readonly fault: string;
}

export const healthOf = (view: View, workload: Workload): Assessment => {
  const { reference, object } = workload;
  const counts = replicasOf(object);
  const nodes = nodeStates(view, workload);
  const pods = podStates(view, workload).filter((pod) => !pod.isDeleting);
  const failing = failuresOf(view, workload)[0];
  const notReady = pods.find((pod) => !pod.isReady && pod.phase !== "Succeeded");
  const restarted = pods.find((pod) => pod.containers.some((container) => hasEndedSince(view, container.last?.finishedAt)));
  const warning = view.eventsAround(workload).find((event) => isFresh(view, workload, event));

  const required: readonly HealthCheck[] = [
    {
      fault: `the health of a ${reference.kind} cannot be judged`,
      holds: counts !== undefined || reference.kind === "Pod",
    },
    ...replicaChecks(workload),
    {
      fault: notReady === undefined ? "no pods" : `Pod ${notReady.name} is not ready`,
      holds: pods.length > 0 && notReady === undefined,
    },
    {
      fault: `container ${failing?.container.name} of Pod ${failing?.pod.name} fails`,
      holds: failing === undefined,
    },
    {
      fault: `Pod ${restarted?.name} restarted in the last ${recentMs / 60_000} min`,
      holds: restarted === undefined,
    },
    { fault: `recent warning: ${warning?.reason} of ${warning?.object}`, holds: warning === undefined },
  ];
  const unmet = required.find(({ holds }) => !holds);
  if (unmet !== undefined) return ruledOut(code, `not healthy: ${unmet.fault}`);
  const score = scoreOf([
    { holds: view.evidence.gaps.every((gap) => gap.startsWith(optionalSource)), weight: 2 },
    { holds: nodes.length === 0 ? "unknown" : nodes.every(isWell), weight: 1 },
    { holds: pods.every((pod) => pod.containers.every(({ restarts }) => restarts === 0)), weight: 1 },
  ]);
  const state = counts === undefined ? "is ready" : `has ${counts.ready} of ${counts.desired} replicas ready, all of the newest template`;
  return {
    found: {
      code,
      object: reference,
      score,
      summary: `${nameOf(workload)} ${state}; no container has failed in the last ${recentMs / 60_000} min.`,
      chain: [],
      quotes: [
        quote("object", nameOf(workload), `${nameOf(workload)} ${state}`),
        ...pods.slice(0, 5).map((pod) => quote("object", `Pod ${pod.name}`, podText(pod))),
      ],
      advice: { remedies: [], otherwise: "no action is needed" },
    },
  };
};

const replicaChecks = ({ object }: Workload): readonly HealthCheck[] => {
  const replicas = replicasOf(object);
  if (replicas === undefined) return [];
  const { desired, current, updated, ready, available } = replicas;
  return [
    { fault: "scaled to 0 replicas", holds: desired > 0 },
    {
      fault: "its controller has not seen the newest template yet",
      holds: isObserved(object),
    },
    {
      fault:
        updated === desired
          ? `${current} replicas exist, ${desired} are wanted`
          : `${updated} of ${desired} replicas run the newest template`,
      holds: updated === desired && current === desired,
    },
    {
      fault: `${Math.min(ready, available)} of ${desired} replicas are ready and available`,
      holds: ready === desired && available === desired,
    },
  ];
};

const hasEndedSince = ({ now }: View, finishedAt: string | undefined): boolean => {
  const end = fromTimestamp(finishedAt);
  return end !== undefined && end >= now - recentMs;
};

/** A warning counts while the pod it is about exists and has not become ready since: starting pods are warned about, too. */
const isFresh = (view: View, workload: Workload, event: ObservedEvent): boolean => {
  const last = fromTimestamp(event.lastAt) ?? 0;
  if (event.type !== "Warning" || last < view.now - quietMs) return false;
  if (!event.object.startsWith("Pod ")) return true;
  const pod = podStates(view, workload).find(({ uid }) => uid === event.uid);
  return pod !== undefined && last > (fromTimestamp(pod.readySince) ?? 0);
};

const isWell = ({ node }: NodeState): boolean =>
  node !== undefined &&
  isReady(node) &&
  (node.status?.conditions ?? []).every(({ type, status }) => (type === "Ready" ? status === "True" : status !== "True"));

const podText = (pod: PodState): string =>
  `${pod.phase}, ready since ${pod.readySince ?? "?"}, ${pod.containers.reduce((sum, { restarts }) => sum + restarts, 0)} restarts`;
