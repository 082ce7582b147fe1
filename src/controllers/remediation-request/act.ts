// Performs one decision about a request: the child first, then the one status write, then event and metrics. Never writes an edge that the table lacks.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest, type RequestPhase, requestTransitions } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { isTerminal, mayBecome } from "#api/define-kind.ts";
import { keyOf, type KubeObject } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { metrics as definitions } from "#controllers/remediation-request/role.ts";
import { type Next, until } from "#kube/controller.ts";
import { type Ensured, ensure, liveOwner } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { clipped } from "#lib/words.ts";
import { analysisOf, chosenPlan, planText, processingOf, repairedObject, workflowOf } from "#controllers/remediation-request/children.ts";
import { type Child, type Decision, type Move, type Observed, attemptOf, phaseOf } from "#controllers/remediation-request/decide.ts";
import { alertStartedAt, nextWorkflowNumber, workflowOfAttempt } from "#controllers/remediation-request/observe.ts";
import { type OwnStatus, firstWrite, laterWrite, startsAttempt, statusAfter } from "#controllers/remediation-request/status.ts";

export interface Stores {
  readonly requests: Store<RemediationRequest>;
  readonly processings: Store<RemediationProcessing>;
  readonly analyses: Store<AIAnalysis>;
  readonly workflows: Store<WorkflowExecution>;
}

export interface ActContext {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly now: number;
}

export const createAct = (deps: RoleDeps, stores: Stores) => {
  const { kube } = deps;
  const measure = measures(deps);

  const ensureChild = async (child: Child, seen: Observed, attempt: number, signal: AbortSignal): Promise<Ensured<KubeObject>> => {
    const { request, processing } = seen;
    if (child === "processing")
      return ensure(kube, stores.processings, RemediationProcessing, processingOf(request, attempt), request.metadata, signal);
    if (child === "analysis") {
      const object = processing === undefined ? undefined : analysisOf(request, attempt, processing);
      if (object === undefined) throw new Error(`RemediationProcessing of ${request.metadata.name} is completed but says too little`);
      return ensure(kube, stores.analyses, AIAnalysis, object, request.metadata, signal);
    }
    return ensureWorkflow(seen, attempt, signal);
  };

  const ensureWorkflow = async (seen: Observed, attempt: number, signal: AbortSignal): Promise<Ensured<WorkflowExecution>> => {
    const { request, analysis } = seen;
    // Asked again at the last moment: the cache may have learned of it since we looked, and the next number would be a second repair.
    const workflow = seen.workflow ?? workflowOfAttempt(stores.workflows, request, attempt);
    if (workflow !== undefined) return { state: "found", object: workflow };
    const plan = chosenPlan(analysis);
    if (plan === undefined) throw new Error(`AIAnalysis of ${request.metadata.name} says proceed but has no plan`);
    const number = nextWorkflowNumber(stores.workflows, repairedObject(request, plan));
    const symptom = analysis?.status?.symptom ?? {
      object: request.spec.target,
      stabilisationSeconds: deps.settings().stabilisationSeconds,
    };
    const object = workflowOf(request, { attempt, plan, symptom, approval: analysis?.status?.approved, number });
    const ensured = await ensure(kube, stores.workflows, WorkflowExecution, object, request.metadata, signal);
    // Another request holds the lock and our cache did not know: now it does, and the next pass decides upon it.
    if (ensured.state === "stranger") stores.workflows.noteWrite(ensured.object);
    return ensured;
  };

  const write = async (request: RemediationRequest, status: OwnStatus, signal: AbortSignal): Promise<void> => {
    const options = { subresource: "status", signal };
    if (request.status?.phase === undefined) {
      stores.requests.noteWrite(await kube.mergePatch(RemediationRequest, keyOf(request), firstWrite(request, status), options));
      return;
    }
    const patch = laterWrite(request, status);
    if (patch.length > 0) stores.requests.noteWrite(await kube.jsonPatch(RemediationRequest, keyOf(request), patch, options));
  };

  const isGone = async (request: RemediationRequest, signal: AbortSignal): Promise<boolean> =>
    (await liveOwner(kube, stores.requests, RemediationRequest, request, signal)) === undefined;

  const move = async (decision: Move, seen: Observed, { signal, log, now }: ActContext): Promise<Next> => {
    const { request } = seen;
    requireEdges(phaseOf(request), decision);
    const attempt = attemptOf(request) + (startsAttempt(request, decision) ? 1 : 0);
    const workflow = decision.ensure === "workflow" ? await ensureWorkflow(seen, attempt, signal) : undefined;
    if (workflow?.state === "stranger") return { afterMs: 0 };
    if (decision.ensure !== undefined && workflow === undefined) {
      const child = await ensureChild(decision.ensure, seen, attempt, signal);
      if (child.state === "stranger") return { afterMs: strangerLookMs };
    }
    const status = statusAfter(seen, decision, workflow?.object, now);
    await write(request, status, signal);
    log.info(decision.message, { request: request.metadata.name, phase: decision.to, outcome: decision.outcome });
    tell(deps, request, decision);
    measure(request, decision, now);
    return "rest";
  };

  return async (decision: Decision, seen: Observed, context: ActContext): Promise<Next> => {
    const { request } = seen;
    const { signal, now } = context;
    switch (decision.do) {
      case "move":
        return move(decision, seen, context);
      case "ensure": {
        // Made with the phase's own write: where it is missing, somebody deletes it, and most likely the request that it belongs to, which our
        // cache may not know yet. Made again without asking, it would be deleted and made as fast as both can.
        if (phaseOf(request) !== "Pending" && (await isGone(request, signal))) return "rest";
        const ensured = await ensureChild(decision.child, seen, attemptOf(request), signal);
        return ensured.state === "stranger" ? { afterMs: strangerLookMs } : until(decision.untilMs, now);
      }
      case "note": {
        const { alerts: _gateways, ...before } = request.status ?? {};
        await write(
          request,
          { ...before, blockedBy: clipped(decision.blockedBy), message: clipped(`Waits: ${decision.blockedBy}.`) },
          signal,
        );
        return until(decision.untilMs, now);
      }
      case "retell": {
        const { alerts: _gateways, ...before } = request.status ?? {};
        const plan = chosenPlan(seen.analysis);
        const repair = plan === undefined ? {} : { repair: clipped(planText(plan)) };
        await write(request, { ...before, ...repair, message: clipped(decision.message) }, signal);
        return "rest";
      }
      case "cancelWorkflow": {
        const { workflow } = seen;
        if (workflow === undefined) return "rest";
        context.log.info("the workflow is asked to stop", { request: request.metadata.name, why: decision.why });
        stores.workflows.noteWrite(await kube.mergePatch(WorkflowExecution, keyOf(workflow), { spec: { cancel: true } }, { signal }));
        return "rest";
      }
      case "wait":
        return until(decision.untilMs, now);
    }
  };
};

