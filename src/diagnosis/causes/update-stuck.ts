// A StatefulSet or DaemonSet whose newest revision does not become ready: the update stops at the first pod that fails, and waits for ever.
import { isReady } from "#api/conditions.ts";
import { hasControllerRevisions, keptRevisions } from "#diagnosis/controller-revisions.ts";
import { complaintOf, failureQuote, failureText, logQuotes, onePerContainer, withComplaint } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { cause } from "#diagnosis/rule.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";

const quotedAtMost = 2;

export const updateStuck = cause({
  code: "UpdateStuck",
  title: "An update of a StatefulSet or DaemonSet that makes no progress",
  reads: "Pods of the newest revision that fail, pods of the previous revision, and the ControllerRevisions that are kept.",
  means: "The newest revision introduced the problem: pods of the previous one ran.",
  needs: ["objects.Pod", "objects.ControllerRevision"],
  signs: ["StatefulSet", "DaemonSet"],
  of: (view: View) =>
    view.workloads.filter(hasControllerRevisions).flatMap((workload) => {
      const { kept, newest, isNewest } = keptRevisions(view, workload);
      const previous = kept.find(({ revision }) => newest !== undefined && revision < newest.revision);
      const newPods = new Set(workload.pods.filter(isNewest).map(({ metadata }) => metadata.name));
      const failures = failuresOf(view, workload).filter(({ pod }) => newPods.has(pod.name));
      const [failure] = failures;
      if (failure === undefined || newest === undefined || previous === undefined) return [];
      return [
        {
          ...{ workload, failures, newest, newPods, container: failure.container.name },
          text: withComplaint(failureText(failure), complaintOf(view, workload, failures)),
          to: newest.revision,
          from: previous.revision,
          deaths: onePerContainer(failures)
            .slice(0, quotedAtMost)
            .map((each) => `container ${each.container.name} ${failureText(each)}`),
        },
      ];
    }),
  unless: [
    {
      is: "a pod of the previous revision fails too",
      holds: ({ workload, failures }, view) => failuresOf(view, workload).length > failures.length,
    },
  ],
  supports: [
    { is: "a pod of the previous revision still runs", holds: ({ workload, newPods }) => workload.pods.length > newPods.size },
    {
      is: "no pod of the newest revision is ready",
      holds: ({ workload, newPods }) => !workload.pods.some((pod) => newPods.has(pod.metadata.name) && isReady(pod)),
      weight: 2,
    },
  ],
  says: "The update of {workload} to revision {to} makes no progress: container {container} {text}.",
  chain: "revision {to} replaced revision {from} → {deaths} → the update waits at the first pod that is not ready",
  quotes: ({ workload, newest, from, failures }, view) => [
    objectQuote(
      workload,
      `revision ${newest.revision} (${newest.metadata.name}), created ${newest.metadata.creationTimestamp}; before it revision ${from}`,
    ),
    ...onePerContainer(failures)
      .slice(0, quotedAtMost)
      .map((each) => failureQuote(workload, each)),
    ...logQuotes(view, workload, failures, 2),
  ],
  repairs: ({ workload, to, from }) => [
    {
      action: workload.reference.kind === "StatefulSet" ? "rollback_statefulset" : "rollback_daemonset",
      target: workload.reference,
      parameters: { revision: String(from) },
      rationale: `Revision ${to} introduced the problem; revision ${from} is the previous one.`,
      expected: `${nameOf(workload)} runs revision ${from} and all its pods are ready.`,
    },
  ],
  remedy: "`rollback_daemonset` or `rollback_statefulset` to the previous revision. Otherwise, correct the template.",
  otherwise: "correct the template and roll it out again",
});
