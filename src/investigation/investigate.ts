// The one investigation: from evidence to findings, each with its planned repairs, what forbids the others, and what a person does instead.
// Its only I/O is the port by which a plan reads the objects it changes. Knows nothing of policy; changes nothing.
import type { Reference, RejectedPlan } from "#api/fields.ts";
import type { Refusal } from "#api/kinds/ai-analysis.ts";
import type { Context } from "#api/kinds/remediation-processing.ts";
import { referenceText } from "#api/object.ts";
import { sameOutline } from "#api/plan-outline.ts";
import type { Finding, Remedy } from "#diagnosis/finding.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { inParallel } from "#evidence/in-parallel.ts";
import { diagnoseHere, type Diagnoser } from "#investigation/diagnoser.ts";
import { activeRequest, againstOwn, type OwnRequest, ownRevisionText } from "#investigation/own-changes.ts";
import { type PlannedRepair, planRepair, type ReadForAction, wouldBeReverted } from "#investigation/plan-repair.ts";
import type { LikelyFinding, Survey, SurveyQuestion } from "#investigation/survey.ts";

export interface Subject extends SurveyQuestion {
  readonly managedBy?: Context["managedBy"];
  /** Actions that failed in this episode. */
  readonly pastActions?: readonly string[];
  /** Plans that people refused in this episode. */
  readonly rejected?: readonly RejectedPlan[];
  /** Kintsugi's own, past and present: while one is in progress for an object, nothing else is planned for it. */
  readonly requests?: readonly OwnRequest[];
}

export interface PlannedFinding extends LikelyFinding {
  readonly planned: readonly PlannedRepair[];
  readonly refused: readonly Refusal[];
  /** The manual step, where nothing is planned. */
  readonly person?: string;
  /** The one that is in progress for it. */
  readonly request?: OwnRequest;
  /** A repair of it was tried or refused in this episode: the next finding may be right. */
  readonly isExhausted: boolean;
}

export interface Investigation extends Omit<Survey, "likely"> {
  /** Most certain first. */
  readonly findings: readonly PlannedFinding[];
  /** Parts of the diagnosis that did not finish, a sentence each. */
  readonly unfinished: readonly string[];
}

export interface InvestigationDeps {
  /** The objects of an action: live, or as they were saved. */
  readonly read: ReadForAction;
  /** Where the evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser | undefined;
}

const maxPlanned = 60;
const plansAtOnce = 8;

/** Guarantee: the same evidence, subject and objects, the same answer. Throws where an object cannot be read. */
export const investigate = async (
  { read, diagnoser = diagnoseHere }: InvestigationDeps,
  evidence: Evidence,
  subject: Subject,
  signal?: AbortSignal,
): Promise<Investigation> => {
  const { leastConfidence, target, namespace } = subject;
  const { survey, gaps } = await diagnoser.survey(evidence, { leastConfidence, target, namespace }, signal);
  const { likely, ...rest } = survey;
  const findings = await inParallel(likely, plansAtOnce, (finding) =>
    planned(likely.indexOf(finding) < maxPlanned ? read : tooMany, evidence, subject, finding),
  );
  return { ...withUnfinished(rest, gaps), findings, unfinished: gaps };
};

const tooMany = "too many findings to plan each";

const planned = async (
  read: ReadForAction | string,
  { objects }: Evidence,
  subject: Subject,
  finding: LikelyFinding,
): Promise<PlannedFinding> => {
  const { object, explains = [], advice, chain } = finding;
  const { requests = [] } = subject;
  const request = activeRequest(requests, [object, ...explains]);
  const ownText = ownRevisionText(objects, object, requests);
  const plans: PlannedRepair[] = [];
  const refused: Refusal[] = [];
  for (const repair of request === undefined ? advice.remedies : []) {
    const plan =
      unproven(finding) ??
      refusalOf(subject, repair) ??
      againstOwn(objects, repair) ??
      (typeof read === "string" ? read : await planRepair(read, repair, finding.confidence));
    if (typeof plan === "string") refused.push({ action: repair.action, reason: plan.slice(0, 1024) });
    else plans.push(plan);
  }
  return {
    ...finding,
    chain: ownText === undefined ? chain : [ownText, ...chain],
    planned: plans,
    refused,
    isExhausted: advice.remedies.some((repair) => exhausted(subject, repair) !== undefined),
    ...(request !== undefined ? { request } : plans.length > 0 ? {} : { person: advice.otherwise }),
  };
};

/** What did not finish is not ruled out; where nothing was found, the message says so too. */
const withUnfinished = <S extends Pick<Survey, "target">>(survey: S, gaps: readonly string[]): S => {
  const { target } = survey;
  if (gaps.length === 0 || target === undefined) return survey;
  const { verdict } = target;
  const ruledOut = [...gaps.map((reason) => ({ code: "NotFinished" as const, reason })), ...verdict.ruledOut];
  const message = verdict.kind === "Cause" ? verdict.message : `${verdict.message} Not known: ${gaps.join("; ")}.`;
  return { ...survey, target: { ...target, verdict: { ...verdict, ruledOut, message } } };
};

/** Why a finding is no ground for a change, whatever the repair. Text, above all another namespace's, can be written by anybody. */
const unproven = ({ object, hearsay, quotes }: Finding): string | undefined => {
  if (hearsay !== undefined) return `${referenceText(object)} is not changed for what is only said: ${hearsay}`;
  return quotes.some((quote) => isObserved(quote, object))
    ? undefined
    : `${referenceText(object)} is not changed for what is only said: no observed object of its own namespace proves it`;
};

/** Read from the API server, and about an object that is not another namespace's. */
const isObserved = ({ source, object }: Finding["quotes"][number], { namespace }: Reference): boolean => {
  if (source === "log" || source === "alert") return false;
  const quoted = /^\S+ ([^/\s]+)\//.exec(object)?.[1];
  return quoted === undefined || namespace === undefined || quoted === namespace;
};

/** What forbids a repair before it is planned. */
export const refusalOf = (subject: Subject, repair: Remedy): string | undefined =>
  exhausted(subject, repair) ?? (subject.managedBy === undefined ? undefined : wouldBeReverted(repair.target, subject.managedBy));

/** Why it is not proposed again in this episode. */
const exhausted = ({ pastActions = [], rejected = [] }: Subject, repair: Remedy): string | undefined => {
  const outline = [repair, ...(repair.afterwards ?? [])].map(({ action, target, parameters }) => ({
    action,
    target,
    parameters: { ...parameters },
  }));
  const no = rejected.find(({ steps }) => sameOutline(steps, outline));
  if (no !== undefined) return `people refused it in this episode: ${no.reason}`;
  return pastActions.includes(repair.action) ? "it has been tried in this episode already, without success" : undefined;
};
