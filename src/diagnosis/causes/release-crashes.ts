// A release whose containers crash or cannot be started, while the revision before it could run. The repair is the revision before.
import { referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { inFailingWorkloads } from "#diagnosis/failing-workloads.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { asSentence, times } from "#lib/words.ts";
import { editsWith } from "#diagnosis/config-edits.ts";
import {
  durationText,
  failureQuote,
  failureText,
  logQuotes,
  onePerContainer,
  quote,
  revisionReadyText,
  revisionText,
} from "#diagnosis/explain.ts";
import { steadyPods } from "#diagnosis/failures.ts";
import { judge, ruledOut, type Assessment } from "#diagnosis/finding.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import { undoRelease } from "#diagnosis/previous-revision.ts";
import { podStates } from "#diagnosis/workload-states.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";
import { briefDifferenceText, differenceText } from "#diagnosis/template-difference.ts";

const code = "ReleaseCrashes";
const soonMs = 10 * 60_000;

export const releaseCrashes: Cause = {
  code,
  title: "A release that crashes",
  reads: "Containers of the current revision that crash, and the revision before it.",
  means: "The new revision introduced the problem, where it began with it and the old one differs in what fails.",
  remedy: "`rollback_deployment` to the last healthy revision. Otherwise, fix the release.",
  suppressedBy: [
    "ProbeWrongPort",
    "ProbeWrongProtocol",
    "ProbeWrongPath",
    "ProbeTooImpatient",
    "MemoryLimitBelowStart",
    "EnvAddressWrong",
    "ContainerRefused",
    "MemoryUnitWrong",
    "VolumeHeldByOldPod",
    "ProbeTimesOut",
    "ListensOnLoopback",
    "HealthServiceMissing",
    "TmpfsCountsAsMemory",
    "HeapLimitReached",
    "MountHidesProgram",
    "VolumeOwnedByOther",
    "InitBeforeSidecar",
    "LimitFromLimitRange",
  ],
  find: inFailingWorkloads((view, workload) => find(view, workload)),
};

/**
 * Must be seen: containers of the current revision crash; the revision before it differs in what that container is.
 * Speaks against it: the revision ran for long before; a pod of it runs well; pods of the other revision fail, too; a ConfigMap was edited in between.
 */
const find = (view: View, workload: Workload): Assessment => {
  const failures = failuresOfCurrent(view, workload).filter(({ mode }) => mode !== "cannotPull");
  const failure = failures[0];
  if (failure === undefined) return ruledOut(code, "no container of the current revision crashes or fails to start");
  const { release, firstFailureAt, beganWithRelease, edit } = suspicionOf(view, workload, failures);
  if (release === undefined) return ruledOut(code, `${referenceText(workload.reference)} has no revisions to compare`, 0.3);
  const { current, previous, differences } = release;
  const steady = steadyPods(view, workload, 60_000).filter((pod) => release.same.some(({ name }) => name === pod.owner));
  const pods = podStates(view, workload).filter((pod) => pod.owner === current.name && !pod.isDeleting);
  const failingPods = new Set(failures.map(({ pod }) => pod.name));

  const judged = judge(code, {
    required: [
      {
        claim: `an earlier revision in which container ${failure.container.name} differs, and which is not known to fail`,
        holds: previous !== undefined,
      },
    ],
    against: [
      { claim: `ConfigMap ${edit?.config.name} was edited after the release and before the first failure`, holds: edit !== undefined },
      {
        claim: `what runs now had run for ${durationText((firstFailureAt ?? 0) - release.releasedAt)} before it first failed`,
        holds: beganWithRelease === false,
      },
      { claim: `Pod ${steady[0]?.name} of the same revision runs well`, holds: steady.length > 0 },
    ],
    supporting: [
      { claim: "the earlier revision has ready pods now", holds: (previous?.ready ?? 0) > 0, weight: 2 },
      {
        claim: "it dies soon after its start",
        holds: failure.mode === "cannotStart" || (failure.ranMs === undefined ? "unknown" : failure.ranMs <= 60_000),
        weight: 2,
      },
      { claim: "every pod of the revision fails", holds: pods.every((pod) => failingPods.has(pod.name)), weight: 1 },
      {
        claim: "the failures began soon after the release",
        holds: firstFailureAt === undefined ? "unknown" : firstFailureAt - release.releasedAt <= soonMs,
        weight: 2,
      },
      {
        claim: "no ConfigMap that it reads was edited with the release",
        holds: editsWith(view, workload, failure.container.name, release.releasedAt, soonMs).length === 0,
        weight: 1,
      },
    ],
  });
  if ("ruledOut" in judged || previous === undefined) return "ruledOut" in judged ? judged : ruledOut(code, "no earlier revision");

  const changes = differences.map(differenceText);
  const [first] = differences;
  return {
    found: {
      code,
      object: workload.reference,
      score: judged.score,
      summary: asSentence(
        `${revisionText(current)} of ${referenceText(workload.reference)} changed ${first === undefined ? "its template" : briefDifferenceText(first)}; since then container ${failure.container.name} ${failureText(failure)}.`,
      ).slice(0, 1024),
      chain: [
        `${revisionText(current)} replaced ${revisionText(previous)}`,
        ...onePerContainer(failures)
          .slice(0, 3)
          .map((each) => `container ${each.container.name} ${failureText(each)}`),
        ...(failure.container.restarts > 0 ? [`it has been restarted ${times(failure.container.restarts)}`] : []),
        revisionReadyText(view, workload, current, previous),
      ],
      quotes: [
        quote(
          "change",
          referenceText(workload.reference),
          `revision ${previous.revision} → ${current.revision}, released ${current.releasedAt}\n${changes.join("\n")}`,
        ),
        ...onePerContainer(failures)
          .slice(0, 3)
          .map((each) => failureQuote(workload, each)),
        ...logQuotes(view, workload, failures, 2),
        ...(previous.ready > 0
          ? [
              quote(
                "object",
                `ReplicaSet ${previous.name}`,
                `${previous.ready} of ${previous.replicas} pods of revision ${previous.revision} are ready`,
              ),
            ]
          : []),
      ],
      facts: undoRelease(workload, release),
    },
  };
};
