// PromQL into a tree: precedence and grammar as https://prometheus.io/docs/prometheus/latest/querying has them, subqueries, offset and @ aside. Pure.
import { PromqlError, type Token, durationMs, tokensOf } from "#embedded/monitoring/promql-tokens.ts";

export interface Matcher {
  readonly label: string;
  readonly op: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}
export interface Selector {
  readonly type: "selector";
  /** The metric's name, where it is one. */
  readonly name: string | undefined;
  readonly matchers: readonly Matcher[];
  /** A range vector where given. */
  readonly rangeMs?: number;
}
/** The labels that stay (`by`, `on`) or go (`without`, `ignoring`). */
export interface LabelChoice {
  readonly mode: "only" | "all but";
  readonly labels: readonly string[];
}
export interface Matching extends LabelChoice {
  /** The side with many elements a group, and the labels it takes over from the other. */
  readonly many?: { readonly side: "left" | "right"; readonly include: readonly string[] };
}
export interface Binary {
  readonly type: "binary";
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
  /** A comparison that answers 0 or 1 instead of filtering. */
  readonly bool: boolean;
  readonly matching: Matching;
}
export interface Aggregate {
  readonly type: "aggregate";
  readonly op: string;
  readonly of: Expr;
  readonly grouping: LabelChoice;
}
export interface Call {
  readonly type: "call";
  readonly name: string;
  readonly args: readonly Expr[];
}
export type Expr =
  | { readonly type: "number"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "negate"; readonly of: Expr }
  | Selector
  | Binary
  | Aggregate
  | Call;

export const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
export const setOperators: ReadonlySet<string> = new Set(["and", "or", "unless"]);
const aggregations: ReadonlySet<string> = new Set(["sum", "min", "max", "avg", "count", "group"]);

const precedenceOf = (op: string): number | undefined => {
  if (op === "or") return 1;
  if (op === "and" || op === "unless") return 2;
  if (comparisons.has(op)) return 3;
  if (op === "+" || op === "-") return 4;
  if (op === "*" || op === "/" || op === "%") return 5;
  return op === "^" ? powerPrecedence : undefined;
};
const powerPrecedence = 6;

export const parsePromql = (text: string): Expr => {
  const parser = createParser(tokensOf(text));
  const expr = parser.expression(0);
  parser.expectEnd();
  return expr;
};

