// The Job controller and the kubelet of Kintsugi's own namespace: each Job becomes one pod, and the pod runs `act` in this process.
import { type Job, Jobs, Pods } from "#api/kubernetes.ts";
import { ACTION_ACCOUNT_PREFIX } from "#api/labels.ts";
import { runAct } from "#act/act.ts";
import type { Kube } from "#kube/client.ts";
import { ownedBy } from "#kube/ensure.ts";
import { isNotFound } from "#kube/errors.ts";
import { toTimestamp } from "#lib/clock.ts";
import { silentLog } from "#lib/log.ts";
import { own, type Platform } from "#sim/platform.ts";
import { kubeOf, type SimDeps } from "#sim/product.ts";
import { between } from "#sim/seeded-random.ts";
import { createSimProcess } from "#sim/sim-process.ts";
import { endedJob, endedPod } from "#test/ended-job.ts";

/** `lost`: evicted before its container began. `slow`: its node takes its time to begin. */
export type PodFate = "runs" | "lost" | "slow";

export interface JobRunnerDeps extends SimDeps {
  /** Of Kubernetes itself: never subject to faults. */
  readonly kube: Kube;
  readonly platform: Platform;
  readonly signal: AbortSignal;
  /** What becomes of the n-th Job's pod. */
  readonly pods: (n: number) => PodFate;
}

export const playJobs = async (deps: JobRunnerDeps): Promise<void> => {
  const started = new Set<string>();
  for await (const seen of deps.kube.listWatch(Jobs, { namespace: own }, deps.signal)) {
    if (seen.kind === "deleted") continue;
    for (const job of seen.kind === "synced" ? seen.items : [seen.object]) {
      if (started.has(job.metadata.uid)) continue;
      started.add(job.metadata.uid);
      runJob(job, deps.pods(started.size), deps).catch((error: unknown) => deps.onBug(`the Job could not be played: ${String(error)}`));
    }
  }
};

const runJob = async (job: Job, fate: PodFate, deps: JobRunnerDeps): Promise<void> => {
  const { clock, random, trace, kube } = deps;
  const spec = job.spec.template.spec;
  const pod = await kube.create(Pods, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${job.metadata.name.slice(0, 50)}-pod`,
      namespace: own,
      labels: { ...job.spec.template.metadata?.labels, "job-name": job.metadata.name, "batch.kubernetes.io/job-name": job.metadata.name },
      ownerReferences: [ownedBy(job)],
    },
    spec,
  });
  const [, name = "", , hash = ""] = (spec.containers[0]?.args ?? []) as string[];
  const action = String(spec.serviceAccountName).slice(ACTION_ACCOUNT_PREFIX.length);
  const process = createSimProcess(`act/${name}`, clock);
  const token = deps.platform.tokenOfAction(action);
  let report = "";
  const exitCode = await new Promise<number>((resolve) => {
    process.onKill(() => resolve(137));
    clock.after(between(random, 50, 1_500) + (fate === "slow" ? 20_000 : 0), () => {
      if (fate === "lost") return process.kill();
      trace.add(`${process.name} starts`);
      const actDeps = {
        kube: kubeOf(process, "act", token, deps),
        clock: process.clock,
        random,
        log: silentLog,
        writeReport: (text: string) => {
          report = text;
        },
      };
      runAct(actDeps, { name, namespace: own, hash }).then(resolve, (error: unknown) => deps.onBug(`act threw: ${String(error)}`));
    });
  });
  trace.add(`${process.name} exits with ${exitCode}`);
  await new Promise<void>((resolve) => void clock.after(between(random, 1, 500), resolve));
  try {
    const at = toTimestamp(clock.now());
    await kube.mergePatch(
      Pods,
      { namespace: own, name: pod.metadata.name },
      { status: endedPod(job, exitCode, report, at) },
      { subresource: "status" },
    );
    await kube.mergePatch(Jobs, { namespace: own, name: job.metadata.name }, { status: endedJob(exitCode, at) }, { subresource: "status" });
  } catch (error) {
    // Deleted with its execution while it ran.
    if (!isNotFound(error)) throw error;
  }
};