/** The deletion of the stranger wakes us; the time is for the deadline of the phase. */
const strangerLookMs = 5_000;

const requireEdges = (from: RequestPhase, { to, through = [] }: Move): void => {
  let last = from;
  for (const next of [...through, to]) {
    if (!mayBecome(requestTransitions, last, next)) throw new Error(`a request may not go from ${last} to ${next}`);
    last = next;
  }
};

const tell = (deps: RoleDeps, request: RemediationRequest, { to, outcome, message }: Move): void => {
  const { apiVersion, kind, metadata } = request;
  const isTrouble = to === "Failed" || to === "TimedOut" || to === "Recovering" || to === "Blocked";
  deps.events.record({
    about: { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid },
    type: isTrouble ? "Warning" : "Normal",
    reason: outcome ?? to,
    message,
  });
};

const measures = ({ metrics }: RoleDeps) => {
  const ended = metrics.counter(definitions.remediations);
  const repair = metrics.histogram(definitions.timeToRepair);
  const phases = metrics.histogram(definitions.phaseTime);
  return (request: RemediationRequest, { to, outcome }: Move, now: number): void => {
    const createdAt = fromTimestamp(request.metadata.creationTimestamp) ?? now;
    const phaseStartedAt = fromTimestamp(request.status?.phaseStartedAt) ?? createdAt;
    phases.observe(Math.max(0, now - phaseStartedAt) / 1000, { phase: phaseOf(request) });
    if (!isTerminal(requestTransitions, to)) return;
    ended.add({ outcome: outcome ?? to });
    if (outcome !== "Remediated") return;
    repair.observe(Math.max(0, now - createdAt) / 1000, { since: "creation" });
    repair.observe(Math.max(0, now - (alertStartedAt(request) ?? createdAt)) / 1000, { since: "alert" });
  };
};
