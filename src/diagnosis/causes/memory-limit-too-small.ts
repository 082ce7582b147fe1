// A memory limit below what the program needs to start: it is killed for memory soon after each start, and nothing has changed of late.
import { times } from "#lib/words.ts";
import type { WorkloadEvidence, NodeEvidence } from "#evidence/workload-evidence.ts";
import {
  durationText,
  failureQuote,
  failureText,
  logQuotes,
  onePerContainer,
  quote,
  replicasText,
  targetName,
} from "#diagnosis/explain.ts";
import { steadyPods } from "#diagnosis/failures.ts";
import { judge, ruledOut, type Assessment } from "#diagnosis/finding.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";

const code = "MemoryLimitTooSmall";
/** A program that dies this soon was still starting; one that runs longer was growing. */
export const startingMs = 60_000;

/**
 * Must be seen: OOMKilled by its own limit, soon after its start.
 * Speaks against it: a long run before the end (a leak); a release or an edit that came before it (that is the cause then); a node out of memory;
 * a pod of the same limit that runs well.
 */
export const memoryLimitTooSmall = (evidence: WorkloadEvidence): Assessment => {
  const failures = failuresOfCurrent(evidence).filter(({ ended }) => ended?.reason === "OOMKilled");
  const failure = failures[0];
  if (failure === undefined) return ruledOut(code, "no container was killed for memory");
  const { container } = failure;
  const limit = limitOf(evidence, container.name);
  const ran = Math.max(...failures.map(({ ranMs }) => ranMs ?? -1));
  const { release, beganWithRelease, edit } = suspicionOf(evidence, failures);
  const steady = steadyPods(evidence, 60_000).filter((pod) => release === undefined || release.same.some(({ name }) => name === pod.owner));
  const pressed = evidence.nodes.filter((node) => hasPressure(node) && failures.some(({ pod }) => pod.node === node.name));

  const judged = judge(code, {
    required: [
      { claim: `a memory limit of container ${container.name}`, holds: limit !== undefined },
      { claim: "the container died while it was starting", holds: ran < 0 ? "unknown" : ran <= startingMs },
    ],
    against: [
      {
        claim: `revision ${release?.current.revision} changed container ${container.name} just before: the release is the cause`,
        holds: release?.previous !== undefined && beganWithRelease !== false,
      },
      { claim: `ConfigMap ${edit?.config.name} was edited just before: the edit is the cause`, holds: edit !== undefined },
      { claim: `Node ${pressed[0]?.name} itself is short of memory`, holds: pressed.length > 0 },
      { claim: `Pod ${steady[0]?.name} runs well within the same limit`, holds: steady.length > 0 },
    ],
    supporting: [
      { claim: "it was killed more than once", holds: container.restarts >= 2, weight: 2 },
      { claim: "all failing containers were killed for memory", holds: failuresOfCurrent(evidence).length === failures.length, weight: 1 },
      {
        claim: "its nodes have memory to spare",
        holds: evidence.nodes.some(({ state }) => state === "found") ? pressed.length === 0 : "unknown",
        weight: 1,
      },
      { claim: "it dies within half a minute of each start", holds: ran >= 0 && ran <= 30_000, weight: 1 },
    ],
  });
  if ("ruledOut" in judged) return judged;
  if (limit === undefined) return ruledOut(code, "the container has no memory limit");

  return {
    found: {
      code,
      object: evidence.target.reference,
      score: judged.score,
      summary: `The memory limit ${limit} of container ${container.name} in ${targetName(evidence)} is below what it needs to start: it ${failureText(failure)}, each time.`,
      chain: [
        `container ${container.name} may use ${limit} of memory`,
        `it ${failureText(failure)}`,
        `it has been restarted ${times(container.restarts)}`,
        replicasText(evidence),
      ],
      quotes: [
        quote("object", targetName(evidence), `container ${container.name}: resources.limits.memory ${limit}`),
        ...onePerContainer(failures).map((each) => failureQuote(evidence, each)),
        ...(release === undefined
          ? []
          : [
              quote(
                "change",
                targetName(evidence),
                `no change of container ${container.name} for ${durationText(Date.parse(evidence.collectedAt) - release.releasedAt)}`,
              ),
            ]),
        ...logQuotes(evidence, failures, 1),
      ],
      facts: { kind: "smallLimit", container: container.name, limit },
    },
  };
};

const limitOf = ({ target }: WorkloadEvidence, container: string): string | undefined =>
  target.template?.spec.containers.find(({ name }) => name === container)?.resources?.limits?.["memory"];

const hasPressure = (node: NodeEvidence): boolean =>
  node.conditions.some(({ type, status }) => type === "MemoryPressure" && status === "True");
