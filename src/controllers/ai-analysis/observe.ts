// Reads what a decision about an AIAnalysis needs: the approval, and by phase an investigation of the target or the plan of an override. Changes nothing.
import { phaseOf } from "#api/define-kind.ts";
import type { Alert } from "#api/fields.ts";
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { readLabelsOf } from "#cluster/policy-labels.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { openChanges } from "#cluster/sealed-changes.ts";
import { approvalName, questionNumber } from "#controllers/ai-analysis/children.ts";
import { isUnsettled, type AnalysisObservation, wantsInvestigation } from "#controllers/ai-analysis/decide.ts";
import { mandateOf, overrideAsked, overriddenSteps, type PlannedOverride } from "#controllers/ai-analysis/revise.ts";
import type { Pass } from "#controllers/phase-controller.ts";
import type { PrometheusSource } from "#evidence/read-prometheus.ts";
import { plannedSteps } from "#investigation/conclude.ts";
import { consult, type Consultation } from "#investigation/consult.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import { journalIn } from "#investigation/journal-in.ts";
import { type Look, lookInto, type LookSubject } from "#investigation/look-into.ts";
import { grantOf, type PolicyFacts } from "#investigation/mandate.ts";
import type { ModelPort } from "#investigation/model-port.ts";
import { planSteps, type ReadForAction } from "#investigation/plan-repair.ts";
import type { Store } from "#kube/store.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";

export interface AnalysisDeps extends RoleDeps {
  /** Asked about the causes that the rules did not find; absent where none is configured. */
  readonly model?: ModelPort;
  /** Where evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser | undefined;
  /** What it measures is shown beside the findings, and decides no repair. Absent: none is asked. */
  readonly prometheus?: PrometheusSource | undefined;
}

export interface Stores {
  readonly maySeeSecretNames: (signal?: AbortSignal) => Promise<boolean>;
  readonly approvals: Store<AIApprovalRequest>;
  readonly requests: Store<RemediationRequest>;
}

export const observe = async (
  deps: AnalysisDeps & Stores,
  analysis: AIAnalysis,
  { now, signal }: Pick<Pass, "now" | "signal">,
): Promise<AnalysisObservation> => {
  if (phaseOf(analysis) !== "AwaitingApproval") {
    const investigated = wantsInvestigation(analysis, now) ? await investigate(deps, analysis, { now, signal }) : undefined;
    return { analysis, ...(investigated === undefined ? {} : { investigated }) };
  }
  const key = { namespace: analysis.metadata.namespace, name: approvalName(analysis, questionNumber(analysis)) };
  // The caches are separate lists: before its absence counts as a rejection, the server is asked.
  const found = deps.approvals.get(key) ?? (await deps.kube.get(AIApprovalRequest, key, { signal }));
  const isOurs = found?.metadata.ownerReferences?.some((owner) => owner.uid === analysis.metadata.uid) ?? false;
  if (found === undefined || !isOurs) return { analysis };
  const asked = overrideAsked(analysis, found);
  return { analysis, approval: found, ...(asked === undefined ? {} : { override: await plannedOverride(deps, asked, signal) }) };
};

const plannedOverride = async (
  deps: AnalysisDeps,
  override: Pick<PlannedOverride, "plan" | "wish" | "asked">,
  signal: AbortSignal,
): Promise<PlannedOverride> => {
  const { metadata, spec } = override.asked;
  const opened = await openChanges(deps, { kind: AIApprovalRequest.kind, name: metadata.name, field: "changes" }, spec.changes, signal);
  if (!opened.ok)
    return { ...override, changes: "", unreadable: opened.reason, planned: opened.reason, policy: await policyOn(deps, [], signal) };
  const steps = overriddenSteps(override);
  const planned = steps === undefined ? `the plan has no step ${override.wish.step}` : await planSteps(reader(deps, signal), steps);
  const policy = await policyOn(deps, typeof planned === "string" ? [] : planned.parts.steps, signal);
  return { ...override, changes: opened.text, planned, policy };
};

/** Absent where the request is gone: its children go with it. */
const investigate = async (
  deps: AnalysisDeps & Stores,
  analysis: AIAnalysis,
  { now, signal }: Pick<Pass, "now" | "signal">,
): Promise<AnalysisObservation["investigated"]> => {
  const alert = await alertOf(deps, analysis, signal);
  if (alert === undefined) return undefined;
  const subject = { ...subjectOf(analysis, alert), changes: journalIn(deps.journal, signal) };
  const byRules = await lookInto({ ...deps, read: reader(deps, signal) }, subject, signal);
  const look = isUnsettled(analysis, byRules, now) ? byRules : await askModel(deps, analysis, subject, byRules, signal);
  return { look, policy: await policyOn(deps, plannedSteps(look), signal) };
};

/** The whole alert, from the request: it is immutable there. */
const alertOf = async (
  { kube, namespace, requests }: AnalysisDeps & Stores,
  analysis: AIAnalysis,
  signal: AbortSignal,
): Promise<Alert | undefined> => {
  const key = { namespace, name: analysis.spec.request };
  // The caches are separate lists: before its absence counts, the server is asked.
  const request = requests.get(key) ?? (await kube.get(RemediationRequest, key, { signal }));
  return request?.spec.alert;
};

const subjectOf = ({ spec }: AIAnalysis, alert: Alert): LookSubject => {
  const { target, pastActions, rejected = [], context } = spec;
  return { target, alert, pastActions, rejected, ...(context.managedBy === undefined ? {} : { managedBy: context.managedBy }) };
};

/** What policy says about these steps now, from each step's own target. */
const policyOn = async (deps: RoleDeps, steps: Plan["steps"], signal: AbortSignal): Promise<PolicyFacts> => ({
  labelsOf: await readLabelsOf(
    deps.kube,
    steps.map(({ target }) => target),
    signal,
  ),
  settings: deps.settings(),
});

const reader =
  (deps: RoleDeps, signal: AbortSignal): ReadForAction =>
  (reads, target) =>
    readForAction(deps, reads, target, signal);

/** The rules first; a model for what they leave; and what they said where it has no answer. */
const askModel = async (
  deps: AnalysisDeps,
  analysis: AIAnalysis,
  subject: LookSubject,
  byRules: Look,
  signal: AbortSignal,
): Promise<Look> => {
  const { model, clock } = deps;
  if (model === undefined) return byRules;
  const allows: Consultation["allows"] = async (plan) =>
    grantOf(mandateOf(analysis), plan, await policyOn(deps, plan.steps, signal)).value !== "off";
  return consult({ model, clock, read: reader(deps, signal), allows }, subject, byRules, signal);
};
