// The store: what it accepts, what it reports, and what it refuses to go back to.
import { describe, expect, test } from "vitest";

import type { KubeObject } from "#api/object.ts";
import type { Seen } from "#kube/client.ts";
import { createStore } from "#kube/store.ts";

interface Thing extends KubeObject {
  owner?: string;
}
const thing = (name: string, version: number, more: { uid?: string; namespace?: string; owner?: string } = {}): Thing => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: {
    name,
    namespace: more.namespace ?? "shop",
    uid: more.uid ?? `uid-${name}`,
    resourceVersion: String(version),
    creationTimestamp: "2030-01-01T00:00:00Z",
    managedFields: [{ manager: "kubectl" }],
  },
  ...(more.owner === undefined ? {} : { owner: more.owner }),
});
const synced = (version: number, ...items: Thing[]): Seen<Thing> => ({ kind: "synced", items, resourceVersion: String(version) });

const setUp = () => {
  const bugs: unknown[] = [];
  const store = createStore<Thing>({ onBug: (error) => bugs.push(error) });
  store.addIndexes({ owner: (object) => (object.owner === undefined ? [] : [object.owner]) });
  const events: string[] = [];
  store.onChange((change) => {
    const { name, resourceVersion, uid } = change.object.metadata;
    const before = change.kind === "applied" && change.previous !== undefined ? ` after ${change.previous.metadata.resourceVersion}` : "";
    events.push(`${change.kind} ${name}@${resourceVersion}${uid === `uid-${name}` ? "" : ` (${uid})`}${before}`);
  });
  const take = (): string[] => events.splice(0);
  return { store, take, bugs };
};
const names = (objects: readonly Thing[]): string[] => objects.map((object) => object.metadata.name).toSorted();

test("a first list fills it, a second one reports the differences only", async () => {
  const { store, take } = setUp();
  expect(store.synced).toBe(false);
  const waiting = store.whenSynced();
  store.see(synced(5, thing("a", 1), thing("b", 2), thing("c", 3)));
  await waiting;
  await store.whenSynced();
  expect([store.synced, take()]).toEqual([true, ["applied a@1", "applied b@2", "applied c@3"]]);
  store.see(synced(9, thing("a", 1), thing("b", 7), thing("d", 8)));
  expect(take()).toEqual(["applied b@7 after 2", "applied d@8", "deleted c@3"]);
  expect(names(store.list())).toEqual(["a", "b", "d"]);
});

test("of the answer to our own write it holds what its view keeps", () => {
  const keep = ({ apiVersion, kind, metadata: { name, uid, resourceVersion } }: KubeObject): Thing =>
    ({ apiVersion, kind, metadata: { name, namespace: "shop", uid, resourceVersion, creationTimestamp: "" } }) as Thing;
  const store = createStore<Thing>({ keep, onBug: () => {} });
  store.noteWrite({ ...thing("a", 1), spec: { large: "text" } } as Thing);
  expect(store.get({ namespace: "shop", name: "a" })).not.toHaveProperty("spec");
});

test("what it holds is frozen to the bottom", () => {
  const { store } = setUp();
  store.see(synced(1, { ...thing("a", 1), spec: { deep: [{ x: 1 }] } } as Thing));
  const object = store.get({ namespace: "shop", name: "a" }) as Thing & { spec: { deep: { x: number }[] } };
  expect(() => {
    object.spec.deep[0]!.x = 2;
  }).toThrow(TypeError);
  expect(() => (store.list() as Thing[]).push(object)).toThrow(TypeError);
});

test("objects are found by namespace and by index, also after they have changed or gone", () => {
  const { store } = setUp();
  store.see(synced(3, thing("a", 1, { owner: "x" }), thing("b", 2, { owner: "x", namespace: "other" }), thing("c", 3)));
  expect([names(store.index("owner", "x")), names(store.list("other")), names(store.list("none"))]).toEqual([["a", "b"], ["b"], []]);
  store.see({ kind: "applied", object: thing("a", 4, { owner: "y" }) });
  expect([names(store.index("owner", "x")), names(store.index("owner", "y"))]).toEqual([["b"], ["a"]]);
  // The last state of a deleted object may carry other values than those it is filed under.
  store.see({ kind: "deleted", object: thing("b", 5, { namespace: "other" }) });
  expect([names(store.index("owner", "x")), names(store.list("other")), store.get({ namespace: "other", name: "b" })]).toEqual([
    [],
    [],
    undefined,
  ]);
  expect(() => store.index("colour", "red")).toThrow('unknown index "colour"');
});

test("an index that is asked for later covers what is known already, and a second one of its name changes nothing", () => {
  const { store } = setUp();
  store.see(synced(1, thing("a", 1)));
  store.addIndexes({ name: (object) => [object.metadata.name], owner: () => ["never"] });
  expect([names(store.index("name", "a")), names(store.index("owner", "never"))]).toEqual([["a"], []]);
});

