// Every cause there is, asked together with all others: found where it holds, silent where its nearest neighbour holds, silent where it is contradicted.
import { describe, expect, test } from "vitest";
import type { Pod } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { causes } from "#diagnosis/registry.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { casesByCode, families } from "#test/three-cases/registry.ts";

const codesOf = (parts: Partial<Evidence>): string[] => diagnoseCluster(evidence(parts)).findings.map(({ code }) => code);

/** A hostile Prometheus that accuses every object. */
const slandered = (parts: Partial<Evidence>): Partial<Evidence> => {
  const all = parts.objects ?? [];
  const pods = all.filter((object): object is Pod => object.kind === "Pod");
  const labels = (object: KubeObject) => ({
    namespace: object.metadata.namespace ?? "",
    [object.kind.toLowerCase()]: object.metadata.name,
  });
  return {
    ...parts,
    metrics: [
      ...(parts.metrics ?? []),
      ...pods.flatMap((pod) =>
        pod.spec.containers.flatMap(({ name, resources }) =>
          Object.entries({
            cpu_throttled_ratio: 1,
            // What its own object makes believable.
            cpu_usage_cores: Number(parseQuantity(resources?.limits?.["cpu"] ?? "1") ?? 0n) / 1000,
            memory_working_set_bytes: Number(parseQuantity(resources?.limits?.["memory"] ?? "1Ti") ?? 0n) / 1000,
          }).map(([metric, value]) => ({
            object: { apiVersion: "v1", kind: "Pod", namespace: pod.metadata.namespace ?? "", name: pod.metadata.name },
            container: name,
            name: metric,
            value,
          })),
        ),
      ),
    ],
    firing: all.map((object) => ({ name: "KubeDeploymentReplicasMismatch", since: "2027-03-01T13:59:00Z", labels: labels(object) })),
  };
};
const repairsOf = (parts: Partial<Evidence>): unknown =>
  diagnoseCluster(evidence(parts)).findings.flatMap(({ code, object, advice }) =>
    advice.remedies.length === 0 ? [] : [{ code, object, advice }],
  );

test("every cause is in the table, once", () => {
  expect(families.flatMap((family) => Object.keys(family)).toSorted()).toEqual(causes.map(({ code }) => code).toSorted());
});

describe.each(Object.entries(casesByCode))("%s", (code, { holds, neighbour, contradicted }) => {
  test("is found where it holds, alone", () => {
    expect(codesOf(holds)).toEqual([code]);
  });
  test(`is not found where ${neighbour} holds`, () => {
    expect(neighbour).not.toBe(code);
    const neighbours = codesOf(casesByCode[neighbour]!.holds);
    expect(neighbours).toContain(neighbour);
    expect(neighbours).not.toContain(code);
  });
  test.each([
    ["holds", holds],
    ["is contradicted", contradicted],
  ])("is mended, where it %s, as it is without what a Prometheus says", (_, parts) => {
    expect(repairsOf(slandered(parts))).toEqual(repairsOf(parts));
  });
  test("is not found where it is contradicted", () => {
    expect(codesOf(contradicted)).not.toContain(code);
  });
});
