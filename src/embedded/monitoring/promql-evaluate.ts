// The value of a PromQL tree at one moment: scalars, instant vectors, aggregation. Follows promql/engine.go; never reads the time by itself.
import { instantFunctions, rangeFunctions } from "#embedded/monitoring/promql-functions.ts";
import { arithmetic, combineVectors, compareValues } from "#embedded/monitoring/promql-operators.ts";
import {
  type Aggregate,
  type Binary,
  type Call,
  type Expr,
  type Selector,
  anchored,
  comparisons,
} from "#embedded/monitoring/promql-parse.ts";
import { PromqlError } from "#embedded/monitoring/promql-tokens.ts";
import { type Labels, type Sample, type Series, keyOfLabels, nameLabel, only, without } from "#embedded/monitoring/series.ts";

/** Where samples come from. */
export interface SampleSource {
  instant(name: string): readonly Sample[];
  range(name: string, fromMs: number, toMs: number): readonly Series[];
}
export interface Evaluation {
  readonly source: SampleSource;
  readonly nowMs: number;
}
export type Value =
  | { readonly type: "scalar"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "vector"; readonly samples: readonly Sample[] };

export const evaluate = (expr: Expr, evaluation: Evaluation): Value => {
  switch (expr.type) {
    case "number":
      return { type: "scalar", value: expr.value };
    case "string":
      return { type: "string", value: expr.value };
    case "negate":
      return negated(evaluate(expr.of, evaluation));
    case "selector":
      if (expr.rangeMs !== undefined) throw new PromqlError("a range stands only inside of a function such as rate()");
      return { type: "vector", samples: selected(expr, evaluation) };
    case "aggregate":
      return { type: "vector", samples: aggregated(expr, evaluation) };
    case "call":
      return called(expr, evaluation);
    case "binary":
      return combined(expr, evaluation);
  }
};

/** What an alert rule fires for: a scalar is not it. */
export const evaluateVector = (expr: Expr, evaluation: Evaluation): readonly Sample[] => vectorOf(evaluate(expr, evaluation), "the rule");

const vectorOf = (value: Value, what: string): readonly Sample[] => {
  if (value.type !== "vector") throw new PromqlError(`${what} needs an instant vector, not a ${value.type}`);
  return value.samples;
};

const negated = (value: Value): Value => {
  if (value.type === "scalar") return { type: "scalar", value: -value.value };
  const samples = vectorOf(value, "a sign").map((sample) => ({ labels: without(sample.labels, [nameLabel]), value: -sample.value }));
  return { type: "vector", samples };
};

const testOf = ({ matchers }: Selector): ((labels: Labels) => boolean) => {
  const tests = matchers.map(({ label, op, value }) => {
    const pattern = op === "=~" || op === "!~" ? anchored(value) : undefined;
    const isWanted = op === "=" || op === "=~";
    return (labels: Labels): boolean => (pattern?.test(labels[label] ?? "") ?? (labels[label] ?? "") === value) === isWanted;
  });
  return (labels) => tests.every((test) => test(labels));
};

const nameOf = ({ name }: Selector): string => {
  if (name === undefined) throw new PromqlError("a selector without a metric's name is not supported here");
  return name;
};

const selected = (selector: Selector, { source }: Evaluation): readonly Sample[] => {
  const fits = testOf(selector);
  return source.instant(nameOf(selector)).filter(({ labels }) => fits(labels));
};

