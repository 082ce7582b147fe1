// A memory limit below what the program needs to start: it is killed for memory soon after each start, and nothing has changed of late.
import { referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { inFailingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { times } from "#lib/words.ts";
import { durationText, failureQuote, failureText, logQuotes, onePerContainer, quote, replicasText } from "#diagnosis/explain.ts";
import { steadyPods } from "#diagnosis/failures.ts";
import { judge, ruledOut, type Assessment } from "#diagnosis/finding.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import { conditionOf } from "#api/conditions.ts";
import { moreMemory } from "#diagnosis/more-memory.ts";
import { type NodeState, nodeStates } from "#diagnosis/workload-states.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";

const code = "MemoryLimitTooSmall";
/** A program that dies this soon was still starting; one that runs longer was growing. */
export const startingMs = 60_000;

export const memoryLimitTooSmall: Cause = {
  code,
  title: "A memory limit that is too small",
  reads: "Containers killed for memory soon after their start, their limit, and what changed.",
  means: "The program does not fit its limit.",
  remedy: "`increase_resources`, at most fourfold. Otherwise, find out why the program needs more memory.",
  suppressedBy: ["LimitFromLimitRange", "TmpfsCountsAsMemory"],
  find: inFailingWorkloads((view, workload) => find(view, workload)),
};

/**
 * Must be seen: OOMKilled by its own limit, soon after its start.
 * Speaks against it: a long run before the end (a leak); a release or an edit that came before it (that is the cause then); a node out of memory;
 * a pod of the same limit that runs well.
 */
const find = (view: View, workload: Workload): Assessment => {
  const failures = failuresOfCurrent(view, workload).filter(({ ended }) => ended?.reason === "OOMKilled");
  const failure = failures[0];
  if (failure === undefined) return ruledOut(code, "no container was killed for memory");
  const { container } = failure;
  const limit = limitOf(workload, container.name);
  const ran = Math.max(...failures.map(({ ranMs }) => ranMs ?? -1));
  const { release, beganWithRelease, edit } = suspicionOf(view, workload, failures);
  const steady = steadyPods(view, workload, 60_000).filter(
    (pod) => release === undefined || release.same.some(({ name }) => name === pod.owner),
  );
  const nodes = nodeStates(view, workload);
  const pressed = nodes.filter((node) => hasPressure(node) && failures.some(({ pod }) => pod.node === node.name));

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
      {
        claim: "all failing containers were killed for memory",
        holds: failuresOfCurrent(view, workload).length === failures.length,
        weight: 1,
      },
      {
        claim: "its nodes have memory to spare",
        holds: nodes.some(({ node }) => node !== undefined) ? pressed.length === 0 : "unknown",
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
      object: workload.reference,
      score: judged.score,
      summary: `The memory limit ${limit} of container ${container.name} in ${referenceText(workload.reference)} is below what it needs to start: it ${failureText(failure)}, each time.`,
      chain: [
        `container ${container.name} may use ${limit} of memory`,
        `it ${failureText(failure)}`,
        `it has been restarted ${times(container.restarts)}`,
        replicasText(workload),
      ],
      quotes: [
        quote("object", referenceText(workload.reference), `container ${container.name}: resources.limits.memory ${limit}`),
        ...onePerContainer(failures).map((each) => failureQuote(workload, each)),
        ...(release === undefined
          ? []
          : [
              quote(
                "change",
                referenceText(workload.reference),
                `no change of container ${container.name} for ${durationText(view.now - release.releasedAt)}`,
              ),
            ]),
        ...logQuotes(view, workload, failures, 1),
      ],
      facts: moreMemory(workload, container.name, limit),
    },
  };
};

const limitOf = ({ template }: Workload, container: string): string | undefined =>
  template.spec.containers.find(({ name }) => name === container)?.resources?.limits?.["memory"];

const hasPressure = ({ node }: NodeState): boolean => node !== undefined && conditionOf(node, "MemoryPressure")?.status === "True";
