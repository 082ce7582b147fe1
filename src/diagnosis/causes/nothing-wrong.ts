// Nothing is wrong with the object: every check that could show trouble was made and shows none. Absence of knowledge is not health.
import type { WorkloadEvidence, EventEvidence, PodEvidence } from "#evidence/workload-evidence.ts";
import { quote, targetName } from "#diagnosis/explain.ts";
import { failuresOf, recentMs } from "#diagnosis/failures.ts";
import { judge, type Assessment, type Check } from "#diagnosis/finding.ts";
import { fromTimestamp } from "#lib/clock.ts";

const code = "NothingWrong";
const quietMs = 5 * 60_000;

interface HealthCheck extends Check {
  /** What is so where the claim does not hold. */
  readonly fault: string;
}

export const nothingWrong = (evidence: WorkloadEvidence): Assessment => {
  const { target } = evidence;
  const pods = evidence.pods.filter((pod) => !pod.isDeleting);
  const failing = failuresOf(evidence)[0];
  const notReady = pods.find((pod) => !pod.isReady && pod.phase !== "Succeeded");
  const restarted = pods.find((pod) => pod.containers.some((container) => hasEndedSince(evidence, container.last?.finishedAt)));
  const warning = evidence.events.find((event) => isFresh(evidence, event));

  const required: readonly HealthCheck[] = [
    {
      claim: "its health can be judged",
      fault: `the health of a ${target.reference.kind} cannot be judged`,
      holds: target.replicas !== undefined || target.reference.kind === "Pod",
    },
    ...replicaChecks(evidence),
    {
      claim: "every pod is ready",
      fault: notReady === undefined ? "no pods" : `Pod ${notReady.name} is not ready`,
      holds: pods.length > 0 && notReady === undefined,
    },
    {
      claim: "every container runs",
      fault: `container ${failing?.container.name} of Pod ${failing?.pod.name} fails`,
      holds: failing === undefined,
    },
    {
      claim: "no recent restart",
      fault: `Pod ${restarted?.name} restarted in the last ${recentMs / 60_000} min`,
      holds: restarted === undefined,
    },
    { claim: "no recent warning", fault: `recent warning: ${warning?.reason} of ${warning?.object}`, holds: warning === undefined },
  ];
  const unmet = required.find(({ holds }) => holds !== true);
  const judged = judge(code, {
    required,
    against: [],
    supporting: [
      { claim: "everything could be read", holds: evidence.gaps.length === 0, weight: 2 },
      { claim: "its nodes are well", holds: evidence.nodes.length === 0 ? "unknown" : evidence.nodes.every(isWell), weight: 1 },
      { claim: "no pod was ever restarted", holds: pods.every((pod) => pod.containers.every(({ restarts }) => restarts === 0)), weight: 1 },
    ],
  });
  if ("ruledOut" in judged)
    return unmet === undefined || unmet.holds === "unknown"
      ? judged
      : { ruledOut: { ...judged.ruledOut, reason: `not healthy: ${unmet.fault}` } };

  const counts = target.replicas;
  const state = counts === undefined ? "is ready" : `has ${counts.ready} of ${counts.desired} replicas ready, all of the newest template`;
  return {
    found: {
      code,
      object: target.reference,
      score: judged.score,
      summary: `${targetName(evidence)} ${state}; no container has failed in the last ${recentMs / 60_000} min.`,
      chain: [],
      quotes: [
        quote("object", targetName(evidence), `${targetName(evidence)} ${state}`),
        ...pods.slice(0, 5).map((pod) => quote("object", `Pod ${pod.name}`, podText(pod))),
      ],
      facts: { kind: "person", why: "no action is needed" },
    },
  };
};

const replicaChecks = ({ target }: WorkloadEvidence): readonly HealthCheck[] => {
  const { replicas, isObserved } = target;
  if (replicas === undefined) return [];
  const { desired, current, updated, ready, available } = replicas;
  return [
    { claim: "at least one replica is wanted", fault: "scaled to 0 replicas", holds: desired > 0 },
    {
      claim: "its controller has seen the newest template",
      fault: "its controller has not seen the newest template yet",
      holds: isObserved ?? "unknown",
    },
    {
      claim: "all replicas run the newest template",
      fault:
        updated === desired
          ? `${current} replicas exist, ${desired} are wanted`
          : `${updated} of ${desired} replicas run the newest template`,
      holds: updated === desired && current === desired,
    },
    {
      claim: "all replicas are ready and available",
      fault: `${Math.min(ready, available)} of ${desired} replicas are ready and available`,
      holds: ready === desired && available === desired,
    },
  ];
};

const hasEndedSince = (evidence: WorkloadEvidence, finishedAt: string | undefined): boolean => {
  const end = fromTimestamp(finishedAt);
  return end !== undefined && end >= (fromTimestamp(evidence.collectedAt) ?? 0) - recentMs;
};

/** A warning counts while the pod it is about exists and has not become ready since: starting pods are warned about, too. */
const isFresh = (evidence: WorkloadEvidence, event: EventEvidence): boolean => {
  const last = fromTimestamp(event.lastAt) ?? 0;
  if (event.type !== "Warning" || last < (fromTimestamp(evidence.collectedAt) ?? 0) - quietMs) return false;
  if (!event.object.startsWith("Pod ")) return true;
  const pod = evidence.pods.find(({ uid }) => uid === event.uid);
  return pod !== undefined && last > (fromTimestamp(pod.readySince) ?? 0);
};

const isWell = (node: WorkloadEvidence["nodes"][number]): boolean =>
  node.state === "found" && node.conditions.every(({ type, status }) => (type === "Ready" ? status === "True" : status !== "True"));

const podText = (pod: PodEvidence): string =>
  `${pod.phase}, ready since ${pod.readySince ?? "?"}, ${pod.containers.reduce((sum, { restarts }) => sum + restarts, 0)} restarts`;
