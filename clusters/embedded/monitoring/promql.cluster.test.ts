// The table that the evaluator is held to, put to Prometheus' own test tool.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Labels } from "#embedded/monitoring/samples.ts";
import { promqlCases, promqlSeries } from "#test/promql-cases.ts";

const selector = (name: string, labels: Labels): string =>
  `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
    .join(",")}}`;

test("Prometheus gives these very answers", async () => {
  const folder = await mkdtemp(join(tmpdir(), "promql-"));
  try {
    const tests = {
      evaluation_interval: "1s",
      tests: [
        {
          interval: "1s",
          input_series: promqlSeries.map(([name, labels, value]) => ({ series: selector(name, labels), values: String(value) })),
          promql_expr_test: promqlCases.map(([expr, answer]) => ({
            expr,
            eval_time: "0s",
            exp_samples: answer.map(([name, labels, value]) => ({ labels: selector(name, labels), value })),
          })),
        },
      ],
    };
    await writeFile(join(folder, "tests.json"), JSON.stringify(tests));
    // It prints its verdict on each case, on failure too.
    const printed = await promisify(execFile)("promtool", ["test", "rules", join(folder, "tests.json")]).catch(
      (error: unknown) => error as { readonly stdout: string; readonly stderr: string },
    );
    expect(`${printed.stdout}${printed.stderr}`).toMatch(/SUCCESS/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
