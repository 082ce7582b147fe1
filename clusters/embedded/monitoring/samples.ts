// Samples as Prometheus has them: labels, the name among them, and a value. Pure.

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

export const nameLabel = "__name__";

/** An empty value means that the label is not there. */
export const withLabels = (labels: Labels, changed: Readonly<Record<string, string | undefined>>): Labels =>
  Object.fromEntries(Object.entries({ ...labels, ...changed }).filter((entry): entry is [string, string] => (entry[1] ?? "") !== ""));
export const without = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
export const only = (labels: Labels, names: readonly string[]): Labels =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));

/** The same for the same labels, however they are ordered. */
export const keyOfLabels = (labels: Labels): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