const createParser = (tokens: readonly Token[]) => {
  let index = 0;
  const end: Token = { kind: "end", text: "", at: 0 };
  const peek = (ahead = 0): Token => tokens[index + ahead] ?? tokens.at(-1) ?? end;
  const isNext = (text: string): boolean => peek().kind !== "string" && peek().text === text;
  const take = (): Token => {
    const token = peek();
    index += 1;
    return token;
  };
  const fail = (wanted: string): PromqlError => {
    const { kind, text, at } = peek();
    return new PromqlError(`expected ${wanted} at ${at}, found ${kind === "end" ? "the end" : JSON.stringify(text)}`);
  };
  const accept = (text: string): boolean => {
    const isThere = isNext(text);
    if (isThere) index += 1;
    return isThere;
  };
  const expect = (text: string): void => {
    if (!accept(text)) throw fail(JSON.stringify(text));
  };
  const listOf = <T>(open: string, close: string, item: () => T): T[] => {
    expect(open);
    const items: T[] = [];
    while (!accept(close)) {
      items.push(item());
      if (!accept(",") && !isNext(close)) throw fail(`"," or ${JSON.stringify(close)}`);
    }
    return items;
  };
  const identifier = (): string => {
    if (peek().kind !== "identifier") throw fail("a name");
    return take().text;
  };
  const labels = (): string[] => listOf("(", ")", identifier);

  const expression = (above: number): Expr => {
    let left = unary();
    for (;;) {
      const { kind, text: op } = peek();
      const precedence = kind === "operator" || setOperators.has(op) ? precedenceOf(op) : undefined;
      if (kind === "string" || precedence === undefined || precedence <= above) return left;
      take();
      const bool = accept("bool");
      if (bool && !comparisons.has(op)) throw new PromqlError(`"bool" goes with a comparison, not with ${op}`);
      const matching = vectorMatching();
      // Right-associative, this one alone.
      const right = expression(op === "^" ? precedence - 1 : precedence);
      left = { type: "binary", op, left, right, bool, matching };
    }
  };

  const vectorMatching = (): Matching => {
    const choice: LabelChoice = accept("on")
      ? { mode: "only", labels: labels() }
      : accept("ignoring")
        ? { mode: "all but", labels: labels() }
        : { mode: "all but", labels: [] };
    for (const side of ["left", "right"] as const)
      if (accept(`group_${side}`)) return { ...choice, many: { side, include: isNext("(") ? labels() : [] } };
    return choice;
  };

  /** A sign binds less than `^`, and more than anything else. */
  const unary = (): Expr => {
    if (accept("-")) return { type: "negate", of: expression(powerPrecedence - 1) };
    return accept("+") ? expression(powerPrecedence - 1) : primary();
  };

  const primary = (): Expr => {
    const { kind, text } = peek();
    if (kind === "number") return { type: "number", value: Number(take().text) };
    if (kind === "string") return { type: "string", value: take().text };
    if (accept("(")) {
      const inner = expression(0);
      expect(")");
      return inner;
    }
    if (isNext("{")) return selector(undefined);
    if (kind !== "identifier") throw fail("an expression");
    if (/^(?:inf|nan)$/i.test(text)) return { type: "number", value: take().text.toLowerCase() === "inf" ? Infinity : Number.NaN };
    take();
    if (aggregations.has(text) && (isNext("(") || isNext("by") || isNext("without"))) return aggregate(text);
    if (isNext("(")) return { type: "call", name: text, args: listOf("(", ")", () => expression(0)) };
    return selector(text);
  };

  const grouping = (): LabelChoice | undefined => {
    if (accept("by")) return { mode: "only", labels: labels() };
    if (accept("without")) return { mode: "all but", labels: labels() };
    return undefined;
  };
  const aggregate = (op: string): Aggregate => {
    const before = grouping();
    expect("(");
    const of = expression(0);
    expect(")");
    return { type: "aggregate", op, of, grouping: before ?? grouping() ?? { mode: "only", labels: [] } };
  };

  const matcher = (): Matcher => {
    const label = identifier();
    const op = take().text;
    if (op !== "=" && op !== "!=" && op !== "=~" && op !== "!~") throw new PromqlError(`${JSON.stringify(op)} matches no label`);
    if (peek().kind !== "string") throw fail("a string");
    return { label, op, value: take().text };
  };
  const selector = (name: string | undefined): Selector => {
    const matchers = isNext("{") ? listOf("{", "}", matcher) : [];
    if (name === undefined && matchers.every(matchesNothing))
      throw new PromqlError("a selector needs a name or a matcher that does not match the empty string");
    const named = matchers.find(({ label, op }) => label === "__name__" && op === "=")?.value;
    if (!accept("[")) return { type: "selector", name: name ?? named, matchers };
    if (peek().kind !== "duration") throw fail("a duration");
    const rangeMs = durationMs(take().text);
    expect("]");
    return { type: "selector", name: name ?? named, matchers, rangeMs };
  };

  return {
    expression,
    expectEnd: (): void => {
      if (peek().kind !== "end") throw fail("the end");
    },
  };
};

/** Whether it also takes series that do not have the label. */
const matchesNothing = ({ op, value }: Matcher): boolean =>
  op === "=" ? value === "" : op === "!=" ? value !== "" : anchored(value).test("") === (op === "=~");

/** Prometheus' expressions match whole values. */
export const anchored = (pattern: string): RegExp => {
  try {
    return new RegExp(`^(?:${pattern})$`, "s");
  } catch {
    throw new PromqlError(`${JSON.stringify(pattern)} is no regular expression`);
  }
};
