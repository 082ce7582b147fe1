// Functions of PromQL that alert rules use, each as promql/functions.go of Prometheus 2.42 computes it. Pure.
import type { Value } from "#embedded/monitoring/promql-evaluate.ts";
import { type Expr, anchored } from "#embedded/monitoring/promql-parse.ts";
import { PromqlError } from "#embedded/monitoring/promql-tokens.ts";
import { type Point, type Sample, nameLabel, withLabels, without } from "#embedded/monitoring/series.ts";

interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}
export interface RangeFunction {
  /** Undefined where there are too few points. */
  readonly value: (points: readonly Point[], range: Range, parameters: readonly number[]) => number | undefined;
  readonly keepsName?: true;
}

type InstantFunction = (args: readonly Value[], nowMs: number, exprs: readonly Expr[]) => Value;

const vector = (samples: readonly Sample[]): Value => ({ type: "vector", samples });
const scalar = (value: number): Value => ({ type: "scalar", value });

const vectorArg = (args: readonly Value[], index: number): readonly Sample[] => {
  const value = args[index];
  if (value?.type !== "vector") throw new PromqlError(`argument ${index + 1} has to be an instant vector`);
  return value.samples;
};
const numberArg = (args: readonly Value[], index: number, otherwise?: number): number => {
  const value = args[index];
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (value?.type !== "scalar") throw new PromqlError(`argument ${index + 1} has to be a number`);
  return value.value;
};
const textArg = (args: readonly Value[], index: number): string => {
  const value = args[index];
  if (value?.type !== "string") throw new PromqlError(`argument ${index + 1} has to be a string`);
  return value.value;
};

/** Of each element by itself. */
const each =
  (change: (value: number, args: readonly Value[]) => number): InstantFunction =>
  (args) =>
    vector(vectorArg(args, 0).map(({ labels, value }) => ({ labels: without(labels, [nameLabel]), value: change(value, args) })));

const clamp = (value: number, min: number, max: number): number => Math.max(min, Math.min(max, value));

export const instantFunctions: Readonly<Record<string, InstantFunction>> = {
  abs: each(Math.abs),
  ceil: each(Math.ceil),
  floor: each(Math.floor),
  round: each((value, args) => {
    const inverse = 1 / numberArg(args, 1, 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  }),
  clamp: each((value, args) => clamp(value, numberArg(args, 1), numberArg(args, 2))),
  clamp_min: each((value, args) => Math.max(value, numberArg(args, 1))),
  clamp_max: each((value, args) => Math.min(value, numberArg(args, 1))),
  time: (_args, nowMs) => scalar(nowMs / 1000),
  vector: (args) => vector([{ labels: {}, value: numberArg(args, 0) }]),
  scalar: (args) => {
    const samples = vectorArg(args, 0);
    return scalar(samples.length === 1 ? (samples[0]?.value ?? Number.NaN) : Number.NaN);
  },
  // With the labels that the selector names one value for.
  absent: (args, _nowMs, [expr]) => {
    if (vectorArg(args, 0).length > 0) return vector([]);
    const matchers = expr?.type === "selector" ? expr.matchers : [];
    const named = matchers.filter(
      ({ label, op }) => op === "=" && label !== nameLabel && matchers.filter((m) => m.label === label).length === 1,
    );
    return vector([{ labels: withLabels({}, Object.fromEntries(named.map(({ label, value }) => [label, value]))), value: 1 }]);
  },
  label_replace: (args) => {
    const [to, replacement, from] = [textArg(args, 1), textArg(args, 2), textArg(args, 3)];
    const pattern = anchored(textArg(args, 4));
    return vector(
      vectorArg(args, 0).map((sample) => {
        const found = pattern.exec(sample.labels[from] ?? "");
        if (found === null) return sample;
        const value = replacement.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced: string | undefined, plain: string | undefined) => {
          const name = braced ?? plain ?? "";
          return (/^\d+$/.test(name) ? found[Number(name)] : found.groups?.[name]) ?? "";
        });
        return { ...sample, labels: withLabels(sample.labels, { [to]: value }) };
      }),
    );
  },
};

