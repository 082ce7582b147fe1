// A cause as data: where to look, what must hold, what contradicts it, and its texts as templates. Makes a Cause of it; decides nothing by itself.
import type { Quote } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { type Assessment, type Remedy, ruledOut, scoreOf } from "#diagnosis/finding.ts";
import { filled, filledChain, type Named, referenceOf, type Template } from "#diagnosis/template.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { asSentence, clipped } from "#lib/words.ts";

/** One named question about a subject. `unknown`: the evidence does not say. */
export interface Check<S> {
  /** The fact, where it holds. */
  readonly is: string | ((subject: S) => string);
  readonly holds: (subject: S, view: View) => boolean | "unknown";
  /** How much it adds where it supports; default 1. */
  readonly weight?: number;
}

/** What must hold. With `not`, a subject without it is a near miss, and `not` is the fact that rules it out. */
export interface Condition<S> extends Check<S> {
  readonly not?: string | ((subject: S) => string);
}

/** In place of a subject: the fact that rules the cause out there. */
export interface NearMiss {
  readonly nearMiss: string;
}

export const nearMiss = (fact: string): NearMiss => ({ nearMiss: fact });

export interface Rule<S extends object, Says extends string, Chain extends string, Otherwise extends string> extends Pick<
  Cause,
  "code" | "title" | "reads" | "means" | "needs" | "signs" | "suppressedBy" | "generality"
> {
  /** Every subject that could have this fault, with all that its checks and texts ask for. Annotate `view`: the compiler infers the subject here. */
  readonly of: (view: View) => readonly (S | NearMiss)[];
  /** Asked in this order: each may rely on those before it. */
  readonly when?: readonly Condition<NoInfer<S>>[];
  /** Each of them rules the cause out by itself. */
  readonly unless?: readonly Check<NoInfer<S>>[];
  readonly supports?: readonly Check<NoInfer<S>>[];
  /** The object at fault; by default the subject's workload. */
  readonly object?: (subject: NoInfer<S>) => Named;
  readonly says: Says & Template<Says, NoInfer<S>>;
  /** From the cause to the symptom, joined by ` → `. */
  readonly chain: Chain & Template<Chain, NoInfer<S>>;
  /** At least one. */
  readonly quotes: (subject: NoInfer<S>, view: View) => readonly (Quote | undefined)[];
  /** Other objects whose trouble it accounts for. */
  readonly explains?: (subject: NoInfer<S>, view: View) => readonly Named[];
  /** Least far-reaching first; none: a person acts. */
  readonly repairs?: (subject: NoInfer<S>, view: View) => readonly Remedy[];
  /** The manual step: an imperative clause. */
  readonly otherwise: Otherwise & Template<Otherwise, NoInfer<S>>;
  /** For the reference page; by default `otherwise`, without its command. */
  readonly remedy?: string;
  /** Path of the field at fault. */
  readonly field?: (subject: NoInfer<S>) => string;
  readonly detail?: (subject: NoInfer<S>) => Readonly<Record<string, string>>;
  /** Why text alone is the proof; undefined: it is not. */
  readonly hearsay?: (subject: NoInfer<S>, view: View) => string | undefined;
}

/** The compiler asks for the object where the subject has no workload. */
type WithObject<S> = S extends { readonly workload: Workload } ? unknown : { readonly object: (subject: S) => Named };

const maxLink = 512;

export const cause = <S extends object, const Says extends string, const Chain extends string, const Otherwise extends string>(
  rule: Rule<S, Says, Chain, Otherwise> & WithObject<NoInfer<S>>,
): Cause => {
  const { code, title, reads, means, needs, signs, suppressedBy = [], generality = 0, of, otherwise } = rule;
  return {
    ...{ code, title, reads, means, needs, signs, suppressedBy, generality },
    remedy: rule.remedy ?? `${asSentence(otherwise.replace(/: \{command\}$/, ""))}.`,
    find: (view) =>
      of(view).flatMap((subject) => ("nearMiss" in subject ? [ruledOut(code, subject.nearMiss)] : assessed(rule, subject, view))),
  };
};

const assessed = <S extends object>(rule: Rule<S, string, string, string>, subject: S, view: View): readonly Assessment[] => {
  const { code, when = [], unless = [], supports = [] } = rule;
  const textOf = (text: string | ((of: S) => string)): string => (typeof text === "string" ? text : text(subject));
  const at = when.findIndex(({ holds }) => holds(subject, view) !== true);
  const unmet = when[at];
  if (unmet !== undefined) return unmet.not === undefined ? [] : [ruledOut(code, textOf(unmet.not), at / when.length)];
  const objection = unless.find(({ holds }) => holds(subject, view) === true);
  if (objection !== undefined) return [ruledOut(code, textOf(objection.is), 1)];
  const asked = supports.map(({ holds, weight = 1 }) => ({ holds: holds(subject, view), weight }));
  const score = scoreOf(asked, rule.generality);
  return [{ found: { code, score, ...words(rule, subject, view) } }];
};

const words = <S extends object>(rule: Rule<S, string, string, string>, subject: S, view: View) => {
  const object = referenceOf(rule.object?.(subject) ?? (subject as { readonly workload: Workload }).workload);
  const others = (rule.explains?.(subject, view) ?? []).map(referenceOf).filter((each) => referenceText(each) !== referenceText(object));
  const remedies = rule.repairs?.(subject, view) ?? [];
  const otherwise = clipped(filled(rule.otherwise, subject));
  const hearsay = rule.hearsay?.(subject, view);
  return {
    object,
    summary: clipped(asSentence(filled(rule.says, subject))),
    chain: filledChain(rule.chain, subject).map((link) => clipped(link, maxLink)),
    quotes: rule.quotes(subject, view).filter((each) => each !== undefined),
    advice: { remedies, otherwise },
    ...(rule.field === undefined ? {} : { field: rule.field(subject) }),
    ...(rule.detail === undefined ? {} : { detail: rule.detail(subject) }),
    ...(hearsay === undefined ? {} : { hearsay }),
    ...(others.length === 0 ? {} : { explains: others }),
  };
};
