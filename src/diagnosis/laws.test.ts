// Laws of the whole diagnosis: more true evidence never takes the true answer away, and nothing that holds stays below what people see.
import { describe, expect, test } from "vitest";
import { type KubeObject, referenceText } from "#api/object.ts";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { leastConfidence, type RankedFinding } from "#diagnosis/rank.ts";
import { causes } from "#diagnosis/registry.ts";
import { createSuppression } from "#diagnosis/suppression.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { deployment, evidence, objects, podsOf } from "#test/evidence-sketch.ts";
import { casesByCode } from "#test/three-cases/registry.ts";
import { says, service, withPod } from "#test/three-cases/three-cases.ts";

type Parts = Partial<Evidence>;

const table = Object.entries(casesByCode);
const findingsOf = (parts: Parts): readonly RankedFinding[] => diagnoseCluster(evidence(parts)).findings;
const identityOf = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;

/** The same fault of another tenant: in another namespace, on other nodes. */
const elsewhere = (parts: Parts): Parts =>
  JSON.parse(
    JSON.stringify(parts)
      .replaceAll('"shop"', '"other"')
      .replaceAll("shop/", "other/")
      .replaceAll("-shop-", "-other-")
      .replaceAll("node-a", "node-x")
      .replaceAll("node-b", "node-y")
      .replaceAll("n1", "m1"),
  ) as Parts;

const elsewhereByCode = new Map(table.map(([code, { holds }]) => [code, elsewhere(holds)]));

const merged = (parts: Parts, more: Parts): Parts => {
  const known = new Set((parts.objects ?? []).map(identityOf));
  const both = <K extends "events" | "logs" | "metrics" | "changes" | "firing" | "connections" | "components" | "alerts">(key: K) =>
    [...(parts[key] ?? []), ...(more[key] ?? [])] as Evidence[K];
  return {
    ...parts,
    scope: { namespaces: ["shop", "other"] },
    objects: [...(parts.objects ?? []), ...(more.objects ?? []).filter((object) => !known.has(identityOf(object)))],
    events: both("events"),
    logs: both("logs"),
    metrics: both("metrics"),
    changes: both("changes"),
    firing: both("firing"),
    connections: both("connections"),
    components: both("components"),
    alerts: both("alerts"),
  };
};

/** A healthy workload beside it, whose log says that the object does not answer. */
const complained = (parts: Parts, name: string): Parts => {
  const caller = deployment("caller");
  const front = service(name, `selector: { app: ${name} }, ports: [{ port: 8080 }]`);
  return merged(parts, {
    objects: [...withPod(caller), front],
    logs: [says("caller", `dial tcp ${name}:8080: connect: connection refused\n`.repeat(3))],
  });
};

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
