// A memory limit so small that the container is killed before its program begins: the runtime cannot even set it up.
import { repeated } from "#diagnosis/checks/events.ts";
import type { PodSpec } from "#api/kubernetes.ts";
import { unreadyPods } from "#diagnosis/checks/pods.ts";
import { messagesOf } from "#diagnosis/containers.ts";
import { eventQuote, objectQuote } from "#diagnosis/quotes.ts";
import { moreMemory, rollbackUnlike } from "#diagnosis/remedies.ts";
import { cause } from "#diagnosis/rule.ts";
import type { View } from "#diagnosis/view.ts";
import { parseQuantity } from "#lib/quantity.ts";

/** runc, as containerd and CRI-O report it. */
const killed = /container init was OOM-killed|memory limit too low|OOM command not allowed/i;
/** The words of runc where its first process is gone before it could answer: for memory, where it had hardly any. */
const gone = /init-p: (?:broken pipe|connection reset by peer)|container init exited prematurely/i;
/** What runc itself takes at times. */
const hardlyAny = parseQuantity("16Mi") ?? 0n;
/** The most that one repair may grant; it may take several. */
const factor = 4;

const limitsOf = ({ containers }: PodSpec): readonly { readonly container: string; readonly limit: string }[] =>
  containers.flatMap(({ name, resources }) => {
    const limit = resources?.limits?.["memory"];
    return limit === undefined ? [] : [{ container: name, limit }];
  });

export const memoryLimitBelowStart = cause({
  code: "MemoryLimitBelowStart",
  title: "A memory limit in which not even the container can be set up",
  reads: "Pods whose containers do not begin, and the messages of the container runtime.",
  means: "The pod's memory limit is below the need of the runtime itself.",
  needs: ["objects.Pod"],
  signs: ["Pod Ready=False"],
  of: (view: View) =>
    view.workloads.flatMap((workload) => {
      const limits = limitsOf(workload.template.spec);
      const waiting = unreadyPods(workload);
      if (limits.length === 0 || waiting.length === 0) return [];
      const isTiny = limits.some(({ limit }) => (parseQuantity(limit) ?? 0n) < hardlyAny);
      const reports = (text: string): boolean => killed.test(text) || (isTiny && gone.test(text));
      const event = view
        .eventsAround(workload)
        .find(({ uid, message }) => waiting.some(({ metadata }) => metadata.uid === uid) && reports(message));
      // To the kubelet, a container that never began has started: its pod is Running.
      const [message] = waiting.flatMap((pod) =>
        (pod.status?.containerStatuses ?? []).flatMap((status) =>
          messagesOf(status)
            .filter(reports)
            .map((text) => objectQuote(pod, `container ${status.name}: ${text}`)),
        ),
      );
      const report = event === undefined ? message : eventQuote(event);
      if (report === undefined) return [];
      return [
        {
          ...{ workload, event, limits, report },
          amounts: limits.map(({ container, limit }) => `${container}: ${limit}`),
          causes: limits.map(({ container, limit }) => `container ${container} may use ${limit} of memory`),
        },
      ];
    }),
  supports: [repeated],
  says: "The memory limit of {workload} ({amounts}) is too small for a container even to be set up.",
  chain: "{causes} → it is killed for memory while the runtime sets it up → its pods do not become ready",
  quotes: ({ workload, limits, report }) => [
    report,
    ...limits.map(({ container, limit }) => objectQuote(workload, `container ${container}: resources.limits.memory ${limit}`)),
  ],
  repairs: ({ workload, limits }, view) => [
    ...rollbackUnlike(view, workload, limitsOf),
    ...limits.slice(0, 1).flatMap((each) => moreMemory(workload, { ...each, factor })),
  ],
  remedy: "`rollback_deployment` to a revision with more memory, or `increase_resources`. Otherwise, set a limit that the program fits in.",
  otherwise: "set a memory limit that the program fits in",
});
