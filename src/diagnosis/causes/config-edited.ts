// A ConfigMap was edited in place and the pods that read it anew crash. The workload's template is innocent: a rollback would not help.
import { referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { inFailingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { durationText, failureQuote, failureText, logQuotes, onePerContainer, quote, replicasText } from "#diagnosis/explain.ts";
import { type Failure, steadyPods } from "#diagnosis/failures.ts";
import { judge, ruledOut, type Assessment, type Finding, type Remedy } from "#diagnosis/finding.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import type { ConfigState } from "#evidence/configs.ts";
import { configStates } from "#diagnosis/workload-states.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";
import { fromTimestamp, toTimestamp } from "#lib/clock.ts";

const code = "ConfigEdited";
const soonMs = 10 * 60_000;

export const configEdited: Cause = {
  code,
  title: "A configuration that was edited in place",
  reads: "ConfigMaps that a failing container reads, and when their content last changed.",
  means: "The edit is at fault, where it lies between the release and the first failure and the container was started since.",
  remedy: "`restore_object` to the content that the change journal kept, then `restart_pod`. Otherwise, restore the content by hand.",
  suppressedBy: ["ProbeWrongPort", "ProbeWrongProtocol", "ProbeWrongPath", "ProbeTooImpatient"],
  find: inFailingWorkloads((view, workload) => find(view, workload)),
};

/**
 * Must be seen: a ConfigMap that the failing container reads was edited after the release and before the first failure, and the container has
 * been started since. Speaks against it: a pod that has started since runs well.
 */
const find = (view: View, workload: Workload): Assessment => {
  const failures = failuresOfCurrent(view, workload).filter(({ mode }) => mode !== "cannotPull");
  const failure = failures[0];
  if (failure === undefined) return ruledOut(code, "no container crashes or fails to start");
  const { release, firstFailureAt, edit } = suspicionOf(view, workload, failures);
  if (edit === undefined) {
    const reads = configStates(view, workload).some((config) => config.readBy.includes(failure.container.name));
    return ruledOut(
      code,
      reads ? "no ConfigMap that it reads was edited between the release and the first failure" : "the container reads no ConfigMap",
      reads ? 0.3 : 0,
    );
  }
  const { config, at } = edit;
  const startedAt = fromTimestamp(failure.ended?.startedAt) ?? fromTimestamp(failure.pod.createdAt) ?? 0;
  const steady = steadyPods(view, workload, 60_000).find((pod) => (fromTimestamp(pod.createdAt) ?? 0) > at);

  const judged = judge(code, {
    required: [
      { claim: `ConfigMap ${config.name} was edited after the release and before the first failure`, holds: true },
      { claim: `container ${failure.container.name} has been started since the edit`, holds: startedAt >= at - 2000 },
    ],
    against: [{ claim: `Pod ${steady?.name} has started since the edit and runs well`, holds: steady !== undefined }],
    supporting: [
      {
        claim: "the container's template is the one that ran before",
        holds: release === undefined ? "unknown" : release.same.length > 1 || release.previous === undefined,
        weight: 2,
      },
      {
        claim: "the failures began soon after the edit",
        holds: firstFailureAt === undefined ? "unknown" : firstFailureAt - at <= soonMs,
        weight: 2,
      },
      { claim: "it dies soon after its start", holds: failure.ranMs === undefined ? "unknown" : failure.ranMs <= 60_000, weight: 1 },
      {
        claim: "it is the only edit of its configuration",
        holds: configStates(view, workload).filter(({ readBy }) => readBy.includes(failure.container.name)).length === 1,
        weight: 1,
      },
    ],
  });
  if ("ruledOut" in judged) return judged;

  const by = config.editedBy === undefined ? "" : ` by ${config.editedBy}`;
  const object = { apiVersion: "v1", kind: "ConfigMap", ...namespaceOf(workload), name: config.name };
  return {
    found: {
      code,
      object,
      score: judged.score,
      summary: `ConfigMap ${config.name} was edited at ${toTimestamp(at)}${by}, after the last release; container ${failure.container.name}, started since, ${failureText(failure)}.`,
      chain: [
        `ConfigMap ${config.name} was edited${by}`,
        `the pods of ${referenceText(workload.reference)} were started again and read it`,
        `container ${failure.container.name} ${failureText(failure)}`,
        replicasText(workload),
      ],
      quotes: [
        quote("change", `ConfigMap ${config.name}`, `content last changed ${toTimestamp(at)}${by}; keys: ${config.keys.join(", ")}`),
        ...editQuotes(config, at),
        ...(release === undefined
          ? []
          : [
              quote(
                "object",
                referenceText(workload.reference),
                `the container's template is unchanged since ${toTimestamp(release.releasedAt)}, ${durationText(at - release.releasedAt)} before the edit`,
              ),
            ]),
        ...onePerContainer(failures)
          .slice(0, 3)
          .map((each) => failureQuote(workload, each)),
        ...logQuotes(view, workload, failures, 2),
      ],
      facts: {
        remedies: [
          {
            action: "restore_object",
            target: object,
            parameters: { before: toTimestamp(at) },
            rationale: `Before it was edited${by} the pods of ${referenceText(workload.reference)} ran with ConfigMap ${config.name}; their template has not changed.`,
            expected: `ConfigMap ${config.name} is as it was before ${toTimestamp(at)}, and all replicas of ${referenceText(workload.reference)} are ready.`,
            afterwards: restartsOf(workload, failures),
          },
        ],
        otherwise: `restore the earlier content of ConfigMap ${config.name}, then restart the pods; a rollback of ${referenceText(workload.reference)} does not change it`,
      },
    },
  };
};

const maxEditQuotes = 5;

/** What the journal saw of this very edit; its times are whole seconds, too. */
const editQuotes = ({ name, changes = [] }: ConfigState, at: number): Finding["quotes"] =>
  changes
    .filter((change) => (fromTimestamp(change.at) ?? 0) >= at)
    .slice(0, maxEditQuotes)
    .map(({ field, before = "", after = "" }) => quote("change", `ConfigMap ${name}`, `${field}: ${oneLine(before)} → ${oneLine(after)}`));

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim() || "nothing";

/** After so many restarts the kubelet waits for minutes before the next one: longer than anybody would watch whether a repair has helped. */
const slowRestarts = 4;
const maxRestarted = 5;

const restartsOf = (workload: Workload, failures: readonly Failure[]): NonNullable<Remedy["afterwards"]> => {
  const slow = failures.filter(({ pod, container }) => pod.owner !== undefined && container.restarts >= slowRestarts);
  return [...new Set(slow.map(({ pod }) => pod.name))].slice(0, maxRestarted).map((name) => ({
    action: "restart_pod",
    target: { apiVersion: "v1", kind: "Pod", ...namespaceOf(workload), name },
    parameters: {},
  }));
};

const namespaceOf = ({ reference: { namespace } }: Workload): { namespace?: string } => (namespace === undefined ? {} : { namespace });
