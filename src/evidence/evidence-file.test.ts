import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diagnoseCluster } from "#diagnosis/diagnose.ts";
import { decodeEvidence, encodeEvidence, EvidenceFileError } from "#evidence/evidence-file.ts";
import { evidence, objects, podsOf, warning } from "#test/evidence-sketch.ts";

const [web, secret] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1"}]}}
---
{apiVersion: v1, kind: Secret, metadata: {name: db}, type: Opaque, keys: [password]}
`);
const pods = podsOf(web!, {});
const whole = evidence({
  objects: [web!, secret!, ...pods],
  events: [warning(pods.at(-1)!, "BackOff", "back-off")],
  logs: [{ namespace: "shop", pod: "web-1", run: "current", text: "hello" }],
  metrics: [{ object: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-1" }, name: "cpu_usage_cores", value: 0.5 }],
  gaps: ["list roles: not allowed"],
});

test.each(["a.json", "a.json.gz"])("what is saved as %s is read again", (name) => {
  expect(decodeEvidence(encodeEvidence(whole, name), name)).toEqual(whole);
});

test("a compressed file is known by what it is, whatever it is called", () => {
  expect(decodeEvidence(encodeEvidence(whole, "a.gz"), "a.json").gaps).toEqual(whole.gaps);
});

test("another client's file is redacted again", () => {
  const leaky = {
    ...whole,
    objects: [
      { ...secret!, data: { password: "canary" } },
      { ...web!, metadata: { ...web!.metadata, annotations: { x: "password=canary" } } },
    ],
  };
  expect(JSON.stringify(decodeEvidence(Buffer.from(JSON.stringify(leaky)), "a.json"))).not.toContain("canary");
});

describe("a file without evidence is refused in one sentence", () => {
  const text = JSON.stringify(whole);
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const deep = `${'{"a":'.repeat(500)}1${"}".repeat(500)}`;
  const table: Record<string, [Uint8Array, string, RegExp]> = {
    empty: [Buffer.of(), "a.json", /not valid JSON/],
    truncated: [Buffer.from(text.slice(0, text.length / 2)), "a.json", /truncated or damaged/],
    "truncated while compressed": [gzipSync(text).subarray(0, 100), "a.json.gz", /cannot be unpacked/],
    "not compressed, although its name ends in .gz": [Buffer.from(text), "a.json.gz", /not compressed/],
    "another kind of JSON": [json({ items: [] }), "a.json", /not evidence of the form kintsugi\.dev\/evidence\/v1$/],
    "another form": [json({ ...whole, form: "kintsugi.dev/evidence/v9" }), "a.json", /but of kintsugi\.dev\/evidence\/v9/],
    "a list": [json([1]), "a.json", /not evidence/],
    nothing: [json(null), "a.json", /contains no evidence/],
    "nested without end": [Buffer.from(text.replace('"alerts":[]', `"alerts":[],"x":${deep}`)), "a.json", /nested deeper/],
    "a pod without containers": [
      json({ ...whole, objects: [{ ...pods.at(-1)!, spec: {} }] }),
      "a.json",
      /objects\.0\.spec\.containers: Pod: /,
    ],
    "a time that is none": [json({ ...whole, collectedAt: "yesterday" }), "a.json", /collectedAt/],
    "a port that is no number": [
      json({ ...whole, objects: [{ apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec: { ports: [{ port: "80" }] } }] }),
      "a.json",
      /Service: /,
    ],
    "more objects than there may be": [json({ ...whole, gaps: Array.from({ length: 2000 }, () => "x") }), "a.json", /gaps/],
  };
  test.each(Object.entries(table))("%s", (_, [content, name, sentence]) => {
    expect(() => decodeEvidence(content, name)).toThrow(EvidenceFileError);
    expect(() => decodeEvidence(content, name)).toThrow(sentence);
  });

  test("a bomb does not unpack", () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024));
    expect(() => decodeEvidence(bomb, "a.json.gz")).toThrow(/unpacks to more than/);
  });
});

test("any objects are refused, or diagnosed without an exception", () => {
  const kinds = [
    "Pod",
    "Deployment",
    "Service",
    "Node",
    "Job",
    "ConfigMap",
    "PersistentVolumeClaim",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Whatever",
  ];
  const hostile = fc.record({
    apiVersion: fc.constantFrom("v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "autoscaling/v2"),
    kind: fc.constantFrom(...kinds),
    metadata: fc.record({ name: fc.string({ maxLength: 20 }) }),
    spec: fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.record({ containers: fc.jsonValue({ maxDepth: 3 }), template: fc.jsonValue({ maxDepth: 3 }) }),
    ),
    status: fc.jsonValue({ maxDepth: 3 }),
  });
  let diagnosed = 0;
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 3 }), (all) => {
      let read;
      try {
        read = decodeEvidence(Buffer.from(JSON.stringify({ ...whole, objects: all })), "a.json");
      } catch (error) {
        expect(error).toBeInstanceOf(EvidenceFileError);
        return;
      }
      diagnosed += 1;
      diagnoseCluster(read);
    }),
    { numRuns: 200 },
  );
  expect(diagnosed).toBeGreaterThan(0);
});
