// Laws of the whole diagnosis: more true evidence never takes the true answer away, and nothing that holds stays below what people see.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { referenceText } from "#api/object.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { leastConfidence, type RankedFinding } from "#diagnosis/rank.ts";
import { causes } from "#diagnosis/registry.ts";
import { createSuppression } from "#diagnosis/suppression.ts";
import { evidence, objects, podsOf } from "#test/evidence-sketch.ts";
import { complained, elsewhere, merged, type Parts } from "#test/merged-evidence.ts";
import { withNoise } from "#test/noise.ts";
import { casesByCode } from "#test/three-cases/registry.ts";

/** Printed with every counterexample; another one is another set of noises. */
const noiseSeed = 20_261_201;
const noiseRuns = 12;

const table = Object.entries(casesByCode);
const findingsOf = (parts: Parts): readonly RankedFinding[] => diagnoseCluster(evidence(parts)).findings;

const elsewhereByCode = new Map(table.map(([code, { holds }]) => [code, elsewhere(holds)]));

/** They pick one culprit among everything that is slow: two network faults at once are one too many for them. */
const comparesTheWholeCluster = new Set(["NodePacketLoss", "NodeNetworkDelay", "PodNetworkDelay", "PodPacketLoss"]);

/** Where no workload resolves names, the nameservers of one of them are not shown to be at fault. */
const contradicts = new Set(["NameResolutionFails ClusterDnsDown"]);

const isSame = (one: RankedFinding, other: RankedFinding): boolean =>
  one.code === other.code && referenceText(one.object) === referenceText(other.object);

/** Still found, or what was added is why: another cause accounts for the very same object. */
const survives = (truth: RankedFinding, findings: readonly RankedFinding[], added: string): boolean =>
  findings.some((each) => isSame(each, truth) && each.confidence >= leastConfidence) ||
  findings.some(
    ({ code, object, explains = [] }) =>
      code === added && [object, ...explains].some((each) => referenceText(each) === referenceText(truth.object)),
  );

test("causes never suppress each other in a circle", () => {
  expect(() => createSuppression(causes)).not.toThrow();
  const circle = [
    { code: "A", suppressedBy: ["B"] },
    { code: "B", suppressedBy: ["C"] },
    { code: "C", suppressedBy: ["A"] },
  ];
  expect(() => createSuppression(circle)).toThrow("causes suppress each other: A → B → C → A");
});

describe.each(table)("%s", (code, { holds }) => {
  const truth = findingsOf(holds).find((each) => each.code === code)!;

  test("is certain enough to be shown where it holds", () => {
    expect(truth.confidence).toBeGreaterThanOrEqual(leastConfidence);
  });

  test("survives every other fault in another namespace", () => {
    const lost = [...elsewhereByCode]
      .filter(([other]) => !(comparesTheWholeCluster.has(code) && comparesTheWholeCluster.has(other)))
      .filter(([other]) => !contradicts.has(`${code} ${other}`))
      .filter(([other, theirs]) => !survives(truth, findingsOf(merged(holds, theirs)), other))
      .map(([other]) => other);
    expect(lost).toEqual([]);
  });

  test("survives any other fault amid noise", () => {
    const others = [...elsewhereByCode]
      .filter(([other]) => !(comparesTheWholeCluster.has(code) && comparesTheWholeCluster.has(other)))
      .filter(([other]) => !contradicts.has(`${code} ${other}`));
    fc.assert(
      fc.property(fc.option(fc.constantFrom(...others), { nil: undefined }), withNoise(holds), (other, noisy) => {
        const parts = other === undefined ? noisy : merged(noisy, other[1]);
        return survives(truth, findingsOf(parts), other?.[0] ?? "");
      }),
      { seed: noiseSeed, numRuns: noiseRuns },
    );
  });

  test("survives a caller that complains about its object", () => {
    const findings = findingsOf(complained(holds, truth.object.name));
    expect(findings.some((each) => isSame(each, truth) && each.confidence >= leastConfidence)).toBe(true);
  });
});

test("a crashing program stays the answer when a caller says that it is refused", () => {
  const db = objects(`
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  replicas: 1
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: db, image: "example.test/db:1" }] }
`)[0]!;
  const ended = { exitCode: 1, finishedAt: "2027-03-01T13:59:00Z", startedAt: "2027-03-01T13:58:58Z" };
  const [pod] = podsOf(db, {
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "False", lastTransitionTime: "2027-03-01T13:50:00Z" }],
      containerStatuses: [
        {
          ...{ name: "db", image: "example.test/db:1", ready: false, restartCount: 5 },
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: ended },
        },
      ],
    },
  } as never);
  const log = {
    namespace: "shop",
    pod: "db-0",
    container: "db",
    run: "previous",
    text: "FATAL: data directory has wrong ownership",
  } as const;
  const alone: Parts = { objects: [db, pod!], logs: [log] };
  const codes = (parts: Parts): string[] => findingsOf(parts).map((each) => `${each.code} ${each.object.name}`);
  expect(codes(alone)).toEqual(["ProgramFails db"]);
  expect(codes(complained(alone, "db"))).toEqual(["ProgramFails db"]);
});
