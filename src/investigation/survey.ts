// All that a report says of evidence before anything is planned: findings, what nothing explains, what reads as an instruction. Pure; its answer is plain data.
import type { Quote, Reference } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { concerning } from "#diagnosis/concerns.ts";
import { diagnoseView, ruledOutOf } from "#diagnosis/diagnose.ts";
import { hostileTexts } from "#diagnosis/hostile-text.ts";
import type { RankedFinding } from "#diagnosis/rank.ts";
import { everyStep } from "#diagnosis/steps.ts";
import { createView, type View } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { type ReadyPods, readyPodsOf } from "#investigation/ready-pods.ts";
import type { Looked, Report, ReportedFinding } from "#investigation/report.ts";
import { unexplainedFindings } from "#investigation/unexplained.ts";

export interface SurveyOptions {
  readonly leastConfidence: number;
  /** Only findings that have to do with it. */
  readonly target?: Reference | undefined;
  readonly namespace?: string | undefined;
}

export interface LikelyFinding extends RankedFinding {
  readonly pods?: ReadyPods | undefined;
}

export interface Survey {
  readonly scope: Evidence["scope"];
  /** Most certain first; one for each cause and object. */
  readonly likely: readonly LikelyFinding[];
  /** How many were left out as less certain. */
  readonly unlikely: number;
  readonly puzzles: readonly ReportedFinding[];
  readonly ruledOut: Report["ruledOut"];
  readonly hostileTexts: readonly Quote[];
  readonly looked: Looked;
}

export const surveyOf = (evidence: Evidence, options: SurveyOptions, steps = everyStep): Survey => {
  const { leastConfidence, target, namespace } = options;
  const view = createView(evidence);
  const { findings, ruledOut, unexplained } = diagnoseView(view, steps);
  const concerns = target === undefined ? () => true : concerning(view, target);
  const isHere = ({ object, explains = [] }: Pick<RankedFinding, "object" | "explains">): boolean =>
    namespace === undefined || [object, ...explains].some((each) => each.namespace === undefined || each.namespace === namespace);
  const mine = onePerCause(findings).filter((finding) => concerns(finding) && isHere(finding));
  const likely = mine
    .filter(({ confidence }) => confidence >= leastConfidence)
    .map((finding): LikelyFinding => ({ ...finding, pods: readyPodsOf(view, finding.object, finding.explains ?? []) }));
  const scope = scopeOf(evidence, options);
  return {
    scope,
    likely,
    unlikely: mine.length - likely.length,
    puzzles: steps
      .run("the search for what nothing explains", () => unexplainedFindings(view, unexplained), [])
      .filter((finding) => concerns(finding) && isHere(finding)),
    ruledOut: target === undefined ? ruledOut : ruledOutOf(view, target, steps),
    hostileTexts: steps.run("the search for instructions in texts", () => hostileTexts(view).map(({ quote }) => quote), []),
    looked: lookedAt(view, scope),
  };
};

/** Of the answer: what the evidence holds beyond the question is context. */
const scopeOf = ({ scope }: Evidence, { target, namespace }: SurveyOptions): Evidence["scope"] => {
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
