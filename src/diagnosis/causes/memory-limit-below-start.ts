// A memory limit so small that the container is killed before its program begins: the runtime cannot even set it up.
import { referenceText } from "#api/object.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { assess, eventQuote, objectQuote } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Assessment, Remedy } from "#diagnosis/finding.ts";
import { isReady } from "#api/conditions.ts";
import { remediesOr, rollbackWithout } from "#diagnosis/previous-revision.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "MemoryLimitBelowStart";
/** runc, as containerd and CRI-O pass it on. */
const killed = /container init was OOM-killed|memory limit too low|OOM command not allowed/i;
/** What runc says where its first process is gone before it could answer: for memory, where it had hardly any. */
const gone = /init-p: (?:broken pipe|connection reset by peer)|container init exited prematurely/i;
/** Of MiB: what runc itself takes at times. */
const hardlyAny = 16;

export const memoryLimitBelowStart: Cause = {
  code,
  title: "A memory limit in which not even the container can be set up",
  reads: "Pods whose containers do not begin, and what the container runtime says.",
  means: "The pod's memory limit is below what the runtime itself needs.",
  remedy: "`rollback_deployment` to a revision with more memory, or `increase_resources`. Otherwise, set a limit that the program fits in.",
  find: (view) => view.workloads.map((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const limits = workload.template.spec.containers.flatMap(({ name, resources }) => {
    const limit = resources?.limits?.["memory"];
    return limit === undefined ? [] : [{ name, limit }];
  });
  const isTiny = limits.some(({ limit }) => (parseQuantity(limit) ?? 0n) < (parseQuantity(`${hardlyAny}Mi`) ?? 0n));
  const says = (text: string | undefined): boolean => text !== undefined && (killed.test(text) || (isTiny && gone.test(text)));
  const waiting = workload.pods.filter((pod) => pod.metadata.deletionTimestamp === undefined && !isReady(pod));
  const event = view
    .eventsAround(workload)
    .find(({ uid, message }) => waiting.some(({ metadata }) => metadata.uid === uid) && says(message));
  // A container that never began counts as started, to the kubelet: its pod is Running.
  const ended = waiting.flatMap((pod) =>
    (pod.status?.containerStatuses ?? []).flatMap(({ name, state, lastState }) =>
      [state?.waiting?.message, state?.terminated?.message, lastState?.terminated?.message]
        .filter(says)
        .map((message) => objectQuote({ kind: "Pod", ...pod.metadata }, `container ${name}: ${message}`)),
    ),
  );
  return assess(
    code,
    {
      required: [
        {
          claim: "the runtime says that the container was killed for memory while it was set up",
          holds: event !== undefined || ended.length > 0,
        },
        { claim: "a memory limit", holds: limits.length > 0 },
      ],
      supporting: [{ claim: "it was tried more than once", holds: event === undefined ? "unknown" : event.count > 1, weight: 1 }],
    },
    () => ({
      object: workload.reference,
      summary: `The memory limit of ${referenceText(workload.reference)} (${limits.map(({ name, limit }) => `${name}: ${limit}`).join(", ")}) is too small for a container even to be set up.`,
      chain: [
        ...limits.map(({ name, limit }) => `container ${name} may use ${limit} of memory`),
        "it is killed for memory while the runtime sets it up",
        "its pods do not become ready",
      ],
      quotes: [
        ...(event === undefined ? ended.slice(0, 1) : [eventQuote(event)]),
        ...limits.map(({ name, limit }) => objectQuote(workload.reference, `container ${name}: resources.limits.memory ${limit}`)),
      ],
      explains: [workload.reference],
      facts: remediesOr(
        [
          ...rollbackWithout(view, workload, ({ spec }) =>
            limits.every(({ name, limit }) => spec.containers.find((each) => each.name === name)?.resources?.limits?.["memory"] === limit),
          ),
          ...raise(workload, limits),
        ],
        "set a memory limit that the program fits in",
      ),
    }),
  );
};

/** As far as one step may go; it may take several. */
const raise = ({ reference }: Workload, limits: readonly { name: string; limit: string }[]): readonly Remedy[] =>
  limits.slice(0, 1).flatMap(({ name, limit }) => {
    const match = /^(\d+)([A-Za-z]*)$/.exec(limit);
    if (match === null) return [];
    return [
      {
        action: "increase_resources",
        target: reference,
        parameters: { container: name, memory: `${Number(match[1]) * 4}${match[2]}` },
        rationale: "Four times as much is the most that one repair may grant.",
        expected: `The containers of ${referenceText(reference)} are created.`,
      },
    ];
  });
