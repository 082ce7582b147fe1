// From findings to an order: one for each root cause, the one that explains most with least first. Pure.
import { referenceText } from "#api/object.ts";
import type { ObservedChange } from "#evidence/evidence.ts";
import type { Finding } from "#diagnosis/finding.ts";
import { type Suppression, withoutSuppressed } from "#diagnosis/suppression.ts";
import type { Symptom } from "#diagnosis/symptoms.ts";

export interface RankedFinding extends Finding {
  /** 0 to 1: the checks of the cause itself, weighed with what it explains and what changed. */
  readonly confidence: number;
  readonly symptoms: readonly Symptom[];
}

export interface Ranking {
  readonly symptoms: readonly Symptom[];
  readonly changesOf: (object: Finding["object"]) => readonly ObservedChange[];
  readonly suppression: Suppression;
}

/** A fault without a symptom is less likely the one that was asked about, or the check is wrong. */
const unfeltFactor = 0.8;
/** How far the share of all symptoms that it explains can lift a finding over another that is as certain. */
const shareWeight = 0.1;
const certainAtMost = 0.99;
/** A finding below it is a hint: people see it on request, and nothing acts on it. */
export const leastConfidence = 0.5;

export const ranked = (findings: readonly Finding[], { symptoms, changesOf, suppression }: Ranking): readonly RankedFinding[] => {
  const weighed = merged(findings).map((finding): RankedFinding => {
    const objects = objectsOf(finding);
    const own = symptoms.filter(({ object }) => objects.has(referenceText(object)));
    const { field } = finding;
    const isChanged = field !== undefined && changesOf(finding.object).some((change) => change.field.startsWith(field));
    // Who complains in a log, is slower than usual or raised an alert feels it, too.
    const isFelt = own.length > 0 || finding.quotes.some(({ source }) => source === "log" || source === "metric" || source === "alert");
    const felt = finding.score * (isFelt ? 1 : unfeltFactor);
    // A change of the very field that is at fault halves the doubt that is left; one nearby says nothing.
    const confidence = Math.min(certainAtMost, isChanged ? felt + (1 - felt) / 2 : felt);
    return { ...finding, confidence: Math.round(confidence * 100) / 100, symptoms: own };
  });
  const weight = ({ confidence, symptoms: own }: RankedFinding): number =>
    confidence + (symptoms.length === 0 ? 0 : (shareWeight * own.length) / symptoms.length);
  const kept = withoutSuppressed(weighed, suppression, ({ confidence }) => confidence >= leastConfidence);
  const place = ({ code, object }: Finding): string => `${code} ${referenceText(object)}`;
  return kept.toSorted((a, b) => weight(b) - weight(a) || Number(place(a) > place(b)) - Number(place(a) < place(b)));
};

/** The same fault of the same object, seen from several who suffer of it, is one. */
const merged = (findings: readonly Finding[]): readonly Finding[] => {
  const kept = new Map<string, Finding>();
  for (const finding of findings) {
    const key = `${finding.code} ${referenceText(finding.object)} ${JSON.stringify(finding.detail ?? {})}`;
    const known = kept.get(key);
    if (known === undefined) kept.set(key, finding);
    else {
      const best = finding.score > known.score ? finding : known;
      const explains = new Map([...(known.explains ?? []), ...(finding.explains ?? [])].map((each) => [referenceText(each), each]));
      kept.set(key, { ...best, explains: [...explains.values()] });
    }
  }
  return [...kept.values()];
};

const objectsOf = ({ object, explains = [] }: Finding): ReadonlySet<string> => new Set([object, ...explains].map(referenceText));
