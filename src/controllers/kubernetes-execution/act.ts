// Performs one decision about an execution: the status first, because the Job reads it; then the Job, event and metrics.
import { isTerminal, mayBecome } from "#api/define-kind.ts";
import { type ExecutionPhase, executionTransitions, KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Jobs } from "#api/kubernetes.ts";
import { JOB_FINALIZER } from "#api/labels.ts";
import type { CachedJob } from "#cluster/cached-kinds.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { jobFor } from "#controllers/kubernetes-execution/children.ts";
import { type Decision, type Move, phaseOf, type Status } from "#controllers/kubernetes-execution/decide.ts";
import { metrics as definitions } from "#controllers/kubernetes-execution/role.ts";
import { type Next, until } from "#kube/controller.ts";
import { ensure, liveOwner } from "#kube/ensure.ts";
import { removeFinalizer } from "#kube/finalize.ts";
import type { Store } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";

export interface ActDeps extends RoleDeps {
  readonly image: string;
  readonly executions: Store<KubernetesExecution>;
  readonly jobs: Store<CachedJob>;
}

export interface ActContext {
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** `again`: the status has changed, so there may be more to do at once. */
export type Acted = Next | "again";

export const createAct = (deps: ActDeps) => {
  const { kube, clock, executions, jobs } = deps;
  const ended = deps.metrics.counter(definitions.executions);
  const seconds = deps.metrics.histogram(definitions.executionTime);

  const write = (execution: KubernetesExecution, status: Status, signal: AbortSignal): Promise<KubernetesExecution> =>
    writeStatus(kube, executions, KubernetesExecution, execution, status, signal);

  const move = async (execution: KubernetesExecution, decision: Move, { signal, log }: ActContext): Promise<Acted> => {
    requireEdges(phaseOf(execution), decision);
    const now = clock.now();
    await write(execution, statusAfter(execution, decision, now), signal);
    log.info(decision.message, {
      request: execution.spec.request,
      execution: execution.metadata.name,
      action: execution.spec.action,
      phase: decision.to,
    });
    tell(deps, execution, decision);
    if (isTerminal(executionTransitions, decision.to)) {
      ended.add({
        action: execution.spec.action,
        result: decision.fields.failure ?? decision.fields.result ?? execution.status?.result ?? decision.to,
      });
      seconds.observe(Math.max(0, now - (fromTimestamp(execution.metadata.creationTimestamp) ?? now)) / 1000, {
        action: execution.spec.action,
      });
    }
    return "again";
  };

  return async (execution: KubernetesExecution, decision: Decision, context: ActContext): Promise<Acted> => {
    switch (decision.do) {
      case "move":
        return move(execution, decision, context);
      case "ensureJob": {
        // A list from before a restart may show an execution whose Job has come and gone. What is newer wakes us.
        const live = await liveOwner(kube, executions, KubernetesExecution, execution, context.signal);
        if (live === undefined || phaseOf(live) !== phaseOf(execution) || live.status?.job !== undefined)
          return until(decision.untilMs, clock.now());
        // A stranger of that name, or our own on its way out: its deletion wakes us.
        await ensure(kube, jobs, Jobs, jobFor(execution, deps.image), execution.metadata, context.signal);
        return until(decision.untilMs, clock.now());
      }
      case "recordJob": {
        const { name, uid } = decision.job;
        await write(execution, { ...execution.status, job: { name, uid } }, context.signal);
        return "again";
      }
      case "releaseFinalizer": {
        const released = await removeFinalizer(kube, KubernetesExecution, execution, JOB_FINALIZER);
        // One that is being deleted is gone with its last finalizer.
        if (released !== undefined && released.metadata.deletionTimestamp === undefined) executions.noteWrite(released);
        return "rest";
      }
      case "retry":
        throw decision.error;
      case "wait":
        return until(decision.untilMs, clock.now());
    }
  };
};

const requireEdges = (from: ExecutionPhase, { to, through }: Move): void => {
  let last = from;
  for (const phase of [...through, to]) {
    if (!mayBecome(executionTransitions, last, phase)) throw new Error(`an execution may not go from ${last} to ${phase}`);
    last = phase;
  }
};

export const statusAfter = (execution: KubernetesExecution, { to, fields, message }: Move, now: number): Status => {
  const at = toPreciseTimestamp(now);
  return {
    ...execution.status,
    ...fields,
    phase: to,
    phaseStartedAt: at,
    message: message.length <= 1024 ? message : `${message.slice(0, 1023)}…`,
    ...(isTerminal(executionTransitions, to) ? { completedAt: at, conditions: [outcomeCondition(to, fields, message, at)] } : {}),
  };
};

type Condition = NonNullable<Status["conditions"]>[number];

const outcomeCondition = (phase: ExecutionPhase, fields: Partial<Status>, message: string, at: string): Condition => ({
  type: "Executed",
  status: phase === "Completed" ? "True" : "False",
  reason: fields.failure ?? phase,
  message: message.slice(0, 1024),
  lastTransitionTime: at,
});

const tell = (deps: RoleDeps, execution: KubernetesExecution, { to, fields, message }: Move): void => {
  const { apiVersion, kind, metadata } = execution;
  deps.events.record({
    about: { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
    type: to === "Failed" ? "Warning" : "Normal",
    reason: fields.failure ?? to,
    message,
  });
};
