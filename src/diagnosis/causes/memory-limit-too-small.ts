// A memory limit below the need of the program's start: it is killed for memory soon after each start, and nothing has changed of late.
import { conditionOf } from "#api/conditions.ts";
import { failingWorkloads, memoryLimitOf } from "#diagnosis/containers.ts";
import { durationText, failureQuotes, failureText, logQuotes, replicasText } from "#diagnosis/explain.ts";
import { steadyPods } from "#diagnosis/failures.ts";
import { objectQuote, quote } from "#diagnosis/quotes.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import { moreMemory } from "#diagnosis/remedies.ts";
import { cause, nearMiss } from "#diagnosis/rule.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { nodeStates } from "#diagnosis/workload-states.ts";
import { times } from "#lib/words.ts";

/** A program that ends this soon was still starting; one that runs longer was growing. */
export const startingMs = 60_000;
/** Soon even for a start. */
const atOnceMs = 30_000;
/** One kill may be an accident. */
const restartsAtLeast = 2;
/** Enough for a start that narrowly fails, and well within the bound of the action. */
const factor = 2;

const killOf = (view: View, workload: Workload) => {
  const all = failuresOfCurrent(view, workload);
  const failures = all.filter(({ ended }) => ended?.reason === "OOMKilled");
  const [failure] = failures;
  if (failure === undefined) return nearMiss("no container was killed for memory");
  const { container } = failure;
  const limit = memoryLimitOf(workload.template.spec, container.name);
  if (limit === undefined) return nearMiss(`container ${container.name} has no memory limit`);
  const suspicion = suspicionOf(view, workload, failures);
  const { release } = suspicion;
  const nodes = nodeStates(view, workload);
  return {
    ...{ workload, all, failures, limit, ...suspicion, nodes, container: container.name, restartCount: container.restarts },
    ranMs: Math.max(...failures.map(({ ranMs }) => ranMs ?? -1)),
    // A pod of the same limit.
    steady: steadyPods(view, workload).find((pod) => release === undefined || release.same.some(({ name }) => name === pod.owner)),
    pressed: nodes.find(
      ({ name, node }) =>
        node !== undefined && conditionOf(node, "MemoryPressure")?.status === "True" && failures.some(({ pod }) => pod.node === name),
    ),
    death: failureText(failure),
    restarts: times(container.restarts),
    replicas: replicasText(workload),
    step:
      moreMemory(workload, { container: container.name, limit, factor }).length === 0
        ? `raise the memory limit; ${limit} is not a quantity that Kintsugi can raise`
        : `find out how much memory container ${container.name} needs, then raise its limit`,
  };
};

export const memoryLimitTooSmall = cause({
  code: "MemoryLimitTooSmall",
  title: "A memory limit that is too small",
  reads: "Containers killed for memory soon after their start, their limit, and recent changes.",
  means: "The program needs more memory than its limit to start.",
  suppressedBy: ["LimitFromLimitRange", "TmpfsCountsAsMemory"],
  needs: ["objects.Pod"],
  signs: ["ended", "waiting"],
  of: (view: View) => failingWorkloads(view).map((workload) => killOf(view, workload)),
  when: [
    {
      is: "the container died while it was starting",
      not: ({ ranMs }) =>
        ranMs < 0 ? "it is not known how long the container ran" : `the container ran for ${durationText(ranMs)} before it was killed`,
      holds: ({ ranMs }) => ranMs >= 0 && ranMs <= startingMs,
    },
  ],
  unless: [
    {
      is: ({ release, container }) =>
        `revision ${release?.current.revision} changed container ${container} just before: the release is the cause`,
      holds: ({ release, beganWithRelease }) => release?.previous !== undefined && beganWithRelease !== false,
    },
    {
      is: ({ edit }) => `ConfigMap ${edit?.config.name} was edited just before: the edit is the cause`,
      holds: ({ edit }) => edit !== undefined,
    },
    { is: ({ pressed }) => `Node ${pressed?.name} itself is short of memory`, holds: ({ pressed }) => pressed !== undefined },
    { is: ({ steady }) => `Pod ${steady?.name} runs well within the same limit`, holds: ({ steady }) => steady !== undefined },
  ],
  supports: [
    { is: "it was killed more than once", holds: ({ restartCount }) => restartCount >= restartsAtLeast, weight: 2 },
    { is: "all failing containers were killed for memory", holds: ({ all, failures }) => all.length === failures.length },
    { is: "its nodes are not short of memory", holds: ({ nodes }) => nodes.some(({ node }) => node !== undefined) || "unknown" },
    { is: "it ends within half a minute of each start", holds: ({ ranMs }) => ranMs <= atOnceMs },
  ],
  says: "The memory limit {limit} of container {container} in {workload} is too small for its start: it {death}, each time.",
  chain: "container {container} may use {limit} of memory → it {death} → it has been restarted {restarts} → {replicas}",
  quotes: ({ workload, failures, container, limit, release }, view) => [
    objectQuote(workload, `container ${container}: resources.limits.memory ${limit}`),
    ...failureQuotes(workload, failures),
    release === undefined
      ? undefined
      : quote("change", nameOf(workload), `no change of container ${container} for ${durationText(view.now - release.releasedAt)}`),
    ...logQuotes(view, workload, failures, 1),
  ],
  repairs: ({ workload, container, limit }) => moreMemory(workload, { container, limit, factor }),
  remedy: "`increase_resources`, at most fourfold. Otherwise, find out why the program needs more memory.",
  otherwise: "{step}",
});
