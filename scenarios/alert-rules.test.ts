// Every scenario's alert can be evaluated on the embedded cluster too: it is understood, and what it reads is known.
import { describe, expect, test } from "vitest";
import { compileRule } from "#embedded/monitoring/alert-rule.ts";
import { selectorsOf } from "#embedded/monitoring/promql.ts";
import { storageKeyOfMetric } from "#embedded/monitoring/state-metrics.ts";
import { loadScenarios, rulesFor } from "#scenarios/scenario.ts";

describe("the alerts of each scenario", async () => {
  for (const scenario of await loadScenarios()) {
    test(scenario.name, () => {
      for (const rule of rulesFor(scenario, "shop")) {
        const names = selectorsOf(compileRule(rule).expr).map(({ name }) => name);
        expect(names.length).toBeGreaterThan(0);
        expect(names.filter((name) => storageKeyOfMetric(name) === undefined)).toEqual([]);
      }
    });
  }
});
