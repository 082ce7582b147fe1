// A cause as data: where to look, what must hold, what contradicts it, and its texts as templates. Makes a Cause of it; decides nothing by itself.
import type { CauseCode } from "#api/cause-codes.ts";
import type { Quote } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { asSentence, clipped } from "#lib/words.ts";
import type { Cause } from "#diagnosis/cause.ts";
import { type Assessment, judge, type Remedy } from "#diagnosis/finding.ts";
import { filled, filledChain, type Named, referenceOf, type Template } from "#diagnosis/template.ts";
import type { View } from "#diagnosis/view.ts";

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

export interface Rule<S extends object, Says extends string, Chain extends string, Otherwise extends string> extends Pick<
  Cause,
  "title" | "reads" | "means" | "suppressedBy" | "generality"
> {
  readonly code: CauseCode;
  readonly needs: NonNullable<Cause["needs"]>;
  readonly signs: NonNullable<Cause["signs"]>;
  /** Every subject that could have this fault, with all that its checks and texts ask for. Annotate `view`: the compiler infers the subject here. */
  readonly of: (view: View) => readonly S[];
  readonly when?: readonly Condition<NoInfer<S>>[];
  /** Each of them rules the cause out by itself. */
  readonly unless?: readonly Check<NoInfer<S>>[];
  readonly supports?: readonly Check<NoInfer<S>>[];
  /** The object at fault. */
  readonly object: (subject: NoInfer<S>) => Named;
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
  /** For the reference page; default: `otherwise`. */
  readonly remedy?: string;
  /** Path of the field at fault. */
  readonly field?: (subject: NoInfer<S>) => string;
  readonly detail?: (subject: NoInfer<S>) => Readonly<Record<string, string>>;
  /** Why text alone is the proof; undefined: it is not. */
  readonly hearsay?: (subject: NoInfer<S>, view: View) => string | undefined;
}

const maxLink = 512;

export const cause = <S extends object, const Says extends string, const Chain extends string, const Otherwise extends string>(
  rule: Rule<S, Says, Chain, Otherwise>,
): Cause => {
  const { code, title, reads, means, needs, signs, suppressedBy, generality, of, otherwise } = rule;
  return {
    ...{ code, title, reads, means, needs, signs },
    remedy: rule.remedy ?? `${asSentence(otherwise)}.`,
    ...(suppressedBy === undefined ? {} : { suppressedBy }),
    ...(generality === undefined ? {} : { generality }),
    find: (view) => of(view).flatMap((subject) => assessed(rule, subject, view)),
  };
};

const assessed = <S extends object>(rule: Rule<S, string, string, string>, subject: S, view: View): readonly Assessment[] => {
  const { code, when = [], unless = [], supports = [] } = rule;
  const textOf = (text: string | ((of: S) => string)): string => (typeof text === "string" ? text : text(subject));
  const asked = ({ holds, weight = 1 }: Check<S>) => ({ claim: "", holds: holds(subject, view), weight });
  const required = when.map(asked);
  const missing = when[required.findIndex(({ holds }) => holds !== true)];
  if (missing !== undefined) {
    const closeness = required.filter(({ holds }) => holds === true).length / required.length;
    return missing.not === undefined ? [] : [{ ruledOut: { code, reason: textOf(missing.not), closeness } }];
  }
  const objection = unless.find(({ holds }) => holds(subject, view) === true);
  if (objection !== undefined) return [{ ruledOut: { code, reason: textOf(objection.is), closeness: 1 } }];
  const judged = judge(code, { required, against: [], supporting: supports.map(asked) });
  return "ruledOut" in judged ? [judged] : [{ found: { code, score: judged.score, ...words(rule, subject, view) } }];
};

const words = <S extends object>(rule: Rule<S, string, string, string>, subject: S, view: View) => {
  const object = referenceOf(rule.object(subject));
  const others = (rule.explains?.(subject, view) ?? []).map(referenceOf).filter((each) => referenceText(each) !== referenceText(object));
  const remedies = rule.repairs?.(subject, view) ?? [];
  const otherwise = clipped(filled(rule.otherwise, subject));
  const hearsay = rule.hearsay?.(subject, view);
  return {
    object,
    summary: clipped(filled(rule.says, subject)),
    chain: filledChain(rule.chain, subject).map((link) => clipped(link, maxLink)),
    quotes: rule.quotes(subject, view).filter((each) => each !== undefined),
    facts: { remedies, otherwise },
    ...(rule.field === undefined ? {} : { field: rule.field(subject) }),
    ...(rule.detail === undefined ? {} : { detail: rule.detail(subject) }),
    ...(hearsay === undefined ? {} : { hearsay }),
    ...(others.length === 0 ? {} : { explains: others }),
  };
};
