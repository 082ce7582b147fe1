// What the journal takes for each object when it follows an API server: objects with the server's own defaults and field managers, over the wire.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { sampleObject } from "#bench/journal/sample-objects.ts";
import { ConfigMaps, Deployments, RoleBindings, Services } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { loadJournal } from "#cluster/journal/journal-reader.ts";
import { createJournalKeeper } from "#cluster/journal/keep-journal.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const count = 200;
const versions = 3;
let embedded: EmbeddedTestCluster;
beforeAll(async () => {
  embedded = await startEmbeddedCluster();
});
afterAll(() => embedded.stop());

const plain = (index: number, version: number): KubeObject => {
  const { metadata, ...rest } = sampleObject(index, version, Date.UTC(2030, 0, 1));
  const { managedFields: _theirs, ...own } = metadata;
  return { ...rest, metadata: own };
};
const typeOf = { Deployment: Deployments, ConfigMap: ConfigMaps, Service: Services, RoleBinding: RoleBindings } as const;

test("at most 2 KB for each object and its history, in memory and as it is saved; and what is saved is all of it", async () => {
  const kube = embedded.admin;
  const namespace = "default";
  for (let index = 0; index < count; index += 1) embedded.put(plain(index, 1));
  const keeper = createJournalKeeper({
    kube,
    clock: systemClock,
    log: silentLog,
    store: createConfigMapStore({ kube, clock: systemClock, namespace, randomBytes }),
  });
  const end = new AbortController();
  const running = keeper.run(end.signal);
  await vi.waitFor(() => expect(keeper.journal.tracks().length).toBeGreaterThanOrEqual(count), { timeout: 20_000 });
  for (let version = 2; version <= versions; version += 1)
    for (let index = 0; index < count; index += 1) {
      const {
        kind,
        metadata,
        apiVersion: _version,
        status: _status,
        ...content
      } = plain(index, version) as KubeObject & { status?: unknown };
      const { name, namespace: its = "" } = metadata;
      await kube.mergePatch(typeOf[kind as keyof typeof typeOf], { name, namespace: its }, content);
    }
  const known = (): number =>
    Array.from({ length: count }, (_, index) => keeper.journal.get(referenceOf(plain(index, 1)))?.versions.length ?? 0).filter(
      (each) => each === versions,
    ).length;
  await vi.waitFor(() => expect(known()).toBe(count), { timeout: 20_000 });
  end.abort();
  await running;
  const { bytes, objects } = keeper.journal.size;
  expect(bytes / objects).toBeLessThan(2_048);
  const saved = (await kube.list(ConfigMaps, { namespace, labelSelector: "kintsugi.dev/journal=true" })) as (KubeObject & {
    binaryData?: Record<string, string>;
  })[];
  const savedBytes = saved.reduce((sum, { binaryData = {} }) => sum + JSON.stringify(binaryData).length, 0);
  expect(savedBytes / objects).toBeLessThan(2_048);
  expect((await loadJournal(kube, namespace)).tracks.length).toBe(objects);
}, 60_000);
