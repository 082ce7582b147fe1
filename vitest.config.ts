// Three kinds of tests, by what they need: nothing (unit), a real API server (cluster), the full testbed (e2e).
import { defineConfig } from "vitest/config";

const clusterTests = [
  "src/**/*.cluster.test.ts",
  "test/**/*.cluster.test.ts",
  "scripts/**/*.cluster.test.ts",
  "testbed/**/*.cluster.test.ts",
];
const e2eTests = ["test/e2e/**/*.e2e.test.ts", "testbed/**/*.e2e.test.ts"];

export default defineConfig({
  test: {
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts"],
      reporter: ["text-summary", "json-summary", "html"],
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "scripts/**/*.test.ts", "testbed/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/*.cluster.test.ts", "**/*.e2e.test.ts"],
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
