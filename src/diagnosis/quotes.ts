// Quotes: bounded text of the cluster, each with its source and the object that it is about. Pure.
import type { Alert, Quote, Reference } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { type Named, nameOf } from "#diagnosis/template.ts";
import type { Metric, ObservedEvent, PodLog } from "#evidence/evidence.ts";

const maxQuoteLength = 2048;
const maxLineLength = 600;

export const quote = (source: Quote["source"], object: string, text: string): Quote => ({
  source,
  object: object.slice(0, 400),
  quote: text.length <= maxQuoteLength ? text : `${text.slice(0, maxQuoteLength - 1)}…`,
});

export const quoted = <T>(item: T | undefined, by: (item: T) => Quote): Quote | undefined => (item === undefined ? undefined : by(item));

/** The object may be given by its kind and metadata alone. */
export const objectQuote = (object: Named | Pick<Reference, "kind" | "name" | "namespace">, text: string): Quote =>
  quote("object", "reference" in object || "metadata" in object ? nameOf(object) : referenceText(object), text);

export const eventQuote = ({ object, reason, message, count }: ObservedEvent): Quote =>
  quote("event", object, `${reason}: ${message}${count > 1 ? ` (${count} times)` : ""}`);

/** One line of it, or an excerpt. */
export const logQuote = ({ namespace, pod }: Pick<PodLog, "namespace" | "pod">, text: string, maxLength = maxLineLength): Quote =>
  quote("log", referenceText({ kind: "Pod", namespace, name: pod }), text.trim().slice(0, maxLength));

export const metricQuote = ({ object, container, name, value, usual }: Metric): Quote => {
  const of = container === undefined ? "" : `${container} `;
  return quote(
    "metric",
    referenceText(object),
    `${of}${name}: ${numberText(value)}${usual === undefined ? "" : `, usually ${numberText(usual)}`}`,
  );
};

export const alertQuote = ({ name, annotations }: Alert): Quote => quote("alert", name, Object.values(annotations).join("; ") || name);

/** `0.193`, `12345.68`: at most three decimals. */
export const numberText = (value: number): string => String(Number(value.toFixed(3)));
