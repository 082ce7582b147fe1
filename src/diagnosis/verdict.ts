// What is said of one object: its cause, its health, or that neither could be proven. Pure: the same evidence, the same diagnosis. The alert's words are not evidence of anything.
import type { Quote, Reference } from "#api/fields.ts";
import type { Pod } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { WorkloadEvidence } from "#evidence/workload-evidence.ts";
import { configEdited } from "#diagnosis/causes/config-edited.ts";
import { imageUnpullable } from "#diagnosis/causes/image-unpullable.ts";
import { memoryLimitTooSmall } from "#diagnosis/causes/memory-limit-too-small.ts";
import { nothingWrong } from "#diagnosis/causes/nothing-wrong.ts";
import { releaseCrashes } from "#diagnosis/causes/release-crashes.ts";
import { concerning } from "#diagnosis/concerns.ts";
import { diagnoseView } from "#diagnosis/diagnose.ts";
import { leastConfidence, type RankedFinding } from "#diagnosis/rank.ts";
import { observations, replicasText, targetName } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import type { Assessment, Finding, FindingCode, WorkloadCause } from "#diagnosis/finding.ts";
import { everyStep, type Steps } from "#diagnosis/steps.ts";
import type { View } from "#diagnosis/view.ts";
import { workloadEvidence } from "#diagnosis/workload-evidence-of.ts";

export interface RuledOut {
  readonly code: string;
  readonly reason: string;
}

interface Told {
  readonly message: string;
  readonly confidence: number;
  readonly quotes: readonly Quote[];
  readonly ruledOut: readonly RuledOut[];
}
export type Diagnosis = Told &
  (
    | { readonly kind: "Cause"; /** Best first. */ readonly findings: readonly [Finding, ...Finding[]] }
    | { readonly kind: "Healthy" | "Gone" }
    | {
        readonly kind: "Inconclusive";
        /** Nothing fails, and yet it is not well: pods may be starting just now. */
        readonly mayStillChange: boolean;
      }
  );

const causes: Readonly<Partial<Record<FindingCode, WorkloadCause>>> = {
  ConfigEdited: configEdited,
  ImageUnpullable: imageUnpullable,
  ReleaseCrashes: releaseCrashes,
  MemoryLimitTooSmall: memoryLimitTooSmall,
  NothingWrong: nothingWrong,
};

/** Guarantee: what every cause says of the target or of what explains its trouble; of its own workload also what was ruled out. */
export const verdictOn = (view: View, target: Reference, steps = everyStep): Diagnosis => {
  const inside = insideOf(view, target);
  const own = verdictInside(inside, steps);
  if (own.kind === "Gone") return own;
  const concerns = concerning(view, target);
  const ranked = diagnoseView(view, steps).findings;
  const ownFindings = own.kind === "Cause" ? own.findings : [];
  const isOwn = ({ code, object }: Finding): boolean =>
    ownFindings.some((each) => each.code === code && referenceText(each.object) === referenceText(object));
  const others = ranked.filter((finding) => finding.confidence >= leastConfidence && !isOwn(finding) && concerns(finding));
  // A cause that yields to a more particular one is not among the ranked.
  const told = ownFindings.filter(({ code }) => others.length === 0 || ranked.some((each) => each.code === code));
  const findings = [...told, ...others].toSorted((a, b) => confidenceOf(b) - confidenceOf(a));
  const [best, ...less] = findings;
  if (best === undefined) return own;
  return {
    kind: "Cause",
    findings: [best, ...less],
    message: best.summary,
    confidence: confidenceOf(best),
    quotes: best.quotes,
    ruledOut: own.ruledOut,
  };
};

const confidenceOf = (finding: Finding): number => (finding as Partial<RankedFinding>).confidence ?? finding.score;

/** The target as causes that live in one workload see it; of another kind of object, as much as fits. */
export const insideOf = (view: View, target: Reference): WorkloadEvidence => {
  const workload = view.workload(target);
  if (workload !== undefined) return view.inside(workload);
  const object = view.evidence.objects.find(
    ({ apiVersion, kind, metadata }) =>
      apiVersion === target.apiVersion && kind === target.kind && metadata.namespace === target.namespace && metadata.name === target.name,
  );
  const known = { reference: target, template: { spec: { containers: [] } }, pods: [] };
  if (object !== undefined)
    return workloadEvidence(view, { ...known, object, ...(object.kind === "Pod" ? { pods: [object as Pod] } : {}) });
  const isKnown = view.knows({ kind: target.kind }, target.namespace);
  const nothing = workloadEvidence(view, { ...known, object: nothingThere });
  const told = isKnown ? nothing.gaps : [`objects of kind ${target.kind} cannot be looked into`, ...nothing.gaps];
  return { ...nothing, gaps: told, target: { reference: target, state: isKnown ? "gone" : "unknown", conditions: [] } };
};

const nothingThere = { apiVersion: "", kind: "", metadata: { name: "", uid: "", resourceVersion: "", creationTimestamp: "" } };

const verdictInside = (evidence: WorkloadEvidence, steps: Steps): Diagnosis => {
  if (evidence.target.state === "gone")
    return {
      kind: "Gone",
      message: `${targetName(evidence)} does not exist any more: there is nothing to repair.`,
      confidence: 1,
      quotes: [],
      ruledOut: [],
    };
  const assessments = (Object.entries(causes) as readonly (readonly [FindingCode, WorkloadCause])[]).map(([code, find]) =>
    steps.run<Assessment>(`${code} of the target`, () => find(evidence), { ruledOut: { code, reason: "it did not finish", closeness: 0 } }),
  );
  const found = assessments.flatMap((each) => ("found" in each ? [each.found] : [])).toSorted((a, b) => b.score - a.score);
  const missed = assessments.flatMap((each) => ("ruledOut" in each ? [each.ruledOut] : [])).toSorted((a, b) => b.closeness - a.closeness);
  const ruledOut = missed.map(({ code, reason }) => ({ code, reason }));
  const [best, ...others] = found;
  if (best === undefined) {
    const closest = missed
      .filter(({ code }) => code !== "NothingWrong")
      .slice(0, 3)
      .map(({ code, reason }) => `${code}: ${reason}`);
    const failures = failuresOf(evidence);
    const seen = evidence.target.state === "unknown" ? (evidence.gaps[0] ?? "") : replicasText(evidence);
    return {
      kind: "Inconclusive",
      mayStillChange: evidence.target.state === "found" && failures.length === 0,
      message: `No cause could be proven. ${seen}. Considered: ${closest.join("; ")}.`,
      confidence: 0,
      quotes: observations(evidence, failures),
      ruledOut,
    };
  }
  const told = { message: best.summary, confidence: best.score, quotes: best.quotes, ruledOut };
  return best.code === "NothingWrong" ? { kind: "Healthy", ...told } : { kind: "Cause", findings: [best, ...others], ...told };
};
