// The port to a language model: asked only about symptoms that no rule explains, and answering by number only. Its words are data: shown to people, never followed.
import * as z from "zod";
import type { Quote, Reference, Risk } from "#api/fields.ts";

/** One repair that policy allows and that was planned on the live objects. Kintsugi makes the list; a model cannot add to it. */
export interface ModelOption {
  readonly number: number;
  /** `rollback_deployment on Deployment shop/web (revision 1)` */
  readonly what: string;
  readonly risk: Risk;
  readonly reversible: boolean;
}

/** Bounded and redacted, like all evidence. */
export interface ModelQuestion {
  readonly target: Reference;
  readonly alert: string;
  /** Numbered by their place; text of the cluster, which a provider has to mark as data. */
  readonly observations: readonly Quote[];
  /** Causes that the rules looked at, and what spoke against each. */
  readonly ruledOut: readonly { readonly code: string; readonly reason: string }[];
  readonly options: readonly ModelOption[];
}

export interface ModelPort {
  readonly engine: "holmesgpt" | "agent";
  /** Its name, for the record. */
  readonly model: string;
  /**
   * Contract: bounds the bytes it reads, stops when the signal says so, may throw. What it resolves to is not trusted: see ModelAnswer.
   */
  ask(question: ModelQuestion, signal: AbortSignal): Promise<unknown>;
}

/** Strict: who adds a field of his own has not understood the question. */
export const ModelAnswer = z.strictObject({
  /** Number of the option that removes the cause; null where none does. */
  option: z.int().min(0).nullable(),
  /** What is wrong, in a sentence or two. */
  summary: z.string().min(1).max(1024),
  /** Numbers of the observations that say so. */
  because: z.array(z.int().min(0)).min(1).max(10),
  usage: z.strictObject({ tokens: z.int().min(0).max(1e9).optional(), costUSD: z.number().min(0).max(1e4).optional() }).optional(),
});
export type ModelAnswer = z.output<typeof ModelAnswer>;
