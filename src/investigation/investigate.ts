// From a target to its cause and a plan for each repair against the live objects: for an analysis, and for a person who only looks. Reads only; knows nothing of policy.
import type { Alert, Reference, RejectedPlan } from "#api/fields.ts";
import type { AIAnalysis, Refusal } from "#api/kinds/ai-analysis.ts";
import type { Context } from "#api/kinds/remediation-processing.ts";
import { referenceText } from "#api/object.ts";
import { sameOutline } from "#api/plan-outline.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import type { ChangeSource } from "#evidence/sources/source.ts";
import type { WorkloadEvidence } from "#evidence/workload-evidence.ts";
import type { Finding } from "#diagnosis/finding.ts";
import { repairsFor, type Repair } from "#diagnosis/repairs.ts";
import type { Diagnosis } from "#diagnosis/verdict.ts";
import { diagnoseHere, type Diagnoser } from "#investigation/diagnoser.ts";
import { againstOwn } from "#investigation/own-changes.ts";
import { type PlannedRepair, planRepair, type ReadForAction, wouldBeReverted } from "#investigation/plan-repair.ts";
import type { Kube } from "#kube/client.ts";
import type { Clock } from "#lib/clock.ts";

export interface Subject {
  readonly target: Reference;
  readonly alert: Alert;
  readonly managedBy?: Context["managedBy"];
  /** Actions that failed in this episode. */
  readonly pastActions: readonly string[];
  /** Plans that people refused in this episode. */
  readonly rejected?: readonly RejectedPlan[];
  /** Who knows what changed: the journal of the installation. */
  readonly changes?: ChangeSource;
}

export interface Investigation {
  readonly diagnosis: Diagnosis;
  readonly planned: readonly PlannedRepair[];
  readonly refused: readonly Refusal[];
  /** Why a cause has no repair, where it has none. */
  readonly persons: readonly string[];
  readonly ms: number;
  /** The language model that found it, where the rules did not. */
  readonly by?: Omit<NonNullable<NonNullable<AIAnalysis["status"]>["investigator"]>, "ms">;
}

export interface InvestigationDeps {
  readonly kube: Kube;
  readonly clock: Clock;
  /** For whoever plans. */
  readonly read: ReadForAction;
  /** Where the evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser | undefined;
}

export const investigate = async (
  { kube, clock, read, diagnoser = diagnoseHere }: InvestigationDeps,
  subject: Subject,
  signal?: AbortSignal,
): Promise<Investigation & { readonly evidence: WorkloadEvidence }> => {
  const startedAt = clock.now();
  const { target, alert, changes } = subject;
  const question = { around: { target }, alerts: [alert], secrets: "left out", ...(changes === undefined ? {} : { changes }) } as const;
  const collected = await collectEvidence(kube, clock, question, signal);
  const { verdict, gaps } = await diagnoser.verdict(collected, target, signal);
  const diagnosis = withGaps(verdict.diagnosis, gaps);
  const planned: PlannedRepair[] = [];
  const refused: Refusal[] = [];
  const persons: string[] = [];
  for (const finding of diagnosis.kind === "Cause" ? diagnosis.findings : []) {
    const answer = repairsFor(finding, finding.object);
    if ("person" in answer) persons.push(answer.person);
    const before = planned.length;
    for (const repair of "repairs" in answer ? answer.repairs : []) {
      const plan =
        unproven(finding) ?? refusalOf(subject, repair) ?? againstOwn(collected.objects, repair) ?? (await planRepair(read, repair));
      if (typeof plan === "string") refused.push({ action: repair.action, reason: plan.slice(0, 1024) });
      else planned.push(plan);
    }
    const isImpossible = "repairs" in answer && planned.length === before;
    if (isImpossible) persons.push(answer.otherwise);
    // Where the most likely cause needs a person, the repair of a less likely one would be a guess; where its repair failed or was refused, the next one may be right.
    if ("person" in answer || (isImpossible && answer.repairs.every((repair) => exhausted(subject, repair) === undefined))) break;
  }
  const evidence = { ...verdict.inside, gaps: [...gaps, ...verdict.inside.gaps] };
  return { evidence, diagnosis, planned, refused, persons, ms: Math.round(clock.now() - startedAt) };
};

/** What did not finish is not ruled out; where nothing was found, the message says so too. */
const withGaps = (diagnosis: Diagnosis, gaps: readonly string[]): Diagnosis => {
  if (gaps.length === 0) return diagnosis;
  const ruledOut = [...gaps.map((reason) => ({ code: "NotFinished", reason })), ...diagnosis.ruledOut];
  return {
    ...diagnosis,
    ruledOut,
    message: diagnosis.kind === "Cause" ? diagnosis.message : `${diagnosis.message} Not known: ${gaps.join("; ")}.`,
  };
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
export const refusalOf = (subject: Subject, repair: Repair): string | undefined =>
  exhausted(subject, repair) ?? (subject.managedBy === undefined ? undefined : wouldBeReverted(repair.target, subject.managedBy));

/** Why it is not proposed again in this episode. */
const exhausted = ({ pastActions, rejected = [] }: Subject, repair: Repair): string | undefined => {
  const outline = [repair, ...(repair.afterwards ?? [])].map(({ action, target, parameters }) => ({
    action,
    target,
    parameters: { ...parameters },
  }));
  const no = rejected.find(({ steps }) => sameOutline(steps, outline));
  if (no !== undefined) return `people refused it in this episode: ${no.reason}`;
  return pastActions.includes(repair.action) ? "it has been tried in this episode already, without success" : undefined;
};
