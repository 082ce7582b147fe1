// What a decision about a request does outside its status: creates its children, asks its workflow to stop. Creates nothing for a request that is gone.
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { keyOf } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { Acted, Pass } from "#controllers/phase-controller.ts";
import { analysisOf, chosenPlan, processingOf, repairedObject, workflowOf } from "#controllers/remediation-request/children.ts";
import { nextWorkflowNumber, workflowOfAttempt } from "#controllers/remediation-request/observe.ts";
import type { Effect, RequestObservation, Words } from "#controllers/remediation-request/observed.ts";
import { firstWrite, laterWrite } from "#controllers/remediation-request/status.ts";
import { ensure, liveOwner } from "#kube/ensure.ts";
import type { Store } from "#kube/store.ts";

export interface Stores {
  readonly requests: Store<RemediationRequest>;
  readonly processings: Store<RemediationProcessing>;
  readonly analyses: Store<AIAnalysis>;
  readonly workflows: Store<WorkflowExecution>;
}

type ActDeps = Pick<RoleDeps, "kube" | "settings">;

export const act = async (
  deps: ActDeps & Stores,
  effect: Effect,
  seen: RequestObservation,
  { signal, log }: Pass,
): Promise<Acted<RequestObservation>> => {
  const { request, analysis: _analysis, processing, workflow, ...rest } = seen;
  const { kube } = deps;
  if (effect.type === "cancelWorkflow") {
    if (workflow === undefined) return seen;
    log.info("asked the workflow to stop", { request: request.metadata.name, why: effect.why });
    deps.workflows.noteWrite(await kube.mergePatch(WorkflowExecution, keyOf(workflow), { spec: { cancel: true } }, { signal }));
    return seen;
  }
  if (effect.type === "recreate" && (await liveOwner(kube, deps.requests, RemediationRequest, request, signal)) === undefined) return seen;
  const { child, attempt } = effect;
  switch (child) {
    case "processing": {
      const ensured = await ensure(kube, deps.processings, RemediationProcessing, processingOf(request, attempt), request.metadata, signal);
      // Without the children of the attempt before.
      return ensured.state === "conflict" ? "conflict" : { ...rest, request, processing: ensured.object };
    }
    case "analysis": {
      const object = processing === undefined ? undefined : analysisOf(request, attempt, processing);
      if (object === undefined) throw new Error(`RemediationProcessing of ${request.metadata.name} is completed but incomplete`);
      const ensured = await ensure(kube, deps.analyses, AIAnalysis, object, request.metadata, signal);
      return ensured.state === "conflict" ? "conflict" : { ...seen, analysis: ensured.object };
    }
    case "workflow":
      return startWorkflow(deps, seen, attempt, signal);
  }
};

const startWorkflow = async (
  deps: ActDeps & Stores,
  seen: RequestObservation,
  attempt: number,
  signal: AbortSignal,
): Promise<Acted<RequestObservation>> => {
  const { request, analysis } = seen;
  // Asked again at the last moment: the cache may show it by now, and the next number would be a second repair.
  const workflow = seen.workflow ?? workflowOfAttempt(deps.workflows, request, attempt);
  if (workflow !== undefined) return { ...seen, workflow };
  const plan = chosenPlan(analysis);
  if (plan === undefined) throw new Error(`AIAnalysis of ${request.metadata.name} says proceed but has no plan`);
  const number = nextWorkflowNumber(deps.workflows, repairedObject(request, plan));
  const symptom = analysis?.status?.symptom ?? {
    object: request.spec.target,
    stabilisationSeconds: deps.settings().stabilisationSeconds,
  };
  const object = workflowOf(request, { attempt, plan, symptom, approval: analysis?.status?.approved, number });
  const ensured = await ensure(deps.kube, deps.workflows, WorkflowExecution, object, request.metadata, signal);
  if (ensured.state !== "conflict") return { ...seen, workflow: ensured.object };
  // Another request holds the lock and the cache did not show it: now it does.
  deps.workflows.noteWrite(ensured.object);
  return "stale";
};

/** By patches, since the Gateway writes its own part of the status. */
export const write = async (
  { kube, requests }: Pick<RoleDeps, "kube"> & Pick<Stores, "requests">,
  request: RemediationRequest,
  status: Words["status"],
  { signal }: Pass,
): Promise<RemediationRequest> => {
  const options = { subresource: "status", signal };
  const patch = request.status?.phase === undefined ? undefined : laterWrite(request, status);
  if (patch?.length === 0) return request;
  const written =
    patch === undefined
      ? await kube.mergePatch(RemediationRequest, keyOf(request), firstWrite(request, status), options)
      : await kube.jsonPatch(RemediationRequest, keyOf(request), patch, options);
  requests.noteWrite(written);
  return written;
};
