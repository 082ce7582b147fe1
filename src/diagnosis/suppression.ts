// Which finding gives way to which. A particular cause says more than a general one about the same object, and where a last resort is all that
// is known of an object, the fault of what it depends on says more. Pure; two findings never silence each other.
import { referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { Finding } from "#diagnosis/finding.ts";

type Suppressible = Pick<Cause, "generality"> & { readonly code: string; readonly suppressedBy?: readonly string[] };

export interface Suppression {
  /** 0 for a particular cause; a last resort has more. */
  readonly generalityOf: (code: string) => number;
  /** Whether the second of the two, about the same object, says more than the first. */
  readonly isSuppressedBy: (code: string, other: string) => boolean;
}

/** @throws Error that names the circle, where causes suppress each other. */
export const createSuppression = (causes: readonly Suppressible[]): Suppression => {
  const byCode = new Map(causes.map((cause) => [cause.code, cause]));
  const generalityOf = (code: string): number => byCode.get(code)?.generality ?? 0;
  const isSuppressedBy = (code: string, other: string): boolean =>
    code !== other && (generalityOf(code) > generalityOf(other) || (byCode.get(code)?.suppressedBy ?? []).includes(other));
  const cleared = new Set<string>();
  const visit = (code: string, path: readonly string[]): void => {
    if (path.includes(code)) throw new Error(`causes suppress each other: ${[...path.slice(path.indexOf(code)), code].join(" → ")}`);
    if (cleared.has(code)) return;
    for (const other of byCode.keys()) if (isSuppressedBy(code, other)) visit(other, [...path, code]);
    cleared.add(code);
  };
  for (const code of byCode.keys()) visit(code, []);
  return { generalityOf, isSuppressedBy };
};

/** Guarantee: a finding gives way only to one that is shown and kept itself. */
export const withoutSuppressed = <F extends Finding>(
  findings: readonly F[],
  suppression: Suppression,
  isShown: (finding: F) => boolean,
): readonly F[] => {
  const answers = new Map<F, boolean>();
  const isKept = (finding: F, path: readonly F[]): boolean => {
    const known = answers.get(finding);
    if (known !== undefined) return known;
    const kept = !findings.some(
      // In a longer circle the one that was asked about first stays.
      (other) => isShown(other) && !path.includes(other) && saysMore(other, finding, suppression) && isKept(other, [...path, finding]),
    );
    answers.set(finding, kept);
    return kept;
  };
  return findings.filter((finding) => isKept(finding, [finding]));
};

const saysMore = (other: Finding, finding: Finding, { generalityOf, isSuppressedBy }: Suppression): boolean => {
  if (other.code === finding.code) return false;
  const isSameObject = referenceText(other.object) === referenceText(finding.object);
  if (!isSameObject && !explains(other, finding)) return false;
  if (isSuppressedBy(finding.code, other.code) && (isSameObject || generalityOf(finding.code) === 0)) return true;
  // Each explains the other: neither is known to be the root.
  return generalityOf(finding.code) > 0 && !isSameObject && !explains(finding, other);
};

const explains = ({ explains: explained = [] }: Finding, { object }: Finding): boolean =>
  explained.some((each) => referenceText(each) === referenceText(object));
