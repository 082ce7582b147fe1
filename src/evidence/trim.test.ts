import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { createTrim, trimBounds } from "#evidence/trim.ts";

const meta = { name: "web", namespace: "shop", uid: "u", resourceVersion: "1", creationTimestamp: "2027-03-01T13:00:00Z" };
const object = (kind: string, rest: object, metadata: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind,
  metadata: { ...meta, ...metadata },
  ...rest,
});
const trimmed = (kind: string, rest: object, metadata: object = {}): Record<string, never> =>
  createTrim()(object(kind, rest, metadata)) as unknown as Record<string, never>;
const podOf = (container: object): KubeObject => object("Pod", { spec: { containers: [{ name: "web", ...container }] } });

describe("secrets", () => {
  const table: Record<string, KubeObject> = {
    "the value of a variable with a secret's name": podOf({ env: [{ name: "DB_PASSWORD", value: "canary one two" }] }),
    "a word after a flag with a secret's name": podOf({ args: ["--api-token", "canary"] }),
    "a flag with its value": podOf({ command: ["web", "--password=canary"] }),
    "a word after -p": podOf({ args: ["fail", "-p", "canary9x"] }),
    "a literal value under a harmless name": podOf({ env: [{ name: "OPTION", value: "canary Zq8 Xk2" }] }),
    "a field with a secret's name": object("Thing", { spec: { auth: { clientSecret: "canary" } } }),
    "a manifest inside of an annotation": object(
      "Pod",
      {},
      { annotations: { "kapp.k14s.io/original": '{"env":[{"name":"DB_PASSWORD","value":"canary"}]}' } },
    ),
    "an address with a password": podOf({ env: [{ name: "URL", value: "postgres://web:canary@db/web" }] }),
    "an annotation": object("Pod", {}, { annotations: { note: "token: canary" } }),
    "an annotation with a secret's name": object("Pod", {}, { annotations: { "example.com/client-secret": "canary" } }),
    "a label": object("Pod", {}, { labels: { note: "ghp_canarycanarycanary12345" } }),
    "what was last applied": object("Pod", {}, { annotations: { "kubectl.kubernetes.io/last-applied-configuration": "canary" } }),
    "a message of a status": object("Pod", { status: { message: "Authorization: Bearer canary-canary" } }),
    "a key of a ConfigMap with a secret's name": object("ConfigMap", { data: { password: "canary" } }),
    "a line in a file of a ConfigMap": object("ConfigMap", { data: { "app.properties": "a=1\nspring.datasource.password=canary\n" } }),
    "what is binary": object("ConfigMap", { binaryData: { blob: "Y2FuYXJ5canary" } }),
    "all that a Secret holds": object("Secret", { data: { a: "canary" }, stringData: { b: "canary" }, type: "Opaque" }),
  };
  test.each(Object.entries(table))("%s is not kept", (_, each) => {
    expect(JSON.stringify(createTrim()(each))).not.toContain("canary");
  });

  test("of a Secret the names of its keys are, where they were read", () => {
    expect(trimmed("Secret", { type: "Opaque", data: { a: "canary" } })).toMatchObject({ type: "Opaque", keys: ["a"] });
    expect(trimmed("Secret", {})).not.toHaveProperty("keys");
  });

  test("two values that differ still differ, and equal ones are equal", () => {
    const trim = createTrim();
    const valueOf = (value: string): unknown =>
      (trim(podOf({ env: [{ name: "DB_PASSWORD", value }] })) as unknown as { spec: { containers: [{ env: [{ value: string }] }] } }).spec
        .containers[0].env[0].value;
    expect([valueOf("a"), valueOf("b"), valueOf("a")]).toEqual(["[redacted]", "[redacted: value 2]", "[redacted]"]);
  });

  test("of a variable hosts, ports, addresses, paths, numbers and words are kept; other values only differ", () => {
    const env = ["db.shop:5432", "http://orders:8080/v1", "/etc/app.yaml", "512Mi", "info"].map((value, at) => ({ name: `V${at}`, value }));
    expect(trimmed("Pod", { spec: { containers: [{ name: "web", env }] } })).toMatchObject({ spec: { containers: [{ env }] } });
    const opaque = ["Zq8Xk2Lm9P", "Yw7Vt3Kn1B", "Zq8Xk2Lm9P"].map((value, at) => ({ name: `V${at}`, value }));
    const kept = trimmed("Pod", { spec: { containers: [{ name: "web", env: opaque }] } }) as unknown as {
      spec: { containers: [{ env: { value: string }[] }] };
    };
    expect(kept.spec.containers[0].env.map(({ value }) => value)).toEqual(["[value]", "[value 2]", "[value]"]);
  });

  test("what only points at a secret stays: a diagnosis lives on it", () => {
    const env = [{ name: "DB_PASSWORD", valueFrom: { secretKeyRef: { name: "db", key: "password" } } }];
    expect(trimmed("Pod", { spec: { containers: [{ name: "web", env }] } })).toMatchObject({ spec: { containers: [{ env }] } });
  });
});

