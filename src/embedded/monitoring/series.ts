// Samples as Prometheus has them: labels, the name among them, and a value; and what was scraped before, for as long as a rule looks back.

export type Labels = Readonly<Record<string, string>>;
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}
export interface Point {
  readonly atMs: number;
  readonly value: number;
}
export interface Series {
  readonly labels: Labels;
  readonly points: readonly Point[];
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

export interface History {
  readonly keepMs: number;
  /** One scrape; what a name's series were at that time. */
  record(atMs: number, name: string, samples: readonly Sample[]): void;
  series(name: string, fromMs: number, toMs: number): readonly Series[];
}

/** Keeps `keepMs` and not more. */
export const createHistory = (keepMs: number): History => {
  const byName = new Map<string, Map<string, { readonly labels: Labels; points: Point[] }>>();
  return {
    keepMs,
    record: (atMs, name, samples) => {
      const known = byName.get(name) ?? new Map<string, { readonly labels: Labels; points: Point[] }>();
      byName.set(name, known);
      for (const { labels, value } of samples) {
        const key = keyOfLabels(labels);
        const series = known.get(key) ?? { labels, points: [] };
        known.set(key, series);
        series.points.push({ atMs, value });
      }
      for (const [key, series] of known) {
        series.points = series.points.filter((point) => point.atMs >= atMs - keepMs);
        if (series.points.length === 0) known.delete(key);
      }
    },
    series: (name, fromMs, toMs) =>
      [...(byName.get(name)?.values() ?? [])].flatMap(({ labels, points }) => {
        const inside = points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
        return inside.length === 0 ? [] : [{ labels, points: inside }];
      }),
  };
};
