import { describe, expect, test } from "vitest";
import { evaluateVector, readsOf } from "#embedded/monitoring/promql-evaluate.ts";
import { parsePromql } from "#embedded/monitoring/promql-parse.ts";
import { durationMs } from "#embedded/monitoring/promql-tokens.ts";
import { type Sample, createHistory, keyOfLabels, nameLabel, withLabels } from "#embedded/monitoring/series.ts";
import { evaluatedAtSeconds, intervalMs, promqlCases, promqlMistakes, promqlSeries } from "#test/promql-cases.ts";

const history = createHistory(60_000);
const now = new Map<string, Sample[]>();
for (let second = 0; second <= evaluatedAtSeconds; second += 1) {
  now.clear();
  for (const [name, labels, values] of promqlSeries) {
    const value = values[second];
    if (value !== undefined) now.set(name, [...(now.get(name) ?? []), { labels: { ...labels, [nameLabel]: name }, value }]);
  }
  for (const [name, samples] of now) history.record(second * intervalMs, name, samples);
}
const source = {
  instant: (name: string): readonly Sample[] => now.get(name) ?? [],
  range: history.series,
};
const answerTo = (expr: string): readonly Sample[] => evaluateVector(parsePromql(expr), { source, nowMs: evaluatedAtSeconds * intervalMs });

const shown = (samples: readonly Sample[]): string[] =>
  samples.map(({ labels, value }) => `${keyOfLabels(labels)} ${value.toFixed(9)}`).toSorted();

describe("answers as Prometheus gives them", () => {
  test.each(promqlCases)("%s", (expr, answer) => {
    expect(shown(answerTo(expr))).toEqual(
      shown(answer.map(([name, labels, value]) => ({ labels: withLabels(labels, { [nameLabel]: name }), value }))),
    );
  });
});

test.each(promqlMistakes)("%s is refused", (expr, sentence) => expect(() => answerTo(expr)).toThrow(sentence));

test("strings have the escapes of Go, comments are nothing", () => {
  const of = (text: string): unknown => parsePromql(text);
  expect(of(String.raw`m{a="x\"y\n", b='z', c=` + "`\\d`} # why")).toMatchObject({
    matchers: [{ value: 'x"y\n' }, { value: "z" }, { value: "\\d" }],
  });
});

test.each([
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["250ms", 250],
  ["0", 0],
])("%s lasts %d ms", (text, ms) => expect(durationMs(text)).toBe(ms));

test("what an expression reads is known before, and how far back", () => {
  expect([...readsOf(parsePromql("rate(a[5m]) > 1 and -b * sum(rate(a[1m]))"))]).toEqual([
    ["a", 300_000],
    ["b", 0],
  ]);
});

test("a history forgets what no rule looks back to", () => {
  const kept = createHistory(2_000);
  for (let at = 0; at <= 5_000; at += 1_000)
    kept.record(at, "m", at === 0 ? [{ labels: { gone: "soon" }, value: 1 }] : [{ labels: { a: "b" }, value: at }]);
  expect(kept.series("m", 0, 5_000)).toEqual([
    {
      labels: { a: "b" },
      points: [
        { atMs: 3_000, value: 3_000 },
        { atMs: 4_000, value: 4_000 },
        { atMs: 5_000, value: 5_000 },
      ],
    },
  ]);
});
