// What a cause answers when it is asked about the evidence: found, with checks, quotes and a chain; or ruled out, and by what. Pure.
import type { Quote, Reference } from "#api/fields.ts";
import type { CauseCode } from "#api/cause-codes.ts";
import type { ActionName } from "#api/action-names.ts";

/** A cause of the registry, the health of a workload, or what only a language model suspects. */
export type FindingCode = CauseCode | "NothingWrong" | "SuspectedByModel";

/** A claim that was looked at by itself. `unknown`: the evidence does not say. */
export interface Check {
  readonly claim: string;
  readonly holds: boolean | "unknown";
  /** How much it adds to the score, where it is a supporting one. */
  readonly weight?: number;
}

export interface Finding {
  readonly code: FindingCode;
  readonly object: Reference;
  /** From independent checks alone: 0.6 for what must be seen, the rest for what supports it. */
  readonly score: number;
  readonly summary: string;
  /** From the cause to the symptom. */
  readonly chain: readonly string[];
  readonly quotes: readonly Quote[];
  /** What removes it; every parameter is chosen from observed objects. */
  readonly facts: Facts;
  /** Path of the field at fault: a recent change of it makes the finding more certain. */
  readonly field?: string;
  /** What exactly, for programs: such as the resource of a quota or the kind of a probe. */
  readonly detail?: Readonly<Record<string, string>>;
  /** Set where a claim that must hold is made by text alone, such as another namespace's log: worth a report, never a ground for a change. */
  readonly hearsay?: string;
  /** Objects whose trouble this accounts for besides `object` itself: what the ranking counts. */
  readonly explains?: readonly Reference[];
}

/** An action of the catalogue with parameters chosen from observed objects. */
export interface Remedy {
  readonly action: ActionName;
  readonly target: Reference;
  readonly parameters: Readonly<Record<string, string>>;
  readonly rationale: string;
  /** What should be true afterwards. */
  readonly expected: string;
  /** Done afterwards, each for itself; the repair is complete without them. */
  readonly afterwards?: readonly Pick<Remedy, "action" | "target" | "parameters">[];
}

/** What removes a cause. */
export interface Facts {
  /** Most reversible and least far-reaching first; none where no action of the catalogue removes it. */
  readonly remedies: readonly Remedy[];
  /** The manual step where none of them is possible: an imperative clause. */
  readonly otherwise: string;
}

export interface RuledOut {
  /** `NotFinished`: a cause that took too long, which rules nothing out. */
  readonly code: FindingCode | "NotFinished";
  readonly reason: string;
}

export type Assessment =
  | { readonly found: Finding }
  | { readonly ruledOut: RuledOut & { /** How much of what must be seen was seen. */ readonly closeness: number } };

const supportShare = 0.4;

/** What speaks for a cause. What must be seen comes first; every claim of `against` that holds rules it out by itself. */
export interface Checks {
  readonly required: readonly Check[];
  readonly against: readonly Check[];
  readonly supporting: readonly Check[];
}

/** The reason that rules it out, or the score. An unknown requirement is not met; an unknown support counts half. */
export const judge = (code: FindingCode, checks: Checks): { readonly score: number } | Extract<Assessment, { ruledOut: unknown }> => {
  const met = checks.required.filter((check) => check.holds === true).length;
  const closeness = checks.required.length === 0 ? 0 : met / checks.required.length;
  const missing = checks.required.find((check) => check.holds !== true);
  if (missing !== undefined) {
    const reason = missing.holds === "unknown" ? `it is not known whether ${missing.claim}` : `not seen: ${missing.claim}`;
    return { ruledOut: { code, reason, closeness } };
  }
  const objection = checks.against.find((check) => check.holds === true);
  if (objection !== undefined) return { ruledOut: { code, reason: objection.claim, closeness } };
  const total = checks.supporting.reduce((sum, check) => sum + (check.weight ?? 1), 0);
  const held = checks.supporting.reduce(
    (sum, check) => sum + (check.weight ?? 1) * (check.holds === "unknown" ? 0.5 : check.holds ? 1 : 0),
    0,
  );
  return { score: Math.round((1 - supportShare + (total === 0 ? 0 : supportShare * (held / total))) * 100) / 100 };
};

/** Whether something speaks against it: that it was merely not seen says nothing of the cluster. */
export const isTelling = ({ reason }: Pick<RuledOut, "reason">): boolean => !/^(?:not seen: |it is not known whether )/.test(reason);

export const ruledOut = (code: FindingCode, reason: string, closeness = 0): Extract<Assessment, { ruledOut: unknown }> => ({
  ruledOut: { code, reason, closeness },
});