test("a cluster-scoped object is found by its name", () => {
  const { store } = setUp();
  const { namespace: _none, ...metadata } = thing("node-1", 1).metadata;
  store.see(synced(1, { apiVersion: "v1", kind: "Thing", metadata }));
  expect(store.get({ name: "node-1" })?.metadata.name).toBe("node-1");
});

test("another object of the same name is reported as deleted and applied", () => {
  const { store, take } = setUp();
  store.see(synced(1, thing("a", 1)));
  take();
  store.see({ kind: "applied", object: thing("a", 2, { uid: "new" }) });
  expect(take()).toEqual(["deleted a@1", "applied a@2 (new)"]);
  store.see(synced(3, thing("a", 3, { uid: "newest" })));
  expect(take()).toEqual(["deleted a@2 (new)", "applied a@3 (newest)"]);
});

describe("our own writes", () => {
  test("are seen at once, and neither older events nor their own echo report anything more", () => {
    const { store, take } = setUp();
    store.see(synced(9, thing("a", 9)));
    store.noteWrite(thing("a", 12));
    store.see({ kind: "applied", object: thing("a", 10) });
    store.see({ kind: "applied", object: thing("a", 12) });
    store.see({ kind: "applied", object: thing("a", 13) });
    expect(take()).toEqual(["applied a@9", "applied a@12 after 9", "applied a@13 after 12"]);
  });

  test("hold against a list and a deletion that are older, and yield to newer ones", () => {
    const { store, take } = setUp();
    store.see(synced(9));
    store.noteWrite(thing("a", 12));
    take();
    store.see(synced(11));
    store.see({ kind: "deleted", object: thing("a", 11, { uid: "before" }) });
    expect([take(), names(store.list())]).toEqual([[], ["a"]]);
    store.see(synced(13));
    expect(take()).toEqual(["deleted a@12"]);
  });

  test("whose answer comes late bring nothing back", () => {
    const { store, take } = setUp();
    store.see(synced(1, thing("a", 1), thing("b", 1)));
    store.see({ kind: "applied", object: thing("a", 5) });
    store.see({ kind: "deleted", object: thing("b", 6) });
    take();
    store.noteWrite(thing("a", 4));
    store.noteWrite(thing("b", 5));
    expect([take(), names(store.list())]).toEqual([[], ["a"]]);
    store.noteWrite(thing("b", 7, { uid: "again" }));
    expect(take()).toEqual(["applied b@7 (again)"]);
  });

  test("that end an object are left to the watch", () => {
    const { store, take } = setUp();
    store.see(synced(1, thing("a", 1)));
    take();
    const leaving = thing("a", 2);
    store.noteWrite({ ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: "2030-01-01T00:00:00Z", finalizers: [] } });
    expect([take(), store.list()[0]?.metadata.resourceVersion]).toEqual([[], "1"]);
  });

  test("are believed where versions cannot be compared", () => {
    const { store, take } = setUp();
    store.noteWrite({ ...thing("a", 1), metadata: { ...thing("a", 1).metadata, resourceVersion: "x9" } });
    store.see({ kind: "applied", object: { ...thing("a", 1), metadata: { ...thing("a", 1).metadata, resourceVersion: "x1" } } });
    expect(take()).toEqual(["applied a@x9", "applied a@x1 after x9"]);
  });

  test("of which versions have more digits are newer", () => {
    const { store, take } = setUp();
    store.noteWrite(thing("a", 100));
    store.see({ kind: "applied", object: thing("a", 99) });
    expect(take()).toEqual(["applied a@100"]);
  });
});

test("a deletion is remembered among a thousand others at most", () => {
  const { store } = setUp();
  store.see(synced(1, ...Array.from({ length: 1_001 }, (_item, index) => thing(`t${index}`, 1))));
  for (let index = 0; index <= 1_000; index += 1) store.see({ kind: "deleted", object: thing(`t${index}`, 5) });
  store.noteWrite(thing("t1000", 4));
  store.noteWrite(thing("t0", 4));
  expect(names(store.list())).toEqual(["t0"]);
});

test("a listener or an index that throws is reported as a bug and stops no other listener", () => {
  const { store, take, bugs } = setUp();
  store.addIndexes({
    broken: () => {
      throw new Error("index");
    },
  });
  const stop = store.onChange(() => {
    throw new Error("listener");
  });
  store.see(synced(1, thing("a", 1)));
  stop();
  store.see({ kind: "deleted", object: thing("never-seen", 2) });
  expect([take(), bugs.map((bug) => (bug as Error).message)]).toEqual([["applied a@1"], ["index", "listener"]]);
});

test("what the server says is gone is believed, of that very object only, and a late event does no harm", () => {
  const { store, take } = setUp();
  store.see(synced(5, thing("a", 1), thing("b", 2)));
  take();
  store.noteGone(thing("a", 1));
  store.noteGone(thing("b", 2, { uid: "uid-of-its-forerunner" }));
  store.noteGone(thing("c", 3));
  expect([take(), names(store.list())]).toEqual([["deleted a@1"], ["b"]]);
  store.see({ kind: "deleted", object: thing("a", 6) });
  expect(take()).toEqual([]);
});
