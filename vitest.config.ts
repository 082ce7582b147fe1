// Kinds of tests, by what they need: nothing (unit, sim), a real API server (cluster, crash), the full testbed (e2e).
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const clusterTests = [
  "src/**/*.cluster.test.ts",
  "test/**/*.cluster.test.ts",
  "scripts/**/*.cluster.test.ts",
  "clusters/**/*.cluster.test.ts",
];
const e2eTests = ["test/e2e/**/*.e2e.test.ts", "test/contract/**/*.e2e.test.ts", "clusters/**/*.e2e.test.ts"];

/** By the unit tests alone, and every folder of src/ is held to its own bound: a well-tested one does not make up for another. */
const folders = readdirSync("src", { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

/** What changes a cluster, and what decides that it may. */
const strict = ["src/controllers/**/decide*.ts", "src/actions/**", "src/act/**"];

export default defineConfig({
  test: {
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts", "src/**/*.cases.ts"],
      reporter: ["text-summary", "json-summary", "html"],
      thresholds: {
        ...Object.fromEntries(folders.map((folder) => [`src/${folder}/**`, { lines: 80, branches: 80 }])),
        ...Object.fromEntries(strict.map((glob) => [glob, { lines: 95, branches: 95 }])),
      },
    },
    projects: [
      {
        test: {
          name: "unit",
          // No module keeps state, so none is loaded again for the next file: that was half of the run.
          pool: "threads",
          isolate: false,
          // Files wait for sockets as often as they calculate: with a worker for each core, cores would stand idle.
          maxWorkers: availableParallelism() + 1,
          // Of a test that hangs: a busy machine is no reason to fail.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          include: [
            "src/**/*.test.ts",
            "scenarios/**/*.test.ts",
            "scripts/**/*.test.ts",
            "clusters/**/*.test.ts",
            "test/**/*.test.ts",
            "bench/**/*.test.ts",
          ],
          exclude: ["**/*.cluster.test.ts", "**/*.e2e.test.ts", "**/*.crash.test.ts", "**/*.sim.test.ts"],
        },
      },
      {
        test: {
          name: "sim",
          include: ["sim/**/*.sim.test.ts"],
          // Each of its tests uses both cores already.
          fileParallelism: false,
          // Of a sweep over thousands of runs: a machine that is busy with other work needs several times as long.
          testTimeout: 1_800_000,
        },
      },
      {
        test: {
          name: "cluster",
          include: clusterTests,
          globalSetup: ["test/control-plane-setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "crash",
          include: ["test/crash/**/*.crash.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "e2e",
          include: e2eTests,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
