// The status write of a pass: what it leaves out, and what it learns from the server's answer.
import { expect, test } from "vitest";
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { createStore } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";

type Thing = KubeObject & { status?: { phase?: string } };
const things: ResourceType<Thing> = { group: "example.test", version: "v1", plural: "things", kind: "Thing", namespaced: true };
const thing: Thing = {
  apiVersion: "example.test/v1",
  kind: "Thing",
  metadata: { name: "a", namespace: "shop", uid: "uid-a", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" },
  status: { phase: "Old" },
};

const writeAgainst = async (answer: () => Promise<Thing>, phase = "New"): Promise<{ error: unknown; known: Thing | undefined }> => {
  const store = createStore<Thing>({ onBug: () => {} });
  store.see({ kind: "synced", items: [thing], resourceVersion: "1" });
  const kube = { replaceStatus: answer } as unknown as Kube;
  const error = await writeStatus(kube, store, things, thing, { phase }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, known: store.get({ namespace: "shop", name: "a" }) };
};
const answers404 = (message: string) => (): Promise<Thing> =>
  Promise.reject(new KubeError({ doing: "replace Thing shop/a/status", status: 404, reason: "NotFound", message }));

test("what would change nothing is not sent", async () => {
  const { error, known } = await writeAgainst(() => Promise.reject(new Error("it was sent")), "Old");
  expect([error, known?.metadata.resourceVersion]).toEqual([undefined, "1"]);
});

test("what people wrote cannot steer a terminal from a status; what is hashed stays as it is", async () => {
  const sent: unknown[] = [];
  const store = createStore<Thing>({ onBug: () => {} });
  const kube = { replaceStatus: (_: unknown, object: Thing) => (sent.push(object.status), Promise.resolve(object)) } as unknown as Kube;
  const status = { phase: "New", message: "by ann (“\u001b[31mok\u202e\u009b”)", changes: '"\u202e"' };
  await writeStatus(kube, store, things, thing, status);
  expect(sent).toEqual([{ phase: "New", message: "by ann (“ok”)", changes: '"\u202e"' }]);
});

test("the cache shows the new status at once", async () => {
  const written = { ...thing, metadata: { ...thing.metadata, resourceVersion: "2" }, status: { phase: "New" } };
  const { known } = await writeAgainst(() => Promise.resolve(written));
  expect(known?.status).toEqual({ phase: "New" });
});

test("an object that has been deleted leaves the cache before its watch says so", async () => {
  const { error, known } = await writeAgainst(answers404('things.example.test "a" not found'));
  expect([(error as KubeError).status, known]).toEqual([404, undefined]);
});

test("a server that does not know the kind at this moment says nothing about the object", async () => {
  const { error, known } = await writeAgainst(answers404("the server could not find the requested resource"));
  expect([(error as KubeError).status, known?.metadata.uid]).toEqual([404, "uid-a"]);
});
