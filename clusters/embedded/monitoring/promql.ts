// The part of PromQL that the scenarios' alert rules are written in: `metric{label="value"} > 0 and on (label) metric == 0`, as
// https://prometheus.io/docs/prometheus/latest/querying defines it. Refuses everything else when it is parsed. Pure.
import { type Labels, type Sample, keyOfLabels, only } from "#embedded/monitoring/samples.ts";

export class PromqlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PromqlError";
  }
}

export interface Selector {
  readonly name: string;
  /** Labels and the values that they must have. */
  readonly labels: Labels;
}
interface Comparison {
  readonly selector: Selector;
  readonly holds: (value: number) => boolean;
}
export interface Expr {
  readonly first: Comparison;
  /** Each keeps the samples that agree in these labels with one of its own. */
  readonly and: readonly { readonly on: readonly string[]; readonly other: Comparison }[];
}

const comparisons: ReadonlyMap<string, (value: number, limit: number) => boolean> = new Map([
  ["==", (value, limit) => value === limit],
  ["!=", (value, limit) => value !== limit],
  ["<", (value, limit) => value < limit],
  ["<=", (value, limit) => value <= limit],
  [">", (value, limit) => value > limit],
  [">=", (value, limit) => value >= limit],
]);

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1h30m`, and `0`, as Prometheus' own configuration allows. */
export const durationMs = (text: string): number => {
  if (text !== "0" && !/^(?:\d+(?:ms|[smhd]))+$/.test(text)) throw new PromqlError(`${JSON.stringify(text)} is not a duration`);
  return [...text.matchAll(/(\d+)(ms|[smhd])/g)].reduce((sum, [, count = "", unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
};

const tokenPattern = /\s+|\d+(?:\.\d+)?|"(?:[^"\\\n]|\\.)*"|[a-zA-Z_:][\w:]*|[=!<>]=|[<>=(){},]/y;

const tokensOf = (text: string): { readonly text: string; readonly at: number }[] => {
  const tokens = [];
  for (let at = 0; at < text.length; at = tokenPattern.lastIndex) {
    tokenPattern.lastIndex = at;
    const token = tokenPattern.exec(text)?.[0];
    if (token === undefined) throw new PromqlError(`unexpected ${JSON.stringify(text[at])} at ${at}`);
    if (token.trim() !== "") tokens.push({ text: token, at });
  }
  return tokens;
};

export const parsePromql = (source: string): Expr => {
  const tokens = tokensOf(source);
  let index = 0;
  const next = (): string => tokens[index]?.text ?? "";
  const take = (wanted: string, pattern: RegExp): string => {
    const found = tokens[index];
    if (found === undefined || !pattern.test(found.text))
      throw new PromqlError(
        `expected ${wanted} at ${found?.at ?? source.length}, found ${found === undefined ? "the end" : JSON.stringify(found.text)}`,
      );
    index += 1;
    return found.text;
  };
  const accept = (text: string): boolean => {
    const isNext = next() === text;
    if (isNext) index += 1;
    return isNext;
  };
  const list = <T>(open: RegExp, close: string, item: () => T): T[] => {
    take(`"${open.source.slice(2)}"`, open);
    const items: T[] = [];
    while (!accept(close)) {
      items.push(item());
      if (!accept(",") && next() !== close) take(`"," or "${close}"`, /^$/);
    }
    return items;
  };
  const name = (wanted: string): string => take(wanted, /^[a-zA-Z_:]/);

  const label = (): readonly [string, string] => {
    const called = name("a label");
    take('"="', /^=$/);
    return [called, JSON.parse(take("a string", /^"/)) as string];
  };
  const comparison = (): Comparison => {
    const metric = name("a metric");
    const labels = Object.fromEntries(next() === "{" ? list(/^\{/, "}", label) : []);
    const selector = { name: metric, labels };
    const compare = comparisons.get(next());
    if (compare === undefined) return { selector, holds: () => true };
    index += 1;
    const limit = Number(take("a number", /^\d/));
    return { selector, holds: (value) => compare(value, limit) };
  };

  const first = comparison();
  const and: Expr["and"][number][] = [];
  while (accept("and")) {
    take('"on"', /^on$/);
    and.push({ on: list(/^\(/, ")", () => name("a label")), other: comparison() });
  }
  if (index < tokens.length) take("the end", /^$/);
  return { first, and };
};

/** Everything that an expression reads. */
export const selectorsOf = ({ first, and }: Expr): readonly Selector[] => [first.selector, ...and.map(({ other }) => other.selector)];

/** What an alert rule fires for. `scraped`: the samples of a metric. */
export const evaluate = ({ first, and }: Expr, scraped: (name: string) => readonly Sample[]): readonly Sample[] => {
  const samplesOf = ({ selector, holds }: Comparison): readonly Sample[] =>
    scraped(selector.name).filter(
      ({ labels, value }) => holds(value) && Object.entries(selector.labels).every(([label, wanted]) => (labels[label] ?? "") === wanted),
    );
  return and.reduce((samples, { on, other }) => {
    const partners = new Set(samplesOf(other).map(({ labels }) => keyOfLabels(only(labels, on))));
    return samples.filter(({ labels }) => partners.has(keyOfLabels(only(labels, on))));
  }, samplesOf(first));
};
