// What a cause answers when it is asked about the evidence: found, with checks, quotes and a chain; or ruled out, and by what. Pure.
import type { Quote, Reference } from "#api/fields.ts";
import type { CauseCode } from "#api/cause-codes.ts";
import type { ActionName } from "#api/action-names.ts";

/** A cause of the registry, the health of a workload, or what only a language model suspects. */
export type FindingCode = CauseCode | "NothingWrong" | "SuspectedByModel";

export interface Finding {
  readonly code: FindingCode;
  readonly object: Reference;
  /** From independent checks alone: 0.6 for what must be seen, the rest for what supports it. */
  readonly score: number;
  readonly summary: string;
  /** From the cause to the symptom. */
  readonly chain: readonly string[];
  readonly quotes: readonly Quote[];
  /** How to remove it; every parameter is chosen from observed objects. */
  readonly advice: Advice;
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

/** How to remove a cause: actions of the catalogue, or a manual step. */
export interface Advice {
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

/** What must hold gives 0.6, enough to be shown; supports give the rest. */
const supportShare = 0.4;

interface Support {
  readonly holds: boolean | "unknown";
  readonly weight: number;
}

/** A support that is unknown counts half. A general cause does not know the fault behind it: its supports count half of a particular one's. */
export const scoreOf = (supports: readonly Support[], generality = 0): number => {
  const total = supports.reduce((sum, { weight }) => sum + weight, 0);
  const held = supports.reduce((sum, { holds, weight }) => sum + weight * (holds === "unknown" ? 0.5 : Number(holds)), 0);
  const supported = total === 0 ? 0 : (supportShare * held) / total;
  return Math.round((1 - supportShare + supported / 2 ** generality) * 100) / 100;
};

export const ruledOut = (code: FindingCode, reason: string, closeness = 0): Extract<Assessment, { ruledOut: unknown }> => ({
  ruledOut: { code, reason, closeness },
});
