// A StatefulSet or DaemonSet whose newest revision does not come up: the update stops at the first pod that fails, and waits for ever.
import { podStates } from "#diagnosis/workload-states.ts";
import type { ControllerRevision } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { assess, objectQuote, person } from "#diagnosis/assess.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { keptRevisions } from "#diagnosis/controller-revisions.ts";
import { complaintOf, failureQuote, failureText, logQuotes, onePerContainer, withComplaint } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import type { Assessment, Facts } from "#diagnosis/finding.ts";
import type { View, Workload } from "#diagnosis/view.ts";

const code = "UpdateStuck";

export const updateStuck: Cause = {
  code,
  title: "An update of a StatefulSet or DaemonSet that does not come up",
  reads: "Pods of the newest revision that fail, pods of the revision before, and the ControllerRevisions that are kept.",
  means: "The newest revision introduced the problem: pods of the one before it ran.",
  remedy: "`rollback_daemonset` or `rollback_statefulset` to the previous revision. Otherwise, correct the template.",
  find: (view) =>
    view.workloads
      .filter(({ object }) => object.kind === "StatefulSet" || object.kind === "DaemonSet")
      .map((workload) => find(view, workload)),
};

const find = (view: View, workload: Workload): Assessment => {
  const { reference, pods } = workload;
  const { kept, newest, isNewest: runsNewest } = keptRevisions(view, workload);
  const isNewest = (name: string): boolean => pods.some((pod) => pod.metadata.name === name && runsNewest(pod));
  const failures = failuresOf(view, workload).filter(({ pod }) => isNewest(pod.name));
  const olderFails = failuresOf(view, workload).some(({ pod }) => !isNewest(pod.name));
  const previous = kept.find((revision) => newest !== undefined && revision.revision < newest.revision);
  return assess(
    code,
    {
      required: [
        { claim: "a pod of the newest revision that fails", holds: failures.length > 0 },
        { claim: "an earlier revision", holds: previous !== undefined },
      ],
      against: [{ claim: "a pod of the earlier revision fails, too", holds: olderFails }],
      supporting: [
        {
          claim: "a pod of the earlier revision still runs",
          holds: pods.some((pod) => !runsNewest(pod)),
          weight: 1,
        },
        {
          claim: "no pod of the newest revision is ready",
          holds: podStates(view, workload).every(({ name, isReady }) => !isNewest(name) || !isReady),
          weight: 2,
        },
      ],
    },
    () => ({
      object: reference,
      summary: `The update of ${referenceText(reference)} to revision ${newest?.revision} does not come up: ${failures[0] === undefined ? "" : `container ${failures[0].container.name} ${withComplaint(failureText(failures[0]), complaintOf(view, workload, failures))}`}.`,
      chain: [
        `revision ${newest?.revision} replaced revision ${previous?.revision}`,
        ...onePerContainer(failures)
          .slice(0, 2)
          .map((each) => `container ${each.container.name} ${failureText(each)}`),
        "the update waits at the first pod that is not ready",
      ],
      quotes: [
        ...(newest === undefined
          ? []
          : [
              objectQuote(
                reference,
                `revision ${newest.revision} (${newest.metadata.name}), created ${newest.metadata.creationTimestamp}; before it revision ${previous?.revision}`,
              ),
            ]),
        ...onePerContainer(failures)
          .slice(0, 2)
          .map((each) => failureQuote(workload, each)),
        ...logQuotes(view, workload, failures, 2),
      ],
      explains: [reference],
      facts: factsOf(workload, newest, previous),
    }),
  );
};

const factsOf = ({ reference }: Workload, newest: ControllerRevision | undefined, previous: ControllerRevision | undefined): Facts =>
  previous === undefined
    ? person("correct the template: no earlier revision is kept")
    : {
        remedies: [
          {
            action: reference.kind === "StatefulSet" ? "rollback_statefulset" : "rollback_daemonset",
            target: reference,
            parameters: { revision: String(previous.revision) },
            rationale: `Revision ${newest?.revision} introduced the problem; revision ${previous.revision} is the previous one.`,
            expected: `${referenceText(reference)} runs revision ${previous.revision} and all its pods are ready.`,
          },
        ],
        otherwise: "correct the template and roll it out again",
      };
