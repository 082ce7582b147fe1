// The AIAnalysis controller: one pass from evidence to plans; then it waits for people where policy asks for them. Changes nothing in the cluster.
import { AIAnalysis, analysisTransitions, type Plan } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { Alert } from "#api/fields.ts";
import { isTerminal } from "#api/define-kind.ts";
import { keyOf } from "#api/object.ts";
import { readLabelsOf } from "#cluster/policy-labels.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import { openChanges } from "#cluster/sealed-changes.ts";
import { createAct } from "#controllers/ai-analysis/act.ts";
import { conclude, plannedSteps } from "#investigation/conclude.ts";
import { decide, phaseOf } from "#controllers/ai-analysis/decide.ts";
import { journalIn } from "#investigation/journal-in.ts";
import { consult, type Consultation } from "#investigation/consult.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import type { ModelPort } from "#investigation/model-port.ts";
import { lookInto, type Look, type LookSubject } from "#investigation/look-into.ts";
import { grantOf, type PolicyFacts } from "#investigation/mandate.ts";
import { planSteps, type ReadForAction } from "#investigation/plan-repair.ts";
import { mandateOf, revise, wishedSteps } from "#controllers/ai-analysis/revise.ts";
import { observe, type Stores } from "#controllers/ai-analysis/observe.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import type { PrometheusSource } from "#evidence/read-prometheus.ts";
import type { Controller } from "#kube/controller.ts";
import type { Store } from "#kube/store.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { asSentence } from "#lib/words.ts";

/** Pods that start, a rollout that begins: what is not clear yet may be in a moment. No store holds all that was looked at, hence a time. */
const settlingMs = 90_000;
const lookAgainMs = 3000;

const settlesBy = (analysis: AIAnalysis): number => (fromTimestamp(analysis.metadata.creationTimestamp) ?? 0) + settlingMs;

export interface AnalysisDeps extends RoleDeps {
  /** Asked about what the rules could not tell; absent where none is configured. */
  readonly model?: ModelPort;
  /** Where evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser | undefined;
  /** What it measures is shown beside the findings, and decides no repair. Absent: none is asked. */
  readonly prometheus?: PrometheusSource | undefined;
}

export const createAIAnalysisController = (deps: AnalysisDeps): Controller => {
  const scope = { namespace: deps.namespace };
  const stores: Stores = { analyses: deps.caches.of(AIAnalysis, scope), approvals: deps.caches.of(AIApprovalRequest, scope) };
  const requests = deps.caches.of(RemediationRequest, scope);
  const act = createAct(deps, stores);
  return {
    name: "ai-analysis",
    concurrency: 4,
    watches: [
      { store: stores.analyses, keysOf: (analysis) => [keyOf(analysis)] },
      // Only the analysis that owns it reads it.
      {
        store: stores.approvals,
        keysOf: ({ metadata }) =>
          (metadata.ownerReferences ?? [])
            .filter((owner) => owner.kind === AIAnalysis.kind)
            .map((owner) => ({ namespace: deps.namespace, name: owner.name })),
      },
    ],
    reconcile: async (key, { signal, log }) => {
      const analysis = stores.analyses.get(key);
      if (analysis === undefined || analysis.metadata.deletionTimestamp !== undefined) return "rest";
      if (isTerminal(analysisTransitions, phaseOf(analysis))) return "rest";
      const decision = decide(await observe(deps.kube, stores, analysis, signal), deps.clock.now());
      switch (decision.do) {
        case "wait":
          return "rest";
        case "end":
          const { to, result, message, approved } = decision;
          return act.end(analysis, to, { result, message, ...(approved === undefined ? {} : { approved }) }, signal);
        case "revise": {
          const { metadata, spec } = decision.asked;
          const place = { kind: AIApprovalRequest.kind, name: metadata.name, field: "changes" } as const;
          const asked = await openChanges(deps, place, spec.changes, signal);
          // Neither can the plan be asked again as it was, nor compared with what was asked.
          if (!asked.ok) return act.end(analysis, "Completed", { result: "Drifted", message: `${asSentence(asked.reason)}.` }, signal);
          const steps = wishedSteps(decision);
          const planned = steps === undefined ? `the plan has no step ${decision.wish.step}` : await planSteps(reader(deps, signal), steps);
          const policy = await policyOn(deps, typeof planned === "string" ? [] : planned.parts.steps, signal);
          return act.revise(analysis, revise(analysis, { ...decision, changes: asked.text }, planned, policy), signal);
        }
        case "investigate": {
          const alert = await alertOf(deps, requests, analysis, signal);
          // The request is gone, and its children go with it.
          if (alert === undefined) return "rest";
          const subject = { ...subjectOf(analysis, alert), changes: journalIn(deps.journal, signal) };
          const byRules = await lookInto({ ...deps, read: reader(deps, signal) }, subject, signal);
          const { verdict } = byRules.target;
          if (verdict.kind === "Inconclusive" && verdict.mayStillChange && deps.clock.now() < settlesBy(analysis))
            return { afterMs: lookAgainMs };
          const found = await askModel(deps, analysis, subject, byRules, signal);
          const conclusion = conclude(mandateOf(analysis), found, await policyOn(deps, plannedSteps(found), signal));
          log.info("analysed", {
            request: analysis.spec.request,
            verdict: conclusion.status.verdict,
            cause: conclusion.status.rootCause?.code,
            result: conclusion.status.result ?? "AwaitingApproval",
            ms: found.ms,
          });
          return act.conclude(analysis, conclusion, signal);
        }
      }
    },
  };
};

/** The whole alert, from the request: it is immutable there. */
const alertOf = async (
  { kube, namespace }: AnalysisDeps,
  requests: Store<RemediationRequest>,
  analysis: AIAnalysis,
  signal: AbortSignal,
): Promise<Alert | undefined> => {
  const key = { namespace, name: analysis.spec.request };
  // The caches are lists of their own: before its absence counts, the server itself is asked.
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