describe("bounds", () => {
  test("an annotation of a megabyte, a thousand of them, a thousand items, a file of ten megabytes", () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`a${at}`, "x"]));
    const each = trimmed(
      "ConfigMap",
      { data: { big: "x".repeat(10_000_000), other: "y" }, list: Array.from({ length: 10_000 }, () => "x") },
      { annotations: { big: "x".repeat(1_000_000), ...many } },
    ) as unknown as { data: Record<string, string>; list: string[]; metadata: { annotations: Record<string, string> } };
    expect(each.data["big"]).toHaveLength(trimBounds.fileLength);
    expect(each.data["other"]).toBe("y");
    expect(each.list).toHaveLength(trimBounds.items);
    expect(each.metadata.annotations["big"]).toHaveLength(trimBounds.annotationLength);
    expect(Object.keys(each.metadata.annotations)).toHaveLength(trimBounds.annotations);
  });

  test("many files share one bound", () => {
    const data = Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`f${at}`, "x".repeat(8000)]));
    expect(JSON.stringify(trimmed("ConfigMap", { data })).length).toBeLessThan(trimBounds.dataLength + 2000);
  });

  test("nesting without end", () => {
    let value: unknown = "x";
    for (let depth = 0; depth < 1000; depth += 1) value = { a: value };
    expect(JSON.stringify(trimmed("Pod", { spec: value })).length).toBeLessThan(1000);
  });
});

test("who wrote which field is kept to two levels, and not at all where there are many objects", () => {
  const managedFields = [
    {
      manager: "kubectl-edit",
      operation: "Update",
      time: "2027-03-01T13:00:00Z",
      fieldsV1: { "f:data": { "f:settings": { "f:deeper": {} } }, "f:x": {} },
    },
  ];
  expect(trimmed("ConfigMap", { data: {} }, { managedFields })["metadata"]).toMatchObject({
    managedFields: [{ manager: "kubectl-edit", fieldsV1: { "f:data": { "f:settings": {} }, "f:x": {} } }],
  });
  expect(trimmed("Pod", {}, { managedFields })["metadata"]).not.toHaveProperty("managedFields");
});

test("a node's list of images is left out, its conditions are kept", () => {
  const conditions = [{ type: "Ready", status: "True" }];
  expect(trimmed("Node", { status: { images: [{ names: ["a"] }], conditions } })).toMatchObject({ status: { conditions } });
  expect(trimmed("Node", { status: { images: [{ names: ["a"] }] } })["status"]).toEqual({});
});

test("numbers, booleans and nothing stay what they are", () => {
  expect(trimmed("Pod", { spec: { a: 1, b: true, c: null } })).toMatchObject({ spec: { a: 1, b: true, c: null } });
});
