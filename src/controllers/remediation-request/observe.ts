// Gathers what a decision about one request may look at. Reads the caches; asks the API server only where what a phase rests on seems to be gone.
import { targetHash } from "#api/target-hash.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution, workflowTransitions } from "#api/kinds/workflow-execution.ts";
import { isTerminal, phaseOf } from "#api/define-kind.ts";
import { type KubeObject, type ObjectReference, referenceText } from "#api/object.ts";
import type { Guardrails } from "#cluster/guardrails.ts";
import type { Targets } from "#cluster/targets.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";
import { type Hold, budgetHold } from "#policy/budget.ts";
import { planHold } from "#policy/freeze.ts";
import type { PolicyLabels } from "#policy/permission.ts";
import type { Settings } from "#policy/settings.ts";
import { analysisName, chosenPlan, processingName, repairedObject, workflowNumber } from "#controllers/remediation-request/children.ts";
import { observeWaiting, settledAtMs, type WaitingSources } from "#controllers/remediation-request/observe-waiting.ts";
import { alertsResolved, attemptOf, type RequestObservation } from "#controllers/remediation-request/observed.ts";
import { outsideChanges } from "#controllers/remediation-request/outside-changes.ts";
import { repeatsOf, repeatText } from "#controllers/remediation-request/repeats.ts";
import type { Pass } from "#controllers/phase-controller.ts";

export interface Sources extends WaitingSources {
  readonly kube: Pick<Kube, "get">;
  readonly processings: Store<RemediationProcessing>;
  readonly analyses: Store<AIAnalysis>;
  readonly targets: Targets;
  readonly settings: () => Settings;
  readonly guardrails: Pick<Guardrails, "missing">;
}

/** Indexes of the workflows' cache; names that no other user of it takes. */
export const workflowsByRequest = "requestOfWorkflow";
export const workflowsByObject = "objectOfWorkflow";
export const workflowIndexes = {
  [workflowsByRequest]: (workflow: WorkflowExecution): readonly string[] => [workflow.spec.request],
  [workflowsByObject]: (workflow: WorkflowExecution): readonly string[] => [targetHash(workflow.spec.target)],
};

export const observe = async (
  sources: Sources,
  request: RemediationRequest,
  { now, signal }: Pick<Pass, "now" | "signal">,
): Promise<RequestObservation> => {
  const { namespace, name } = request.metadata;
  const settings = sources.settings();
  const attempt = attemptOf(request);
  const processing = ours(sources.processings.get({ namespace, name: processingName(name, attempt) }), request);
  const analysis =
    ours(sources.analyses.get({ namespace, name: analysisName(name, attempt) }), request) ??
    (await unseenAnalysis(sources, request, signal));
  const workflow = workflowOfAttempt(sources.workflows, request, attempt) ?? (await unseenWorkflow(sources, request, signal));
  const quietAt = quietAtMs(sources.targets, request, settings);
  const hold = workflow === undefined ? holdOf(sources, request, analysis, settings, now) : undefined;
  return {
    request,
    ...(processing === undefined ? {} : { processing }),
    ...(analysis === undefined ? {} : { analysis }),
    ...(workflow === undefined ? {} : { workflow }),
    ...(quietAt === undefined ? {} : { quietAtMs: quietAt }),
    ...(hold === undefined ? {} : { hold }),
    ...(await observeWaiting(
      sources,
      {
        request,
        settings,
        ...(processing === undefined ? {} : { processing }),
        ...(analysis === undefined ? {} : { analysis }),
        ...(quietAt === undefined ? {} : { quietAtMs: quietAt }),
      },
      { now, signal },
    )),
    ...(await repeated(sources, request, workflow === undefined ? analysis : undefined, { now, signal })),
    stabilisationSeconds: settings.stabilisationSeconds,
    reminderSeconds: settings.reminderSeconds,
    maxAttempts: settings.maxAttempts,
    verificationSeconds: settings.verificationSeconds + settings.stabilisationSeconds,
  };
};

/** What a person has approved is made, however often. */
const repeated = async (
  sources: Sources,
  request: RemediationRequest,
  analysis: AIAnalysis | undefined,
  { now, signal }: Pick<Pass, "now" | "signal">,
): Promise<Pick<RequestObservation, "repeat">> => {
  const plan = chosenPlan(analysis);
  if (plan === undefined || analysis?.status?.phase !== "Completed" || analysis.status.approved !== undefined) return {};
  const object = repairedObject(request, plan);
  const repeats = repeatsOf(plan, sources.workflows.index(workflowsByObject, targetHash(object)), now);
  if (repeats === undefined) return {};
  const tracks = sources.journalKeeper?.tracks() ?? (await sources.journal(signal))?.tracks ?? [];
  return { repeat: repeatText(plan, repeats, outsideChanges(tracks, [object], { from: repeats.sinceMs, to: now })) };
};

