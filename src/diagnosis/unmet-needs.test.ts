// What a diagnosis says of causes that it could not look for.
import { expect, test } from "vitest";
import { causes } from "#diagnosis/registry.ts";
import { unmetNeeds } from "#diagnosis/unmet-needs.ts";
import { evidenceSources } from "#evidence/collect-cluster.ts";

test("causes are named by what they need and the cluster does not provide", () => {
  expect(unmetNeeds(causes, ["metrics.cpu", "metrics.network", "metrics.requests", "connections"])).toEqual([
    "CpuOverload: needs metrics.cpu, which this cluster does not provide",
    "NodePacketLoss: needs metrics.network, which this cluster does not provide",
    "NodeNetworkDelay, PodNetworkDelay, PodPacketLoss: needs metrics.network and metrics.requests, which this cluster does not provide",
  ]);
});

test("nothing is said where nothing lacks, or where it is not known", () => {
  expect([...unmetNeeds(causes, []), ...unmetNeeds(causes)]).toEqual([]);
});

test("every need of a cause is provided by a live source", () => {
  const provided = new Set(["alerts", ...evidenceSources.flatMap(({ provides }) => provides)]);
  for (const { code, needs = [] } of causes) for (const need of needs) expect(provided, `${code} needs ${need}`).toContain(need);
});
