// Every scenario's alert can be evaluated on the embedded cluster too: it is understood, and what it reads is known.
import { describe, expect, test } from "vitest";
import { compileRule } from "#embedded/monitoring/alert-rule.ts";
import { isStateMetric } from "#embedded/monitoring/cluster-metrics.ts";
import { isContainerMetric } from "#embedded/monitoring/container-metrics.ts";
import { readsOf } from "#embedded/monitoring/promql-evaluate.ts";
import { loadScenarios, rulesFor } from "#scenarios/scenario.ts";

describe("the alerts of each scenario", async () => {
  for (const scenario of await loadScenarios()) {
    test(scenario.name, () => {
      for (const rule of rulesFor(scenario, "shop")) {
        const names = [...readsOf(compileRule(rule).expr).keys()];
        expect(names.length).toBeGreaterThan(0);
        expect(names.filter((name) => !isStateMetric(name) && !isContainerMetric(name))).toEqual([]);
      }
    });
  }
});