/** At most one: an attempt repairs once. */
export const workflowOfAttempt = (
  workflows: Store<WorkflowExecution>,
  request: RemediationRequest,
  attempt: number,
): WorkflowExecution | undefined =>
  workflows
    .index(workflowsByRequest, request.metadata.name)
    .find((workflow) => workflow.spec.attempt === attempt && isOurs(workflow, request));

/** One above the highest known for that object: its creator holds the lock. */
export const nextWorkflowNumber = (workflows: Store<WorkflowExecution>, repaired: ObjectReference): number =>
  Math.max(0, ...workflows.index(workflowsByObject, targetHash(repaired)).map((workflow) => workflowNumber(workflow.metadata.name))) + 1;

const isOurs = (object: KubeObject, request: RemediationRequest): boolean =>
  object.metadata.deletionTimestamp === undefined &&
  (object.metadata.ownerReferences?.some((owner) => owner.uid === request.metadata.uid) ?? false);

const ours = <T extends KubeObject>(object: T | undefined, request: RemediationRequest): T | undefined =>
  object !== undefined && isOurs(object, request) ? object : undefined;

/** The caches are lists of their own: what the request waits for may be missing only because its list is older. */
const unseenAnalysis = async (sources: Sources, request: RemediationRequest, signal: AbortSignal): Promise<AIAnalysis | undefined> => {
  const phase = phaseOf(request);
  if (phase !== "AwaitingApproval" && phase !== "Blocked") return undefined;
  const { namespace, name } = request.metadata;
  return ours(await sources.kube.get(AIAnalysis, { namespace, name: analysisName(name, attemptOf(request)) }, { signal }), request);
};

/** Likewise of a workflow that the request names. */
const unseenWorkflow = async (
  sources: Sources,
  request: RemediationRequest,
  signal: AbortSignal,
): Promise<WorkflowExecution | undefined> => {
  const phase = phaseOf(request);
  const name = request.status?.attempts?.at(-1)?.workflow;
  if ((phase !== "Executing" && phase !== "Verifying") || name === undefined) return undefined;
  return ours(await sources.kube.get(WorkflowExecution, { namespace: request.metadata.namespace, name }, { signal }), request);
};

/** A crash loop looks healthy between two crashes: the quiet counts from the last one. */
const quietAtMs = (targets: Targets, request: RemediationRequest, settings: Settings): number | undefined => {
  if (!alertsResolved(request)) return undefined;
  const { state, crashedAtMs } = targets.health(request.spec.target);
  if (state === "Unhealthy") return undefined;
  const settledAt = settledAtMs(request, settings);
  return crashedAtMs === undefined ? settledAt : Math.max(settledAt, crashedAtMs + settings.stabilisationSeconds * 1000);
};

const holdOf = (
  sources: Sources,
  request: RemediationRequest,
  analysis: AIAnalysis | undefined,
  settings: Settings,
  now: number,
): Hold | undefined => {
  const plan = chosenPlan(analysis);
  if (plan === undefined) return undefined;
  const missing = sources.guardrails.missing();
  if (missing.length > 0)
    return { why: `the admission policies that bound Kintsugi are not in force (${missing.slice(0, 3).join("; ")}); install them` };
  const repaired = repairedObject(request, plan);
  const holder = sources.workflows.index(workflowsByObject, targetHash(repaired)).find(isActive);
  if (holder !== undefined) return { why: `${holder.spec.request} is repairing ${referenceText(repaired)} already` };
  return (
    planHold(settings, now, plan.steps, labelsIn(sources.namespaces)) ??
    budgetHold({ repairs: sources.workflows.list(), steps: plan.steps, settings, now })
  );
};

/** Those of a cluster-scoped target are read before its Job only. */
const labelsIn =
  (namespaces: Sources["namespaces"]) =>
  ({ namespace }: ObjectReference): PolicyLabels =>
    namespace === undefined ? undefined : namespaces.get({ name: namespace })?.metadata.labels;

const isActive = (workflow: WorkflowExecution): boolean => !isTerminal(workflowTransitions, phaseOf(workflow));
