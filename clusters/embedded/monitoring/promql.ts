// The part of PromQL that the scenarios' alert rules are written in: selectors, numbers, comparisons, `and`, `or`, `unless`, and `on (…)`, as
// https://prometheus.io/docs/prometheus/latest/querying has them. Anything else is refused when it is read. Pure.
import { type Labels, type Sample, keyOfLabels, nameLabel, only, without } from "#embedded/monitoring/samples.ts";

export class PromqlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PromqlError";
  }
}

export interface Matcher {
  readonly label: string;
  readonly op: string;
  readonly value: string;
}
export interface Selector {
  readonly type: "selector";
  readonly name: string;
  readonly matchers: readonly Matcher[];
}
interface Binary {
  readonly type: "binary";
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
  /** What has to be equal for two elements to meet; without it, all labels. */
  readonly on: readonly string[] | undefined;
}
export type Expr = { readonly type: "number"; readonly value: number } | Selector | Binary;

const comparisons: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map([
  ["==", (a, b) => a === b],
  ["!=", (a, b) => a !== b],
  ["<", (a, b) => a < b],
  ["<=", (a, b) => a <= b],
  [">", (a, b) => a > b],
  [">=", (a, b) => a >= b],
]);
const precedenceOf = (op: string): number => (op === "or" ? 1 : op === "and" || op === "unless" ? 2 : comparisons.has(op) ? 3 : 0);

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1h30m`; `0` too, as Prometheus' own configuration allows. */
export const durationMs = (text: string): number => {
  if (text !== "0" && !/^(?:\d+(?:ms|[smhd]))+$/.test(text)) throw new PromqlError(`${JSON.stringify(text)} is no duration`);
  return [...text.matchAll(/(\d+)(ms|[smhd])/g)].reduce((sum, [, count = "", unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
};

const tokenPattern = /\s+|(?:\d+\.?\d*|\.\d+)|"(?:[^"\\\n]|\\.)*"|[a-zA-Z_:][\w:]*|=~|!~|==|!=|<=|>=|[<>=(){},]/y;

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
  const fail = (wanted: string): PromqlError => {
    const found = tokens[index];
    return new PromqlError(
      `expected ${wanted} at ${found?.at ?? source.length}, found ${found === undefined ? "the end" : JSON.stringify(found.text)}`,
    );
  };
  const take = (wanted: string, pattern: RegExp): string => {
    if (!pattern.test(next())) throw fail(wanted);
    index += 1;
    return tokens[index - 1]?.text ?? "";
  };
  const accept = (wanted: string): boolean => {
    const isThere = next() === wanted;
    if (isThere) index += 1;
    return isThere;
  };
  const expect = (text: string): void => {
    if (!accept(text)) throw fail(JSON.stringify(text));
  };
  const list = <T>(open: string, close: string, item: () => T): T[] => {
    expect(open);
    const items: T[] = [];
    while (!accept(close)) {
      items.push(item());
      if (!accept(",") && next() !== close) throw fail(`"," or ${JSON.stringify(close)}`);
    }
    return items;
  };
  const identifier = (): string => take("a name", /^[a-zA-Z_]/);

  const expression = (above: number): Expr => {
    let left = operand();
    for (;;) {
      const op = next();
      const precedence = precedenceOf(op);
      if (precedence <= above) return left;
      index += 1;
      const on = accept("on") ? list("(", ")", identifier) : undefined;
      left = { type: "binary", op, left, right: expression(precedence), on };
    }
  };
  const operand = (): Expr => {
    if (/^[\d.]/.test(next())) return { type: "number", value: Number(take("a number", /./)) };
    if (accept("(")) {
      const inner = expression(0);
      expect(")");
      return inner;
    }
    const name = take("an expression", /^[a-zA-Z_]/);
    if (next() === "(") throw new PromqlError(`${name}() is not supported here`);
    return { type: "selector", name, matchers: next() === "{" ? list("{", "}", matcher) : [] };
  };
  const matcher = (): Matcher => {
    const label = identifier();
    const op = take("a way to match a label", /^(?:=|!=|=~|!~)$/);
    const value = JSON.parse(take("a string", /^"/)) as string;
    if (op.endsWith("~")) anchored(value);
    return { label, op, value };
  };

  const whole = expression(0);
  if (index < tokens.length) throw fail("the end");
  return whole;
};

/** Prometheus' expressions match whole values. */
const anchored = (pattern: string): RegExp => {
  try {
    return new RegExp(`^(?:${pattern})$`, "s");
  } catch {
    throw new PromqlError(`${JSON.stringify(pattern)} is no regular expression`);
  }
};

/** Everything that an expression reads. */
export const selectorsOf = (expr: Expr): readonly Selector[] =>
  expr.type === "binary" ? [expr.left, expr.right].flatMap(selectorsOf) : expr.type === "selector" ? [expr] : [];

/** What an alert rule fires for, given what is scraped under a name. */
export const evaluate = (expr: Expr, scraped: (name: string) => readonly Sample[]): readonly Sample[] => {
  const value = valueOf(expr, scraped);
  if (typeof value === "number") throw new PromqlError("an alert needs a vector, not a number");
  return value;
};

const valueOf = (expr: Expr, scraped: (name: string) => readonly Sample[]): readonly Sample[] | number => {
  if (expr.type === "number") return expr.value;
  if (expr.type === "selector") return scraped(expr.name).filter(({ labels }) => expr.matchers.every((matcher) => fits(matcher, labels)));
  const [left, right] = [valueOf(expr.left, scraped), valueOf(expr.right, scraped)];
  const holds = comparisons.get(expr.op);
  if (typeof left !== "number" && typeof right !== "number")
    return holds === undefined ? combined(expr, left, right) : compared(expr, holds, left, right);
  if (holds === undefined) throw new PromqlError(`${expr.op} needs vectors on both sides`);
  if (typeof right !== "number") return right.filter(({ value }) => holds(Number(left), value));
  if (typeof left !== "number") return left.filter(({ value }) => holds(value, right));
  throw new PromqlError("comparisons between numbers are not supported here");
};

const fits = ({ label, op, value }: Matcher, labels: Labels): boolean => {
  const own = labels[label] ?? "";
  const isSame = op.endsWith("~") ? anchored(value).test(own) : own === value;
  return isSame === op.startsWith("=");
};

const groupOf =
  ({ on }: Binary) =>
  ({ labels }: Sample): string =>
    keyOfLabels(on === undefined ? without(labels, [nameLabel]) : only(labels, on));

const combined = (expr: Binary, left: readonly Sample[], right: readonly Sample[]): readonly Sample[] => {
  const group = groupOf(expr);
  const groups = new Set((expr.op === "or" ? left : right).map(group));
  if (expr.op === "or") return [...left, ...right.filter((sample) => !groups.has(group(sample)))];
  return left.filter((sample) => groups.has(group(sample)) === (expr.op === "and"));
};

/** One to one; what stays is what stands on the left side. */
const compared = (
  expr: Binary,
  holds: (a: number, b: number) => boolean,
  left: readonly Sample[],
  right: readonly Sample[],
): readonly Sample[] => {
  const group = groupOf(expr);
  const partners = new Map(right.map((sample) => [group(sample), sample.value]));
  const met = left.filter((sample) => partners.has(group(sample)));
  if (partners.size < right.length || new Set(met.map(group)).size < met.length)
    throw new PromqlError(`many-to-many matching not allowed: matching labels must be unique on both sides of ${expr.op}`);
  return met.flatMap((sample) => {
    if (!holds(sample.value, partners.get(group(sample)) ?? Number.NaN)) return [];
    return [expr.on === undefined ? sample : { ...sample, labels: only(sample.labels, expr.on) }];
  });
};
