// A diagnosis as people see it: one finding for each root cause with its plans, the unexplained symptoms, what was ruled out and what was not read.
// Reads only through the port it is given; changes nothing.
import type { Quote, Reference } from "#api/fields.ts";
import type { Refusal } from "#api/kinds/ai-analysis.ts";
import { kubectlOf } from "#actions/kubectl.ts";
import { referenceText } from "#api/object.ts";
import { type Repairs, repairsFor } from "#diagnosis/repairs.ts";
import { causes } from "#diagnosis/registry.ts";
import { unmetNeeds } from "#diagnosis/unmet-needs.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { inParallel } from "#evidence/in-parallel.ts";
import { diagnoseHere, type Diagnoser } from "#investigation/diagnoser.ts";
import { activeRequest, againstOwn, type OwnRequest, ownRevisionText } from "#investigation/own-changes.ts";
import { type PlannedRepair, planRepair, type ReadForAction } from "#investigation/plan-repair.ts";
import type { ReadyPods } from "#investigation/ready-pods.ts";
import type { LikelyFinding, SurveyOptions } from "#investigation/survey.ts";

export interface ReportedFinding {
  readonly code: string;
  readonly object: Reference;
  readonly summary: string;
  readonly verdict: "Actionable" | "NeedsHuman" | "Inconclusive";
  readonly confidence: number;
  readonly chain: readonly string[];
  readonly evidence: readonly Quote[];
  readonly explains: readonly Reference[];
  readonly plans: readonly PlannedRepair["plan"][];
  /** The commands that make the changes of the first plan by hand. */
  readonly commands: readonly string[];
  /** Pods of what is at fault, or of what it affects. */
  readonly pods?: ReadyPods | undefined;
  readonly refused: readonly Refusal[];
  /** Why a person is needed, where one is. */
  readonly person?: string;
  /** The request that is in progress for it; nothing else is proposed then. */
  readonly request?: { readonly name: string; readonly phase: string };
}

export interface Report {
  readonly collectedAt: string;
  readonly scope: Evidence["scope"];
  /** Most certain first. */
  readonly findings: readonly ReportedFinding[];
  /** How many were left out as less certain. */
  readonly unlikely: number;
  readonly ruledOut: readonly { readonly code: string; readonly reason: string }[];
  readonly notRead: readonly string[];
  /** Alerts that a Prometheus says are firing where it was looked: beside the findings, no part of any. */
  readonly firing: Evidence["firing"];
  /** Text of the cluster that reads as an instruction: shown to people, never followed, no part of any finding. */
  readonly hostileTexts: readonly Quote[];
  /** The object that was asked about, where it belongs to the scope's. */
  readonly asked: Reference | undefined;
  /** How much was looked at, for a person to judge by. */
  readonly looked: Looked;
}

export interface Looked {
  /** In the scope, by kind; most of them first. */
  readonly objects: readonly { readonly kind: string; readonly count: number }[];
  /** In the scope; of the target alone where it is a workload. */
  readonly pods: number;
  readonly events: number;
  readonly logs: number;
}

export interface ReportOptions extends SurveyOptions {
  /** What a person asked about, where that belongs to the target. */
  readonly asked?: Reference | undefined;
  /** Kintsugi's own, past and present. */
  readonly requests?: readonly OwnRequest[] | undefined;
  /** Where the evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser | undefined;
  readonly signal?: AbortSignal | undefined;
}

const maxPlanned = 60;
const plansAtOnce = 8;
const maxRuledOut = 8;

export const reportOn = async (evidence: Evidence, read: ReadForAction, options: ReportOptions): Promise<Report> => {
  const { target, namespace, asked, leastConfidence } = options;
  const { diagnoser = diagnoseHere } = options;
  const { survey, gaps } = await diagnoser.survey(evidence, { leastConfidence, target, namespace }, options.signal);
  const { likely } = survey;
  const shown = await inParallel(likely, plansAtOnce, async (finding) =>
    reported(likely.indexOf(finding) < maxPlanned ? read : undefined, finding, {
      objects: evidence.objects,
      requests: options.requests ?? [],
    }),
  );
  return {
    collectedAt: evidence.collectedAt,
    scope: survey.scope,
    findings: [...shown, ...survey.puzzles],
    unlikely: survey.unlikely,
    ruledOut: nearest(survey.ruledOut, shown),
    notRead: [...gaps, ...evidence.gaps, ...unmetNeeds(causes, evidence.lacks)],
    firing: evidence.firing.filter(({ labels }) => namespace === undefined || labels["namespace"] === namespace),
    hostileTexts: survey.hostileTexts,
    asked,
    looked: survey.looked,
  };
};

/** One line for each kind of fault that came near; what was found somewhere is not ruled out. */
const nearest = (all: Report["ruledOut"], shown: readonly ReportedFinding[]): Report["ruledOut"] => {
  const seen = new Set(shown.map(({ code }) => code));
  return all.filter(({ code }) => !seen.has(code) && seen.add(code)).slice(0, maxRuledOut);
};

interface Own {
  readonly objects: Evidence["objects"];
  readonly requests: readonly OwnRequest[];
}

const reported = async (read: ReadForAction | undefined, finding: LikelyFinding, own: Own): Promise<ReportedFinding> => {
  const { code, object, summary, confidence, chain, quotes, explains = [] } = finding;
  const answer = repairsFor(finding, object);
  const planned: PlannedRepair[] = [];
  const refused: Refusal[] = [];
  const request = activeRequest(own.requests, [object, ...explains]);
  for (const repair of "repairs" in answer && request === undefined ? answer.repairs : []) {
    const plan =
      againstOwn(own.objects, repair) ?? (read === undefined ? "too many findings to plan each" : await planRepair(read, repair));
    if (typeof plan === "string") refused.push({ action: repair.action, reason: plan.slice(0, 1024) });
    else planned.push(plan);
  }
  const ownText = ownRevisionText(own.objects, object, own.requests);
  return {
    code,
    object,
    summary,
    verdict: planned.length > 0 || request !== undefined ? "Actionable" : "NeedsHuman",
    confidence,
    chain: ownText === undefined ? chain : [ownText, ...chain],
    evidence: quotes,
    explains: explains.filter((each) => referenceText(each) !== referenceText(object)),
    plans: planned.map(({ plan }) => plan),
    commands: commandsOf(planned[0]),
    pods: finding.pods,
    refused,
    ...(request === undefined ? personOf(answer, planned.length) : { request: { name: request.name, phase: request.phase } }),
  };
};

const commandsOf = (repair: PlannedRepair | undefined): readonly string[] => {
  const steps = repair?.plan.steps ?? [];
  return steps.flatMap((step) => kubectlOf(step, steps.length === 1 ? repair?.changes : []) ?? []);
};

const personOf = (answer: Repairs, plans: number): { readonly person?: string } => {
  const person = "person" in answer ? answer.person : plans === 0 ? answer.otherwise : undefined;
  return person === undefined ? {} : { person };
};
