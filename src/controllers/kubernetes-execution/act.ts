// What a decision about an execution does outside its status: creates the Job, which reads the changes that the status holds by then.
import { phaseOf } from "#api/define-kind.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Jobs } from "#api/kubernetes.ts";
import type { CachedJob } from "#cluster/cached-kinds.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { jobFor } from "#controllers/kubernetes-execution/children.ts";
import type { ExecutionObservation, Words } from "#controllers/kubernetes-execution/decide.ts";
import type { Acted, Pass } from "#controllers/phase-controller.ts";
import { ensure, liveOwner } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";

export interface ActDeps extends Pick<RoleDeps, "kube"> {
  readonly image: string;
  readonly executions: Store<KubernetesExecution>;
  readonly jobs: Store<CachedJob>;
}

export const act = async (
  { kube, image, executions, jobs }: ActDeps,
  effect: Words["effect"],
  seen: ExecutionObservation,
  { signal }: Pick<Pass, "signal">,
): Promise<Acted<ExecutionObservation>> => {
  if (effect.type === "retry") throw effect.error;
  const { execution } = seen;
  // A list from before a restart may show an execution whose Job has ended and was deleted. What is newer wakes the key.
  const live = await liveOwner(kube, executions, KubernetesExecution, execution, signal);
  if (live === undefined || phaseOf(live) !== phaseOf(execution) || live.status?.job !== undefined) return seen;
  // Another's Job of that name, or one that is being deleted: its deletion wakes the key.
  await ensure(kube, jobs, Jobs, jobFor(execution, image), execution.metadata, signal);
  return seen;
};
