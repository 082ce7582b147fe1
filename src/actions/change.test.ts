import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Change } from "#api/change.ts";
import type { Deployment } from "#api/kubernetes.ts";
import { Deployments } from "#api/kubernetes.ts";
import {
  decodeChanges,
  encodeChanges,
  findType,
  guardsHold,
  hashChanges,
  hashSteps,
  isInPlace,
  maxChanges,
  maxChangesBytes,
  preview,
  referenceOf,
  traceOf,
  wireOperations,
} from "#actions/change.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { deployment, pod } from "#test/action-samples.ts";

const live = deployment();
const object = referenceOf(live);
const image = "/spec/template/spec/containers/0/image";
const patch: Change & { type: "patch" } = {
  type: "patch",
  object,
  uid: "uid-web",
  operations: [
    { op: "test", path: image, value: "web:2" },
    { op: "replace", path: image, value: "web:1" },
  ],
};
const changed = preview(patch, live) as Deployment;
const evict: Change = { type: "evict", object: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-x" }, uid: "uid-web-x" };
const content = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "shop", name: "c" }, data: { a: "1" } };
const create: Change = { type: "create", object: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "c" }, content };
const made = (data: object) => ({ ...content, metadata: { ...live.metadata, name: "c" }, data });

describe("the text that is hashed", () => {
  test("leads back to the same changes", () => {
    const changes = [patch, evict, create];
    expect(decodeChanges(encodeChanges(changes) ?? "")).toEqual(changes);
  });

  test("its SHA-256 is the hash", () => expect(hashChanges([patch])).toBe(sha256(encodeChanges([patch]) ?? "")));

  test("law: the order of keys changes neither text nor hash", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.keys(patch), { minLength: 4 }), (keys) => {
        const shuffled = Object.fromEntries(keys.map((key) => [key, patch[key as keyof typeof patch]])) as unknown as Change;
        return hashChanges([shuffled]) === hashChanges([patch]);
      }),
    );
  });

  const others: Record<string, Change> = {
    "another name": { ...patch, object: { ...object, name: "api" } },
    "another uid": { ...patch, uid: "other" },
    "another value": {
      ...patch,
      operations: [
        { op: "test", path: image, value: "web:2" },
        { op: "replace", path: image, value: "web:0" },
      ],
    },
    "a missing guard": { ...patch, operations: [{ op: "replace", path: image, value: "web:1" }] },
    "a subresource": { ...patch, subresource: "scale" },
  };
  for (const [name, other] of Object.entries(others))
    test(`${name} makes another hash`, () => expect(hashChanges([other])).not.toBe(hashChanges([patch])));

  test("the hash of a plan depends on the order of its steps", () => {
    const [a, b] = [{ changesHash: "a" }, { changesHash: "b" }];
    expect(hashSteps([a, b])).not.toBe(hashSteps([b, a]));
    expect(hashSteps([a, b])).toBe(hashSteps([{ ...a }, { ...b }]));
  });

  test("what is larger than 256 KiB has no text", () => {
    const large: Change = { ...create, content: { data: "x".repeat(maxChangesBytes) } };
    expect(encodeChanges([large])).toBeUndefined();
    expect(encodeChanges(Array.from({ length: maxChanges + 1 }, () => evict))).toBeUndefined();
  });
});

describe("a text that is refused", () => {
  const cases: Record<string, [string, RegExp]> = {
    "no JSON": ["{", /JSON/],
    "not canonical": [` ${encodeChanges([patch])}`, /canonical/],
    "an unknown type": [JSON.stringify([{ ...evict, type: "exec" }]), /Invalid/i],
    "a field that no change has": [JSON.stringify([{ ...evict, force: true }]), /unrecognized/i],
    "a pointer that is none": [JSON.stringify([{ ...patch, operations: [{ op: "remove", path: "spec" }] }]), /pointer/],
    "too large": ["x".repeat(maxChangesBytes + 1), /256 KiB/],
  };
  for (const [name, [text, message]] of Object.entries(cases)) test(name, () => expect(() => decodeChanges(text)).toThrow(message));
});

