// A release whose containers crash or cannot be started, while the previous revision could run. The repair is the previous revision.
import { editsWith } from "#diagnosis/config-edits.ts";
import { failingWorkloads } from "#diagnosis/containers.ts";
import {
  durationText,
  failureQuotes,
  failureText,
  logQuotes,
  onePerContainer,
  releaseQuote,
  revisionReadyText,
  revisionText,
} from "#diagnosis/explain.ts";
import { allFail, endsSoon, steadyPods } from "#diagnosis/failures.ts";
import { objectQuote } from "#diagnosis/quotes.ts";
import { failuresOfCurrent } from "#diagnosis/release.ts";
import { undoRelease } from "#diagnosis/remedies.ts";
import { cause, nearMiss } from "#diagnosis/rule.ts";
import { suspicionOf } from "#diagnosis/suspicion.ts";
import { briefDifferenceText } from "#diagnosis/template-difference.ts";
import { nameOf } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { times } from "#lib/words.ts";

const soonMs = 10 * 60_000;
const quotedAtMost = 3;

const crashOf = (view: View, workload: Workload) => {
  const failures = failuresOfCurrent(view, workload).filter(({ mode }) => mode !== "cannotPull");
  const [failure] = failures;
  if (failure === undefined) return nearMiss("no container of the current revision crashes or fails to start");
  const container = failure.container.name;
  const { release, firstFailureAt, beganWithRelease, edit } = suspicionOf(view, workload, failures);
  if (release === undefined) return nearMiss(`${nameOf(workload)} has no revisions to compare`);
  const { current, previous, differences, releasedAt, same } = release;
  if (previous === undefined) return nearMiss(`no working revision with another container ${container} is known`);
  const [first] = differences;
  const { restarts } = failure.container;
  return {
    ...{ workload, failures, failure, container, release, firstFailureAt, beganWithRelease, edit, releasedAt, previous },
    steady: steadyPods(view, workload).find((pod) => same.some(({ name }) => name === pod.owner)),
    current: revisionText(current),
    replaced: revisionText(previous),
    change: first === undefined ? "its template" : briefDifferenceText(first),
    death: failureText(failure),
    deaths: onePerContainer(failures)
      .slice(0, quotedAtMost)
      .map((each) => `container ${each.container.name} ${failureText(each)}`),
    restarts: restarts > 0 ? [`it has been restarted ${times(restarts)}`] : [],
    ready: revisionReadyText(view, workload, current, previous),
  };
};

export const releaseCrashes = cause({
  code: "ReleaseCrashes",
  title: "A release that crashes",
  reads: "Containers of the current revision that crash, and the revision before it.",
  means: "The new revision introduced the problem: the failures began with it, and the previous revision differs in the failing container.",
  suppressedBy: [
    ...(["ProbeWrongPort", "ProbeWrongProtocol", "ProbeWrongPath", "ProbeTooImpatient", "ProbeTimesOut"] as const),
    ...(["MemoryLimitBelowStart", "MemoryUnitWrong", "TmpfsCountsAsMemory", "HeapLimitReached", "LimitFromLimitRange"] as const),
    ...(["ContainerRefused", "MountHidesProgram", "VolumeHeldByOldPod", "VolumeOwnedByOther", "InitBeforeSidecar"] as const),
    ...(["EnvAddressWrong", "ListensOnLoopback", "HealthServiceMissing"] as const),
  ],
  needs: ["objects.Pod", "objects.Deployment", "objects.ReplicaSet"],
  signs: ["ended", "waiting"],
  of: (view: View) => failingWorkloads(view).map((workload) => crashOf(view, workload)),
  unless: [
    {
      is: ({ edit }) => `ConfigMap ${edit?.config.name} was edited after the release and before the first failure`,
      holds: ({ edit }) => edit !== undefined,
    },
    {
      is: ({ firstFailureAt = 0, releasedAt }) =>
        `the revision had run for ${durationText(firstFailureAt - releasedAt)} before it first failed`,
      holds: ({ beganWithRelease }) => beganWithRelease === false,
    },
    { is: ({ steady }) => `Pod ${steady?.name} of the same revision runs well`, holds: ({ steady }) => steady !== undefined },
  ],
  supports: [
    { is: "the previous revision has ready pods", holds: ({ previous }) => previous.ready > 0, weight: 2 },
    { is: "it ends soon after its start", holds: ({ failure }) => failure.mode === "cannotStart" || endsSoon(failure), weight: 2 },
    { is: "every pod of the revision fails", holds: ({ workload, failures }, view) => allFail(view, workload, failures) },
    {
      is: "the failures began soon after the release",
      holds: ({ firstFailureAt, releasedAt }) => (firstFailureAt === undefined ? "unknown" : firstFailureAt - releasedAt <= soonMs),
      weight: 2,
    },
    {
      is: "no ConfigMap that it reads was edited with the release",
      holds: ({ workload, container, releasedAt }, view) => editsWith(view, workload, container, releasedAt, soonMs).length === 0,
    },
  ],
  says: "{current} of {workload} changed {change}; since then container {container} {death}.",
  chain: "{current} replaced {replaced} → {deaths} → {restarts} → {ready}",
  quotes: ({ workload, failures, release, previous }, view) => [
    releaseQuote(workload, release),
    ...failureQuotes(workload, failures, quotedAtMost),
    ...logQuotes(view, workload, failures, 2),
    previous.ready > 0
      ? objectQuote(
          { kind: "ReplicaSet", name: previous.name },
          `${previous.ready} of ${previous.replicas} pods of revision ${previous.revision} are ready`,
        )
      : undefined,
  ],
  repairs: ({ workload, release }) => undoRelease(workload, release),
  remedy: "`rollback_deployment` to the last healthy revision. Otherwise, fix the release.",
  otherwise: "fix the release and roll it out again",
});
