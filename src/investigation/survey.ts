// All that a report says of evidence before anything is planned: findings, what nothing explains, what reads as an instruction. Pure; its answer is plain data.
import type { Quote, Reference } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { accountFor, anomaliesOf } from "#diagnosis/anomalies/anomalies.ts";
import type { Anomaly } from "#diagnosis/anomalies/anomaly.ts";
import { concerning } from "#diagnosis/concerns.ts";
import { diagnoseView, ruledOutOf } from "#diagnosis/diagnose.ts";
import { hostileTexts } from "#diagnosis/hostile-text.ts";
import type { RuledOut } from "#diagnosis/finding.ts";
import { leastConfidence as usualConfidence, type RankedFinding } from "#diagnosis/rank.ts";
import { type FoundFor, type Verdict, verdictFor, workloadAt } from "#diagnosis/verdict.ts";
import { type ReplicaCounts, replicasOf } from "#cluster/workload-shape.ts";
import { everyStep, type Steps } from "#diagnosis/steps.ts";
import { createView, type View } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { type ReadyPods, readyPodsOf } from "#investigation/ready-pods.ts";
import { type Choices, choicesOf } from "#investigation/model-choices.ts";
import { type Unexplained, unexplainedFindings } from "#investigation/unexplained.ts";

export interface SurveyQuestion {
  readonly leastConfidence: number;
  /** Only findings that have to do with it. */
  readonly target?: Reference | undefined;
  readonly namespace?: string | undefined;
}

export interface LikelyFinding extends RankedFinding {
  readonly pods?: ReadyPods | undefined;
}

/** What is said of the object that was asked about. */
export interface TargetSurvey {
  readonly verdict: Verdict;
  readonly replicas?: ReplicaCounts;
  /** For a language model, where the rules prove nothing. */
  readonly choices: Choices;
}

/** How much was looked at, for a person to judge by. */
export interface Looked {
  /** In the scope, by kind; most of them first. */
  readonly objects: readonly { readonly kind: string; readonly count: number }[];
  /** In the scope; of the target alone where it is a workload. */
  readonly pods: number;
  readonly events: number;
  readonly logs: number;
}

export interface Survey {
  readonly scope: Evidence["scope"];
  /** Most certain first; one for each cause and object. */
  readonly likely: readonly LikelyFinding[];
  /** How many were left out as less certain. */
  readonly unlikely: number;
  /** Lasting trouble that no cause accounts for. */
  readonly unexplained: readonly Unexplained[];
  /** States that differ from what their objects declare, that no finding accounts for, and that may still pass. */
  readonly inProgress: readonly Anomaly[];
  /** Nearest first, one for each cause that was not found. */
  readonly ruledOut: readonly RuledOut[];
  readonly target?: TargetSurvey;
  /** Text of the cluster that reads as an instruction: shown to people, never followed, no part of any finding. */
  readonly hostileTexts: readonly Quote[];
  readonly looked: Looked;
}

export const surveyOf = (evidence: Evidence, question: SurveyQuestion, steps = everyStep): Survey => {
  const { leastConfidence, target, namespace } = question;
  const view = createView(evidence);
  const diagnosis = diagnoseView(view, steps);
  const concerns = target === undefined ? () => true : concerning(view, target);
  const isHere = ({ object, explains = [] }: Pick<RankedFinding, "object" | "explains">): boolean =>
    namespace === undefined || [object, ...explains].some((each) => each.namespace === undefined || each.namespace === namespace);
  const mine = onePerCause(diagnosis.findings).filter((finding) => concerns(finding) && isHere(finding));
  const likely = mine
    .filter(({ confidence }) => confidence >= leastConfidence)
    .map((finding): LikelyFinding => ({ ...finding, pods: readyPodsOf(view, finding.object, finding.explains ?? []) }));
  const ruledOut = onePerCode(target === undefined ? diagnosis.ruledOut : ruledOutOf(view, target, steps), likely);
  const scope = scopeOf(evidence, question);
  // A finding that is too uncertain to be shown explains nothing; one that the caller alone leaves out does.
  const shown = mine.filter(({ confidence }) => confidence >= Math.min(leastConfidence, usualConfidence));
  const anomalies = steps.run("the search for states that differ", () => accountFor(view, anomaliesOf(view), shown), nothingFound);
  return {
    scope,
    likely,
    unlikely: mine.length - likely.length,
    unexplained: steps
      .run("the search for what nothing explains", () => unexplainedFindings(view, diagnosis.unexplained, anomalies.unexplained), [])
      .filter((finding) => concerns(finding) && isHere(finding)),
    inProgress: anomalies.inProgress.filter((anomaly) => concerns(anomaly) && isHere(anomaly)),
    ruledOut,
    ...(target === undefined ? {} : { target: targetSurvey(view, target, { findings: likely, ruledOut }, steps) }),
    hostileTexts: steps.run("the search for instructions in texts", () => hostileTexts(view).map(({ quote }) => quote), []),
    looked: lookedAt(view, scope),
  };
};

const nothingFound = { explained: [], inProgress: [], unexplained: [] };

const targetSurvey = (view: View, target: Reference, found: FoundFor, steps: Steps): TargetSurvey => {
  const verdict = verdictFor(view, target, found, steps);
  const workload = workloadAt(view, target);
  const replicas = workload && replicasOf(workload.object);
  return { verdict, ...(replicas === undefined ? {} : { replicas }), choices: choicesOf(view, workload, verdict) };
};

/** Of the answer: what the evidence holds beyond the question is context. */
const scopeOf = ({ scope }: Evidence, { target, namespace }: SurveyQuestion): Evidence["scope"] => {
  if (target !== undefined) return { ...scope, target };
  return namespace === undefined || scope.target !== undefined ? scope : { namespaces: [namespace] };
};

const lookedAt = (view: View, { namespaces, target }: Evidence["scope"]): Looked => {
  const { objects, events, logs } = view.evidence;
  const isInScope = (namespace: string | undefined): boolean =>
    namespaces === "all" || (namespace !== undefined && namespaces.includes(namespace));
  const counts = new Map<string, number>();
  for (const { kind, metadata } of objects)
    if (isInScope(metadata.namespace) || (metadata.namespace === undefined && metadata.name === target?.name && kind === target.kind))
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const workload = target === undefined ? undefined : view.workload(target);
  return {
    objects: [...counts].map(([kind, count]) => ({ kind, count })).toSorted((a, b) => b.count - a.count || (a.kind < b.kind ? -1 : 1)),
    pods: workload === undefined ? (counts.get("Pod") ?? 0) : workload.pods.length,
    events: events.length,
    logs: logs.filter(({ namespace }) => isInScope(namespace)).length,
  };
};

/** The same cause of the same object is one finding, however often it was found. */
const onePerCause = (findings: readonly RankedFinding[]): readonly RankedFinding[] => {
  const seen = new Set<string>();
  return findings.filter(({ code, object }) => {
    const key = `${code} ${referenceText(object)}`;
    return !seen.has(key) && seen.add(key);
  });
};

const onePerCode = (all: readonly RuledOut[], found: readonly RankedFinding[]): readonly RuledOut[] => {
  const seen = new Set<string>(found.map(({ code }) => code));
  return all.filter(({ code }) => !seen.has(code) && seen.add(code));
};
