// Performs one decision about an AIAnalysis: the question to people first, then the one status write, then event and metric.
import { AIAnalysis, analysisTransitions, AnalysisPhase } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { Condition } from "#api/fields.ts";
import { isTerminal, mayBecome } from "#api/define-kind.ts";
import type { NewObject } from "#api/object.ts";
import { encodeChanges } from "#actions/change.ts";
import { sealer } from "#cluster/sealed-changes.ts";
import { approvalFor, approvalName, type Question, questionNumber, questionSummary } from "#controllers/ai-analysis/children.ts";
import type { Conclusion } from "#investigation/conclude.ts";
import { phaseOf } from "#controllers/ai-analysis/decide.ts";
import type { Stores } from "#controllers/ai-analysis/observe.ts";
import type { Revision } from "#controllers/ai-analysis/revise.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { metrics as definitions } from "#controllers/ai-analysis/role.ts";
import type { Next } from "#kube/controller.ts";
import { ensure } from "#kube/ensure.ts";
import { writeStatus } from "#kube/write-status.ts";
import { fromTimestamp, toPreciseTimestamp } from "#lib/clock.ts";

type Status = NonNullable<AIAnalysis["status"]>;

/** A stranger that holds the name of our question may go without telling us. */
const conflictRecheckMs = 5000;

export interface Act {
  conclude(analysis: AIAnalysis, conclusion: Conclusion, signal: AbortSignal): Promise<Next>;
  /** The next question, with other parameters or with the reason why not; the phase stays. */
  revise(analysis: AIAnalysis, revision: Revision, signal: AbortSignal): Promise<Next>;
  end(
    analysis: AIAnalysis,
    to: "Completed" | "Failed",
    change: Pick<Status, "result" | "message" | "approved">,
    signal: AbortSignal,
  ): Promise<Next>;
}

export const createAct = (deps: RoleDeps, stores: Stores): Act => {
  const { kube, clock, events, metrics } = deps;
  const total = metrics.counter(definitions.analyses);
  const seconds = metrics.histogram(definitions.analysisTime);

  const record = ({ apiVersion, kind, metadata }: AIAnalysis, type: "Normal" | "Warning", reason: string, message: string): void =>
    events.record({ about: { apiVersion, kind, ...metadata }, type, reason, message });

  const write = async (analysis: AIAnalysis, route: readonly AnalysisPhase[], status: Status, signal: AbortSignal): Promise<void> => {
    const phase = requireRoute(phaseOf(analysis), route);
    const now = clock.now();
    const at = toPreciseTimestamp(now);
    const isEnd = isTerminal(analysisTransitions, phase);
    await writeStatus(
      kube,
      stores.analyses,
      AIAnalysis,
      analysis,
      {
        ...status,
        phase,
        phaseStartedAt: at,
        ...(isEnd ? { completedAt: at } : {}),
        conditions: conditionsOf(phase, status, analysis.status?.conditions ?? [], at),
      },
      signal,
    );
    if (isEnd) total.add({ verdict: status.verdict ?? "none", result: status.result ?? "none" });
    if (analysis.status?.verdict === undefined) seconds.observe((now - (fromTimestamp(analysis.metadata.creationTimestamp) ?? now)) / 1000);
    const type = status.result === "ManualReviewRequired" ? "Warning" : "Normal";
    record(analysis, type, phase === "AwaitingApproval" ? "AwaitingApproval" : (status.result ?? phase), status.message ?? phase);
  };

  const questionFor = async (analysis: AIAnalysis, ask: Question, signal: AbortSignal): Promise<NewObject<AIApprovalRequest>> => {
    const seal = await sealer(deps, signal);
    const place = { kind: AIApprovalRequest.kind, name: approvalName(analysis, ask.number), field: "changes" } as const;
    const sealed = { ...ask, changes: seal(place, ask.changes), checkedBy: deps.guardrails.approvals() };
    return approvalFor(analysis, sealed, deps.settings(), clock.now());
  };

  return {
    conclude: async (analysis, { status, ask }, signal) => {
      const route = routeOf(status);
      if (ask === undefined) {
        await write(analysis, route, status, signal);
        return "rest";
      }
      const changes = encodeChanges(ask.planned.changes);
      if (changes === undefined) throw new Error("a plan was made whose changes are too large to show");
      const summary = questionSummary(status.rootCause?.summary ?? "", ask.plan);
      const number = questionNumber(analysis);
      const question = await questionFor(analysis, { plan: ask.plan, changes, summary, reason: ask.why, number }, signal);
      const ensured = await ensure(kube, stores.approvals, AIApprovalRequest, question, analysis.metadata, signal);
      if (ensured.state === "conflict") return { afterMs: conflictRecheckMs };
      await write(analysis, route, { ...status, approval: question.metadata.name }, signal);
      return "rest";
    },
    revise: async (analysis, { status, ask, message }, signal) => {
      const question = await questionFor(analysis, ask, signal);
      const ensured = await ensure(kube, stores.approvals, AIApprovalRequest, question, analysis.metadata, signal);
      if (ensured.state === "conflict") return { afterMs: conflictRecheckMs };
      await writeStatus(kube, stores.analyses, AIAnalysis, analysis, { ...status, approval: question.metadata.name }, signal);
      record(analysis, "Normal", "Overridden", message);
      return "rest";
    },
    end: async (analysis, to, change, signal) => {
      await write(analysis, [to], { ...analysis.status, ...change }, signal);
      return "rest";
    },
  };
};

/** Every phase that is passed, the last of which is written: nothing waits in between. Only a cause leads to a recommendation. */
export const routeOf = ({ plans, result }: Status): readonly AnalysisPhase[] => [
  "Investigating",
  ...(plans === undefined ? [] : (["Recommending"] as const)),
  result === undefined ? "AwaitingApproval" : "Completed",
];

/** The last phase of a route whose every step stands in the table. Phases passed on the way have done all they have to do in this pass. */
export const requireRoute = (from: AnalysisPhase, route: readonly AnalysisPhase[]): AnalysisPhase => {
  const order = AnalysisPhase.options;
  let at = from;
  // What was reached before is not reached again.
  for (const to of route.filter((phase) => order.indexOf(phase) > order.indexOf(from))) {
    if (!mayBecome(analysisTransitions, at, to)) throw new Error(`AIAnalysis: ${at} may not become ${to}`);
    at = to;
  }
  if (at === from) throw new Error(`AIAnalysis: there is no way from ${from} by ${route.join(", ")}`);
  return at;
};

const conditionsOf = (phase: AnalysisPhase, status: Status, known: readonly Condition[], at: string): Condition[] => {
  const holds = phase === "Failed" || status.verdict === "Inconclusive" ? "False" : "True";
  const before = known.find(({ type }) => type === "Analyzed");
  return [
    {
      type: "Analyzed",
      status: holds,
      reason: status.verdict ?? "DeadlineExceeded",
      message: status.message ?? "",
      lastTransitionTime: before?.status === holds ? before.lastTransitionTime : at,
    },
  ];
};
