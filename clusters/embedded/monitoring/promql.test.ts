import { describe, expect, test } from "vitest";
import { durationMs, evaluate, parsePromql, selectorsOf } from "#embedded/monitoring/promql.ts";
import { type Sample, keyOfLabels, nameLabel, withLabels } from "#embedded/monitoring/samples.ts";
import { promqlCases, promqlMistakes, promqlSeries } from "#test/promql-cases.ts";

const scraped = (name: string): readonly Sample[] =>
  promqlSeries.flatMap(([called, labels, value]) => (called === name ? [{ labels: { ...labels, [nameLabel]: name }, value }] : []));
const answerTo = (expr: string): readonly Sample[] => evaluate(parsePromql(expr), scraped);

const shown = (samples: readonly Sample[]): string[] => samples.map(({ labels, value }) => `${keyOfLabels(labels)} ${value}`).toSorted();

describe("answers as Prometheus gives them", () => {
  test.each(promqlCases)("%s", (expr, answer) => {
    expect(shown(answerTo(expr))).toEqual(
      shown(answer.map(([name, labels, value]) => ({ labels: withLabels(labels, { [nameLabel]: name }), value }))),
    );
  });
});

test.each(promqlMistakes)("%s is refused", (expr, message) => expect(() => answerTo(expr)).toThrow(message));

test.each([
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["250ms", 250],
  ["0", 0],
])("%s lasts %d ms", (text, ms) => expect(durationMs(text)).toBe(ms));

test("an expression names the series that it reads", () => {
  expect(selectorsOf(parsePromql('a > 1 and on (x) b{x="y"}'))).toEqual([
    { name: "a", labels: {} },
    { name: "b", labels: { x: "y" } },
  ]);
});