const combined = (expr: Binary, evaluation: Evaluation): Value => {
  const { op, bool } = expr;
  const [left, right] = [evaluate(expr.left, evaluation), evaluate(expr.right, evaluation)];
  const isComparison = comparisons.has(op);
  if (left.type === "vector" && right.type === "vector")
    return { type: "vector", samples: combineVectors(expr, left.samples, right.samples) };
  if (left.type === "string" || right.type === "string") throw new PromqlError(`${op} does not work on strings`);
  if (left.type === "scalar" && right.type === "scalar") {
    if (!isComparison) return { type: "scalar", value: arithmetic(op, left.value, right.value) };
    if (!bool) throw new PromqlError("comparisons between scalars must use the bool modifier");
    return { type: "scalar", value: compareValues(op, left.value, right.value) ? 1 : 0 };
  }
  const samples = left.type === "vector" ? left.samples : right.type === "vector" ? right.samples : [];
  const scalar = left.type === "scalar" ? left.value : right.type === "scalar" ? right.value : 0;
  const found = samples.flatMap((sample): readonly Sample[] => {
    const [a, b] = left.type === "scalar" ? [scalar, sample.value] : [sample.value, scalar];
    if (!isComparison) return [{ labels: without(sample.labels, [nameLabel]), value: arithmetic(op, a, b) }];
    const holds = compareValues(op, a, b);
    if (bool) return [{ labels: without(sample.labels, [nameLabel]), value: holds ? 1 : 0 }];
    return holds ? [sample] : [];
  });
  return { type: "vector", samples: found };
};

const folds: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  // NaN loses against every number.
  min: (values) => values.reduce((a, b) => (Number.isNaN(a) || b < a ? b : a)),
  max: (values) => values.reduce((a, b) => (Number.isNaN(a) || b > a ? b : a)),
  avg: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  count: (values) => values.length,
  group: () => 1,
};

const aggregated = ({ op, of, grouping }: Aggregate, evaluation: Evaluation): Sample[] => {
  const groups = new Map<string, { readonly labels: Labels; readonly values: number[] }>();
  for (const { labels, value } of vectorOf(evaluate(of, evaluation), op)) {
    const kept = grouping.mode === "only" ? only(labels, grouping.labels) : without(labels, [nameLabel, ...grouping.labels]);
    const key = keyOfLabels(kept);
    const group = groups.get(key) ?? { labels: kept, values: [] };
    groups.set(key, group);
    group.values.push(value);
  }
  return [...groups.values()].map(({ labels, values }) => ({ labels, value: folds[op]?.(values) ?? Number.NaN }));
};

const called = ({ name, args }: Call, evaluation: Evaluation): Value => {
  const ofRange = rangeFunctions[name];
  if (ofRange === undefined) {
    const ofInstant = instantFunctions[name];
    if (ofInstant === undefined) throw new PromqlError(`${name}() is not supported here`);
    return ofInstant(
      args.map((arg) => evaluate(arg, evaluation)),
      evaluation.nowMs,
      args,
    );
  }
  const selector = args[0];
  if (selector?.type !== "selector" || selector.rangeMs === undefined) throw new PromqlError(`${name}() needs a range: metric[5m]`);
  const parameters = args.slice(1).map((arg) => {
    const value = evaluate(arg, evaluation);
    if (value.type !== "scalar") throw new PromqlError(`${name}() needs a number, not a ${value.type}`);
    return value.value;
  });
  const fits = testOf(selector);
  const range = { fromMs: evaluation.nowMs - selector.rangeMs, toMs: evaluation.nowMs };
  const samples = evaluation.source.range(nameOf(selector), range.fromMs, range.toMs).flatMap(({ labels, points }): Sample[] => {
    if (!fits(labels)) return [];
    const value = ofRange.value(points, range, parameters);
    return value === undefined ? [] : [{ labels: ofRange.keepsName === true ? labels : without(labels, [nameLabel]), value }];
  });
  return { type: "vector", samples };
};

/** Metrics that an expression reads, and how far back of each; 0 for its present value only. */
export const readsOf = (expr: Expr): Map<string, number> => {
  const reads = new Map<string, number>();
  const visit = (part: Expr): void => {
    if (part.type === "selector") reads.set(nameOf(part), Math.max(reads.get(nameOf(part)) ?? 0, part.rangeMs ?? 0));
    else if (part.type === "binary") [part.left, part.right].forEach(visit);
    else if (part.type === "call") part.args.forEach(visit);
    else if (part.type === "aggregate" || part.type === "negate") visit(part.of);
  };
  visit(expr);
  return reads;
};
