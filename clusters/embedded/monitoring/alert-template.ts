// `{{ $labels.pod }}` and `{{ $value }}` in labels and annotations: the part of Go's templates that the scenarios' rules use. Pure; never fails.
import type { Labels } from "#embedded/monitoring/samples.ts";

/** An expression that is not supported is replaced by an error text, as Prometheus does. */
export const expandTemplate = (text: string, { labels, value }: { readonly labels: Labels; readonly value: number }): string =>
  text.replaceAll(/\{\{\s*(.*?)\s*\}\}/g, (_, inner: string) => {
    if (inner === "$value") return String(value);
    const label = /^\$labels\.(\w+)$/.exec(inner)?.[1];
    return label === undefined ? `<error expanding template: ${JSON.stringify(inner)} is not supported here>` : (labels[label] ?? "");
  });