describe("the guards", () => {
  test("hold on the object of the plan", () => expect(guardsHold(patch, live)).toBe(true));

  const same: Record<string, Deployment> = {
    "another resource version": { ...live, metadata: { ...live.metadata, resourceVersion: "99" } },
    "another status": { ...live, status: { replicas: 7 } },
    "more replicas": deployment({ replicas: 9 }),
  };
  for (const [name, other] of Object.entries(same)) test(`do not mind ${name}`, () => expect(guardsHold(patch, other)).toBe(true));

  test("do not hold on another object of the same name", () => expect(guardsHold(patch, deployment({}, { uid: "new" }))).toBe(false));
  test("do not hold where there is no object", () => expect(guardsHold(patch, undefined)).toBe(false));

  test("law: any other value at a touched path is noticed", () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => text !== "web:2"),
        (other) => {
          const drifted = preview({ ...patch, operations: [{ op: "replace", path: image, value: other }] }, live);
          return !guardsHold(patch, drifted);
        },
      ),
    );
  });

  test("of a create hold while nothing is there", () => {
    expect(guardsHold(create, undefined)).toBe(true);
    expect(guardsHold(create, made({ a: "1" }))).toBe(false);
  });

  test("of an eviction hold while the very pod is there and stays", () => {
    expect(guardsHold(evict, pod("web-x", { ready: true }))).toBe(true);
    expect(guardsHold(evict, pod("web-x", { ready: true, leaving: true }))).toBe(false);
    expect(guardsHold(evict, pod("web-y", { ready: true }))).toBe(false);
  });
});

describe("a change is in place", () => {
  test("when its values are there, no matter who wrote them", () => {
    expect(isInPlace(patch, changed)).toBe(true);
    expect(isInPlace(patch, live)).toBe(false);
    expect(isInPlace(patch, { ...changed, metadata: { ...changed.metadata, uid: "new" } })).toBe(false);
  });

  test("where what it removes is gone", () => {
    const remove: Change = { ...patch, operations: [{ op: "remove", path: "/spec/replicas" }] };
    expect(isInPlace(remove, live)).toBe(false);
    expect(isInPlace(remove, preview(remove, live))).toBe(true);
  });

  test("by the last value of a path that it writes twice", () => {
    const twice: Change = {
      ...patch,
      operations: [
        { op: "add", path: "/spec/template/spec/nodeName", value: "a" },
        { op: "replace", path: "/spec/template/spec", value: { containers: [] } },
      ],
    };
    expect(isInPlace(twice, preview(twice, live))).toBe(true);
  });

  test("a created object may carry more than was asked for, not less", () => {
    expect(isInPlace(create, made({ a: "1", b: "2" }))).toBe(true);
    expect(isInPlace(create, made({ b: "2" }))).toBe(false);
    expect(isInPlace(create, undefined)).toBe(false);
  });

  test("an evicted pod is on its way or gone", () => {
    expect(isInPlace(evict, undefined)).toBe(true);
    expect(isInPlace(evict, pod("web-x", { ready: true, leaving: true }))).toBe(true);
    expect(isInPlace(evict, pod("web-x", { ready: true }))).toBe(false);
  });
});

describe("what the objects prove of a change whose maker is gone", () => {
  const cases: Record<string, [Deployment | undefined, string]> = {
    "in-place": [changed, "in-place"],
    untouched: [live, "untouched"],
    "unclear when there is a third value": [
      preview({ ...patch, operations: [{ op: "replace", path: image, value: "web:3" }] }, live) as Deployment,
      "unclear",
    ],
    "unclear where the object is gone": [undefined, "unclear"],
  };
  for (const [name, [now, trace]] of Object.entries(cases)) test(name, () => expect(traceOf([patch], () => now)).toBe(trace));
});

describe("what is sent", () => {
  test("starts with a test of the uid", () => {
    expect(wireOperations(patch)).toEqual([{ op: "test", path: "/metadata/uid", value: "uid-web" }, ...patch.operations]);
  });

  test("of a scale from 0 tests the empty spec that the server shows, and adds", () => {
    const scale: Change & { type: "patch" } = {
      ...patch,
      subresource: "scale",
      operations: [
        { op: "test", path: "/spec/replicas", value: 0 },
        { op: "replace", path: "/spec/replicas", value: 2 },
      ],
    };
    expect(wireOperations(scale).slice(1)).toEqual([
      { op: "test", path: "/spec", value: {} },
      { op: "add", path: "/spec/replicas", value: 2 },
    ]);
  });
});

test("a type is found by kind and version, not by kind alone", () => {
  expect(findType([Deployments], object)).toBe(Deployments);
  expect(findType([Deployments], { ...object, apiVersion: "extensions/v1beta1" })).toBeUndefined();
});

test("a preview of a change to another object is refused", () => expect(() => preview(patch, undefined)).toThrow(/another object/));
test("a preview of what is removed is nothing", () => expect(preview(evict, pod("web-x", { ready: true }))).toBeUndefined());
