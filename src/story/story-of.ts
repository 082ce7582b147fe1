// From the objects of one request to its story. Pure; states nothing that is not in the objects.
import type { Step } from "#api/fields.ts";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { Context, RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { StepStatus, WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { accountOfAction } from "#api/labels.ts";
import { referenceText } from "#api/object.ts";
import { times } from "#lib/words.ts";
import { headOf } from "#story/head.ts";
import { nextSteps } from "#story/next-steps.ts";
import { type AttemptObjects, attemptsOf, type StoryObjects } from "#story/objects.ts";
import type {
  Approval,
  AttemptStory,
  Cause,
  Considered,
  Execution,
  Facts,
  Run,
  Seen,
  SeenAlert,
  StepStory,
  Story,
  TargetContext,
} from "#story/story.ts";
import { timelineOf } from "#story/timeline.ts";

export const storyOf = (objects: StoryObjects): Story => {
  const facts = factsOf(objects);
  return { ...facts, head: headOf(facts), next: nextSteps(facts), timeline: timelineOf(objects) };
};

const factsOf = (objects: StoryObjects): Facts => {
  const { request } = objects;
  const status = request.status ?? {};
  return {
    request: request.metadata.name,
    namespace: request.metadata.namespace,
    target: request.spec.target,
    phase: status.phase ?? "Pending",
    outcome: status.outcome,
    message: status.message,
    blockedBy: status.blockedBy,
    leader: status.leader,
    awaiting: status.awaiting,
    startedAt: request.metadata.creationTimestamp,
    completedAt: status.completedAt,
    cancelAsked: request.spec.cancel !== undefined,
    ...(request.spec.cancel === undefined ? {} : { cancel: request.spec.cancel }),
    ...(request.spec.close === undefined ? {} : { close: request.spec.close }),
    seen: seenOf(request),
    attempts: attemptsOf(objects).map(attemptStory),
  };
};

const seenOf = (request: RemediationRequest): Seen => {
  const first = request.spec.alert;
  const known = Object.entries(request.status?.alerts ?? {});
  const alerts = known.map(([fingerprint, each]): SeenAlert => ({
    name: each.name,
    severity: fingerprint === first.fingerprint ? first.severity : undefined,
    startsAt: each.startsAt,
    count: each.count,
    firings: each.firings,
    resolvedAt: each.resolvedAt,
  }));
  return {
    alerts: alerts.length > 0 ? alerts : [{ name: first.name, severity: first.severity, startsAt: first.startsAt, count: 1 }],
    annotations: ["summary", "description", "message"].map((name) => first.annotations[name]).filter((text) => text !== undefined),
    reported: referenceText(request.spec.reported),
    unresolved: request.spec.unresolved,
    ...(request.spec.requestedBy === undefined ? {} : { requestedBy: request.spec.requestedBy }),
  };
};

const attemptStory = (attempt: AttemptObjects): AttemptStory => ({
  number: attempt.number,
  result: attempt.result,
  context: contextOf(attempt.processing),
  cause: causeOf(attempt.analysis?.status),
  considered: consideredOf(attempt.analysis?.status),
  overrides: attempt.analysis?.status?.overrides,
  approval: approvalOf(attempt.approval),
  execution: executionOf(attempt.workflow, attempt.executions),
});

const contextOf = (processing: RemediationProcessing | undefined): TargetContext | undefined => {
  const status = processing?.status;
  if (status?.phase === undefined) return undefined;
  const { context } = status;
  return {
    environment: status.environment?.value,
    environmentSource: status.environment?.source,
    priority: status.priority,
    autonomy: status.autonomy,
    managed: status.managed,
    protections: status.protections ?? [],
    unread: status.quality?.missing ?? [],
    exists: context?.exists,
    ownerChain: context?.ownerChain.map(referenceText) ?? [],
    replicas: context?.replicas,
    troubledContainers: context?.containers.filter((each) => !each.ready).map(containerText) ?? [],
    neighbours:
      context?.neighbours.map(
        (each) => `${referenceText(each.object)} (${relationWords[each.relation]}${each.detail === undefined ? "" : `; ${each.detail}`})`,
      ) ?? [],
    managedBy: context?.managedBy === undefined ? undefined : managerText(context.managedBy),
    siblings: (context?.siblings ?? []).map(({ alert, object, request }) => `${alert} of ${referenceText(object)} (${request})`),
  };
};

/** Records of before an upgrade do not say what it forbids. */
export const managerText = ({ tool, object, proof, forbids }: NonNullable<Context["managedBy"]>): string =>
  `${tool} ${object} (${proof}): ${forbids ?? "it would revert a live change"}`;

type Relation = Context["neighbours"][number]["relation"];
const relationWords: Readonly<Record<Relation, string>> = {
  selectedBy: "sends it traffic",
  scaledBy: "scales it",
  protectedBy: "limits its disruption",
  limitedBy: "limits its resources",
  runsOn: "runs it",
  mounts: "is mounted",
  readsFrom: "is read",
  restrictedBy: "restricts its network",
  routedBy: "routes traffic to it",
  routesTo: "gets its traffic",
  selects: "serves its traffic",
  scales: "is scaled by it",
  protects: "is protected by it",
  limits: "is limited by it",
  hosts: "runs on it",
  contains: "is in it",
  mountedBy: "mounts it",
  readBy: "reads it",
  runs: "is a run of it",
};

const containerText = (each: Context["containers"][number]): string => {
  const exit = each.exitCode === undefined ? "" : `, exit code ${each.exitCode}`;
  const restarts = each.restarts === 0 ? "" : `, restarted ${times(each.restarts)}`;
  return `container ${each.container} of Pod ${each.pod}: ${each.state}${each.reason === undefined ? "" : ` (${each.reason})`}${exit}${restarts}`;
};

export const causeOf = (status: AIAnalysis["status"]): Cause | undefined => {
  if (status?.verdict === undefined) return undefined;
  return {
    verdict: status.verdict,
    root: status.rootCause,
    confidence: status.confidence,
    evidence: status.evidence ?? [],
    ruledOut: status.ruledOut ?? [],
    investigator: status.investigator,
    message: status.message,
  };
};

export const consideredOf = (status: AIAnalysis["status"]): Considered | undefined => {
  const { plans = [], refused = [], chosen } = status ?? {};
  if (plans.length === 0 && refused.length === 0) return undefined;
  const best = chosen === undefined ? undefined : plans[chosen];
  return { chosen: best, others: plans.filter((plan) => plan !== best), refused };
};

const approvalOf = (approval: AIApprovalRequest | undefined): Approval | undefined =>
  approval === undefined
    ? undefined
    : {
        name: approval.metadata.name,
        phase: approval.status?.phase ?? "Pending",
        reason: approval.spec.reason,
        approvers: approval.spec.approvers,
        minApprovers: approval.spec.minApprovers,
        expiresAt: approval.spec.expiresAt,
        decidedAt: approval.status?.completedAt,
        decisions: approval.spec.decisions,
        message: approval.status?.message,
      };

const executionOf = (workflow: WorkflowExecution | undefined, executions: readonly KubernetesExecution[]): Execution | undefined => {
  if (workflow === undefined) return undefined;
  const { spec, status = {} } = workflow;
  return {
    name: workflow.metadata.name,
    phase: status.phase ?? "Pending",
    message: status.message,
    rollback: spec.rollback,
    steps: spec.steps.map((step) =>
      stepStory(
        step,
        status.steps?.find((each) => each.id === step.id),
        executions,
      ),
    ),
    verification: {
      object: referenceText(spec.symptom.object),
      stabilisationSeconds: spec.symptom.stabilisationSeconds,
      result: status.verification?.result,
      message: status.verification?.message,
      healthySince: status.verification?.healthySince,
      alertResolvedAt: status.verification?.alertResolvedAt,
      evidence: status.verification?.evidence ?? [],
    },
  };
};

const stepStory = (step: Step, status: StepStatus | undefined, executions: readonly KubernetesExecution[]): StepStory => {
  const ofStep = executions.filter((each) => each.spec.step === step.id);
  return {
    id: step.id,
    action: step.action,
    target: step.target,
    object: referenceText(step.target),
    parameters: step.parameters,
    changesHash: step.changesHash,
    state: status?.state ?? "Waiting",
    message: status?.message,
    run: runOf(ofStep.find((each) => each.spec.undoes === undefined)),
    undo: runOf(ofStep.find((each) => each.spec.undoes !== undefined)),
  };
};

const runOf = (execution: KubernetesExecution | undefined): Run | undefined => {
  if (execution === undefined) return undefined;
  const status = execution.status ?? {};
  return {
    execution: execution.metadata.name,
    phase: status.phase ?? "Pending",
    job: status.job?.name,
    account: accountOfAction(execution.spec.action),
    permission: execution.spec.permission,
    approval: execution.spec.approval?.name,
    result: status.result,
    failure: status.failure,
    changed: status.changed,
    dryRun:
      status.dryRun === undefined
        ? undefined
        : `${status.dryRun.accepted ? "accepted" : "rejected"}${status.dryRun.message === undefined ? "" : `: ${status.dryRun.message}`}`,
    diffs: status.diffs ?? [],
    message: status.message,
    completedAt: status.completedAt,
  };
};
