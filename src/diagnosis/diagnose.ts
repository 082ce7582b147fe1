// The whole diagnosis: asks every cause about the evidence and ranks the answers by what they explain. Pure: same evidence, same diagnosis.
import type { Reference } from "#api/fields.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { ranked, type RankedFinding } from "#diagnosis/rank.ts";
import { causes } from "#diagnosis/registry.ts";
import { type Symptom, symptomsOf } from "#diagnosis/symptoms.ts";
import { concerning } from "#diagnosis/concerns.ts";
import { withCounts } from "#diagnosis/counted-words.ts";
import { dependentsOf } from "#diagnosis/dependents.ts";
import type { Assessment, Finding, RuledOut } from "#diagnosis/finding.ts";
import { shownBy } from "#diagnosis/signs.ts";
import { everyStep } from "#diagnosis/steps.ts";
import { createSuppression } from "#diagnosis/suppression.ts";
import { createView, type View, viewOf } from "#diagnosis/view.ts";

export interface ClusterDiagnosis {
  /** Most certain first; one for each root cause. */
  readonly findings: readonly RankedFinding[];
  /** Causes that came near, nearest first. */
  readonly ruledOut: readonly RuledOut[];
  readonly symptoms: readonly Symptom[];
  /** Symptoms that no finding accounts for. */
  readonly unexplained: readonly Symptom[];
}

/** At the start: a circle among the causes stops the program, not a diagnosis. */
const suppression = createSuppression(causes);

export const diagnoseCluster = (evidence: Evidence): ClusterDiagnosis => diagnoseView(createView(evidence));

/** The same for a caller that asks the view for more: what causes share of it is computed once. */
export const diagnoseView = (view: View, steps = everyStep): ClusterDiagnosis => {
  const symptoms = symptomsOf(view);
  const assessments = shownBy(causes, view.evidence).flatMap(({ code, find }) => steps.run(code, () => find(view), []));
  const found = assessments.flatMap((each) => ("found" in each ? [withDependents(view, each.found)] : []));
  const missed = nearestFirst(assessments);
  const findings = ranked(found, { symptoms, changesOf: view.changesOf, suppression }).map((finding) => withCounts(view, finding));
  const explained = new Set(findings.flatMap((finding) => finding.symptoms));
  return {
    findings,
    ruledOut: missed.slice(0, 20).map(({ code, reason }) => ({ code, reason })),
    symptoms,
    unexplained: symptoms.filter((symptom) => !explained.has(symptom)),
  };
};

/** Causes that came near for one object: of its own workload alone, without those that name other objects. */
export const ruledOutOf = (view: View, target: Reference, steps = everyStep): readonly RuledOut[] => {
  const workload = view.workload(target);
  if (workload === undefined) return [];
  const concerns = concerning(view, target);
  const alone = viewOf(view, workload);
  const assessments = causes.flatMap(({ code, find }) => steps.run(`${code} for the target alone`, () => find(alone), []));
  return nearestFirst(assessments)
    .filter(({ reason }) => objectsNamed(reason).every((object) => concerns({ object })))
    .map(({ code, reason }) => ({ code, reason }));
};

/** Of those that came equally near, in the order of their codes. */
const nearestFirst = (assessments: readonly Assessment[]): readonly Extract<Assessment, { ruledOut: unknown }>["ruledOut"][] =>
  assessments
    .flatMap((each) => ("ruledOut" in each ? [each.ruledOut] : []))
    .toSorted((a, b) => b.closeness - a.closeness || compare(a.code, b.code) || compare(a.reason, b.reason));

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** As every message names an object: `Kind namespace/name`. */
const objectsNamed = (text: string): readonly Reference[] =>
  [...text.matchAll(/\b([A-Z][A-Za-z]{2,60}) ([a-z0-9-]{1,63})\/([a-z0-9][a-z0-9.-]{0,252})/g)].map(
    ([, kind = "", namespace = "", name = ""]) => ({
      apiVersion: "",
      kind,
      namespace,
      name: name.replace(/\.$/, ""),
    }),
  );

/** The cause of a workload that is down also explains the failures of its callers. */
const withDependents = (view: View, finding: Finding): Finding => {
  const dependents = [finding.object, ...(finding.explains ?? [])].flatMap((each) => {
    const workload = view.workload(each);
    return workload === undefined ? [] : dependentsOf(view, workload);
  });
  return dependents.length === 0
    ? finding
    : { ...finding, explains: [...(finding.explains ?? []), ...dependents.map((each) => each.workload.reference)] };
};
