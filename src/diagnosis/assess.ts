// From the checks of a cause to its assessment: the finding is only put into words where it holds. Pure.
import type { Reference } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { quote } from "#diagnosis/explain.ts";
import { judge, type Assessment, type Check, type Facts, type Finding, type FindingCode, type Remedy } from "#diagnosis/finding.ts";
import { type Named, referenceOf } from "#diagnosis/template.ts";
import type { ObservedChange, ObservedEvent } from "#evidence/evidence.ts";

export interface Claims {
  readonly required: readonly Check[];
  readonly against?: readonly Check[];
  readonly supporting?: readonly Check[];
}

export const assess = (code: FindingCode, claims: Claims, finding: () => Omit<Finding, "code" | "score">): Assessment => {
  const judged = judge(code, { against: [], supporting: [], ...claims });
  return "ruledOut" in judged ? judged : { found: { code, score: judged.score, ...finding() } };
};

/** `why`: an imperative clause that says what to do by hand. */
export const person = (why: string): Facts => ({ remedies: [], otherwise: why });

/** The version of the change journal before this change. */
export const restoration = ({ object, at, by, kind }: ObservedChange, expected: string): Remedy => ({
  action: "restore_object",
  target: object,
  parameters: { before: at },
  rationale: `${referenceText(object)} was ${kind} at ${at} by ${by}.`,
  expected,
});

/** `otherwise`: the manual step where the journal has no earlier version. */
export const restored = (change: ObservedChange, expected: string, otherwise: string): Facts => ({
  remedies: [restoration(change, expected)],
  otherwise,
});

export const eventQuote = (event: ObservedEvent): Finding["quotes"][number] =>
  quote("event", event.object, `${event.reason}: ${event.message}${event.count > 1 ? ` (${event.count} times)` : ""}`);

/** The object may be given by its kind and metadata alone. */
export const objectQuote = (object: Named | Pick<Reference, "kind" | "name" | "namespace">, text: string): Finding["quotes"][number] =>
  quote("object", referenceText("reference" in object || "metadata" in object ? referenceOf(object) : object), text);
