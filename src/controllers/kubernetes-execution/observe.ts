// Gathers what a decision about one execution may look at. Reads the live objects only in the phases that need them.
import { phaseOf } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { type Job, Jobs, Pods } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { decodeChanges, traceOf } from "#actions/change.ts";
import { liveObjects } from "#actions/plan.ts";
import { irreversible } from "#actions/invert.ts";
import { findAction } from "#actions/registry.ts";
import { decodeReport, type Report } from "#actions/report.ts";
import type { CachedJob } from "#cluster/cached-kinds.ts";
import { readObject } from "#cluster/read-for-action.ts";
import { openChanges } from "#cluster/sealed-changes.ts";
import { jobName } from "#controllers/kubernetes-execution/children.ts";
import {
  type Aftermath,
  isJobLost,
  type JobView,
  type ExecutionObservation,
  wantsAftermath,
  wantsValidation,
} from "#controllers/kubernetes-execution/decide.ts";
import { policyNow } from "#controllers/kubernetes-execution/policy-now.ts";
import { validate, type ValidateDeps } from "#controllers/kubernetes-execution/validate.ts";
import type { Store } from "#kube/store.ts";
import { fromTimestamp } from "#lib/clock.ts";

export type ObserveDeps = ValidateDeps & { readonly jobs: Store<CachedJob> };

export const observe = async (
  deps: ObserveDeps,
  execution: KubernetesExecution,
  now: number,
  signal: AbortSignal,
): Promise<ExecutionObservation> => {
  if (wantsValidation(execution, now)) return { execution, validation: await validate(deps, execution, signal) };
  const job = phaseOf(execution) === "Executing" ? await jobOf(deps, execution, now, signal) : undefined;
  const refusal = await refusalBeforeJob(deps, execution, job, now, signal);
  const aftermath = wantsAftermath(execution, job, now) ? await look(deps, execution, job, signal) : undefined;
  return {
    execution,
    ...(job === undefined ? {} : { job }),
    ...(aftermath === undefined ? {} : { aftermath }),
    ...(refusal === undefined ? {} : { refusal }),
  };
};

/** The cache may lag: before policy stops an execution, the server is asked whether its Job exists. */
const refusalBeforeJob = async (
  deps: ObserveDeps,
  execution: KubernetesExecution,
  job: JobView | undefined,
  now: number,
  signal: AbortSignal,
): Promise<string | undefined> => {
  if (phaseOf(execution) !== "Executing" || job !== undefined || isJobLost(execution, now)) return undefined;
  const reversible = execution.status?.inverse !== irreversible;
  const risk = findAction(execution.spec.action)?.risk ?? "high";
  const { refusal } = await policyNow(deps, execution, { risk, reversible, blast: execution.status?.blast }, signal);
  if (refusal === undefined) return undefined;
  const live = await deps.kube.get(Jobs, { namespace: deps.namespace, name: jobName(execution) }, { signal });
  return live === undefined ? refusal : undefined;
};

const jobOf = async (deps: ObserveDeps, execution: KubernetesExecution, now: number, signal: AbortSignal): Promise<JobView | undefined> => {
  const key = { namespace: deps.namespace, name: jobName(execution) };
  const known = deps.jobs.get(key);
  // The caches are separate lists: before a Job counts as lost, the server is asked.
  const job = known ?? (isJobLost(execution, now) ? await deps.kube.get(Jobs, key, { signal }) : undefined);
  return job !== undefined && isOwnedBy(job, execution) ? viewOf(job) : undefined;
};

const isOwnedBy = (job: KubeObject, execution: KubernetesExecution): boolean =>
  job.metadata.ownerReferences?.some((owner) => owner.uid === execution.metadata.uid) ?? false;

const viewOf = (job: CachedJob | Job): JobView => {
  const end = job.status?.conditions?.find(({ type, status }) => (type === "Complete" || type === "Failed") && status === "True");
  const createdAtMs = fromTimestamp(job.metadata.creationTimestamp) ?? 0;
  return {
    uid: job.metadata.uid,
    name: job.metadata.name,
    createdAtMs,
    ...(end === undefined
      ? {}
      : {
          ended: {
            atMs: fromTimestamp(end.lastTransitionTime) ?? createdAtMs,
            succeeded: end.type === "Complete",
            message: end.reason ?? (end.type === "Complete" ? "it succeeded" : "it failed"),
          },
        }),
  };
};

const look = async (
  deps: ObserveDeps,
  execution: KubernetesExecution,
  job: JobView | undefined,
  signal: AbortSignal,
): Promise<Aftermath> => {
  const { spec, status } = execution;
  const place = { kind: KubernetesExecution.kind, name: execution.metadata.name, field: "changes" } as const;
  const [opened, target, report] = await Promise.all([
    openChanges(deps, place, status?.changes ?? "", signal),
    readObject(deps.kube, spec.target, signal),
    job?.ended === undefined ? undefined : reportOf(deps, job, signal),
  ]);
  const reported = report === undefined ? {} : { report };
  if (!opened.ok) return { ...reported, trace: "unclear", effect: { state: "failed", reason: opened.reason }, unreadable: opened.reason };
  const changes = decodeChanges(opened.text);
  const effect = findAction(spec.action)?.verify({ target, replicaSets: [], siblings: [], autoscalers: [] }, changes);
  return {
    ...reported,
    trace: traceOf(changes, liveObjects({ target })),
    effect: effect ?? { state: "failed", reason: `unknown action ${spec.action}` },
  };
};

/** What the Job's pod left behind; undefined where it was killed. */
const reportOf = async (deps: ObserveDeps, job: JobView, signal: AbortSignal): Promise<Report | undefined> => {
  const labelSelector = `batch.kubernetes.io/job-name=${job.name}`;
  const pods = await deps.kube.list(Pods, { namespace: deps.namespace, labelSelector }, { signal });
  return pods
    .filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.uid === job.uid))
    .flatMap((pod) => pod.status?.containerStatuses ?? [])
    .map(({ state }) => decodeReport(state?.terminated?.message))
    .find((report) => report !== undefined);
};