/** How much a counter grew, a reset counted as a start from zero. */
const growth = (points: readonly Point[]): number =>
  points.reduce((sum, { value }, index) => {
    const before = points[index - 1]?.value ?? value;
    return sum + (value < before ? value : value - before);
  }, 0);

/** The observed change, stretched to the ends of the range where the series seems to go on there. */
const extrapolated = (points: readonly Point[], range: Range, kind: "counter" | "gauge"): number | undefined => {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length < 2) return undefined;
  const change = kind === "counter" ? growth(points) : last.value - first.value;
  const sampled = (last.atMs - first.atMs) / 1000;
  const between = sampled / (points.length - 1);
  let toStart = (first.atMs - range.fromMs) / 1000;
  const toEnd = (range.toMs - last.atMs) / 1000;
  // A counter is never below zero: it did not begin before that.
  if (kind === "counter" && change > 0 && first.value >= 0) toStart = Math.min(toStart, sampled * (first.value / change));
  const stretch = (gap: number): number => (gap < between * 1.1 ? gap : between / 2);
  return (change * (sampled + stretch(toStart) + stretch(toEnd))) / sampled;
};

const secondsOf = ({ fromMs, toMs }: Range): number => (toMs - fromMs) / 1000;
const values = (points: readonly Point[]): number[] => points.map(({ value }) => value);
const sumOf = (points: readonly Point[]): number => values(points).reduce((a, b) => a + b, 0);
const changesOf = (points: readonly Point[], counts: (before: number, now: number) => boolean): number =>
  points.filter(({ value }, index) => index > 0 && counts(points[index - 1]?.value ?? value, value)).length;

/** By least squares, through the value at `atMs`. */
const line = (points: readonly Point[], atMs: number): { slope: number; intercept: number } | undefined => {
  if (points.length < 2) return undefined;
  const xs = points.map((point) => (point.atMs - atMs) / 1000);
  const ys = values(points);
  const mean = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, index) => sum + (x - mx) * ((ys[index] ?? 0) - my), 0);
  const variance = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  const slope = covariance / variance;
  return { slope, intercept: my - slope * mx };
};

const lastTwo = (points: readonly Point[], of: (before: Point, last: Point) => number): number | undefined => {
  const [before, last] = points.slice(-2);
  return before === undefined || last === undefined ? undefined : of(before, last);
};

export const rangeFunctions: Readonly<Record<string, RangeFunction>> = {
  rate: {
    value: (points, range) => {
      const change = extrapolated(points, range, "counter");
      return change === undefined ? undefined : change / secondsOf(range);
    },
  },
  increase: { value: (points, range) => extrapolated(points, range, "counter") },
  delta: { value: (points, range) => extrapolated(points, range, "gauge") },
  irate: {
    value: (points) =>
      lastTwo(
        points,
        (before, last) => (last.value < before.value ? last.value : last.value - before.value) / ((last.atMs - before.atMs) / 1000),
      ),
  },
  changes: { value: (points) => changesOf(points, (before, now) => before !== now) },
  resets: { value: (points) => changesOf(points, (before, now) => now < before) },
  deriv: { value: (points) => line(points, points[0]?.atMs ?? 0)?.slope },
  predict_linear: {
    value: (points, { toMs }, [seconds = 0]) => {
      const found = line(points, toMs);
      return found === undefined ? undefined : found.intercept + found.slope * seconds;
    },
  },
  avg_over_time: { value: (points) => sumOf(points) / points.length },
  min_over_time: { value: (points) => Math.min(...values(points)) },
  max_over_time: { value: (points) => Math.max(...values(points)) },
  sum_over_time: { value: sumOf },
  count_over_time: { value: (points) => points.length },
  present_over_time: { value: () => 1 },
  last_over_time: { value: (points) => points.at(-1)?.value, keepsName: true },
};
