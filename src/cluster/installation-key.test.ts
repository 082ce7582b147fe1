// One key for all processes of an installation, regardless of which one makes it.
import { afterEach, expect, test } from "vitest";
import { Secrets } from "#api/kubernetes.ts";
import { ensureKey, readKey } from "#cluster/installation-key.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

let cluster: EmbeddedTestCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const place = { namespace: "default", name: "kintsugi-test-key" };
const bytesOf = (value: number) => (size: number) => new Uint8Array(size).fill(value);

test("a key that is missing is made once, and read by everyone after", async () => {
  cluster = await startEmbeddedCluster();
  expect(await readKey(cluster.admin, place)).toBeUndefined();
  const made = await ensureKey(cluster.admin, { ...place, randomBytes: bytesOf(7) });
  expect(made).toEqual(Buffer.alloc(32, 7));
  expect(await ensureKey(cluster.admin, { ...place, randomBytes: bytesOf(8) })).toEqual(made);
  expect(await readKey(cluster.admin, place)).toEqual(made);
});

test("of two processes that make it at once, both use the one that was stored", async () => {
  cluster = await startEmbeddedCluster();
  const keys = await Promise.all([1, 2, 3].map((value) => ensureKey(cluster!.admin, { ...place, randomBytes: bytesOf(value) })));
  expect(new Set(keys.map((key) => key.toString("hex"))).size).toBe(1);
});

test("a Secret that holds no key is an error that says what to do, and shows nothing of it", async () => {
  cluster = await startEmbeddedCluster();
  const secret = { apiVersion: "v1", kind: "Secret", metadata: place, data: { key: Buffer.from("too short").toString("base64") } };
  await cluster.admin.create(Secrets, secret);
  await expect(readKey(cluster.admin, place)).rejects.toThrow(
    "Secret default/kintsugi-test-key holds no key of 32 bytes: delete it, and Kintsugi makes a new one",
  );
});
