import { describe, expect, test } from "vitest";
import { ConfigMaps } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { createConfigMapStore, loadJournal, maxShardBytes } from "#cluster/journal/config-map-store.ts";
import { createJournal, type Journal } from "#cluster/journal/journal.ts";
import { contentsOf, referenceOf } from "#cluster/journal/track.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createdAt, object } from "#test/journal-samples.ts";
import { createMemoryKube, failure, type MemoryKube } from "#test/memory-kube.ts";

const namespace = "kintsugi-system";
const config = (name: string, text: string): KubeObject => object("ConfigMap", name, { data: { text } });
const random = (seed: number, length: number): string => {
  let state = seed;
  return Array.from({ length }, () => {
    state = (state * 48271) % 2147483647;
    return String.fromCharCode(33 + (state % 90));
  }).join("");
};

const scene = () => {
  const clock = createManualClock(createdAt);
  const memory = createMemoryKube(clock.now);
  const kube = Object.assign(memory, {
    list: async (type: typeof ConfigMaps) => memory.objects(type).map((each) => structuredClone(each)) as never,
  });
  const journal = createJournal();
  const store = createConfigMapStore({ kube, clock, namespace });
  const save = (all?: true): Promise<void> => store.save(journal.takeChanged(), journal, all === undefined ? {} : { all });
  return { clock, kube, journal, store, save, writes: () => writesOf(kube) };
};
const writesOf = (kube: MemoryKube): number => kube.calls.filter(({ verb }) => verb !== "get").length;
const all = (journal: Pick<Journal, "tracks">) => journal.tracks().map((track) => [track.object.name, contentsOf(track)]);

describe("saving", () => {
  test("what was saved is what is loaded, history and all", async () => {
    const { clock, kube, journal, save } = scene();
    for (let version = 0; version < 5; version += 1) journal.see(config("web", `${version} ${"ü".repeat(50)}`), clock.now() + version);
    journal.see(config("gone", "x"), clock.now());
    journal.seeDeleted(referenceOf(config("gone", "x")), clock.now());
    await save();
    const loaded = createJournal();
    loaded.restore((await loadJournal(kube, namespace)).tracks);
    expect(all(loaded)).toEqual(all(journal));
    expect(loaded.takeChanged()).toEqual([]);
  });

  test("at most once in ten seconds, however much changes; never where nothing does", async () => {
    const { clock, journal, save, writes } = scene();
    for (let second = 0; second < 30; second += 1) {
      for (let n = 0; n < 10; n += 1) journal.see(config(`c${n}`, `${second}`), clock.now());
      await save();
      await clock.advance(1000);
    }
    expect(writes()).toBe(3);
    await save();
    await clock.advance(60_000);
    await save();
    expect(writes()).toBe(4);
  });

  test("a large journal is spread over shards that each fit, and a large one is written less often", async () => {
    const { clock, kube, journal, save, writes } = scene();
    for (let n = 0; n < 24; n += 1) journal.see(config(`c${n}`, random(n + 1, 60_000)), clock.now());
    await save();
    const sizes = kube
      .objects(ConfigMaps)
      .map((each) => Buffer.from((each as unknown as { binaryData: { journal: string } }).binaryData.journal, "base64").length);
    expect(sizes.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...sizes)).toBeLessThan(maxShardBytes);
    const loaded = createJournal();
    loaded.restore((await loadJournal(kube, namespace)).tracks);
    expect(loaded.size.objects).toBe(24);
    const before = writes();
    for (let n = 0; n < 24; n += 1) journal.see(config(`c${n}`, "short"), clock.now());
    await clock.advance(10_000);
    await save();
    expect(writes()).toBe(before);
    await clock.advance(230_000);
    await save();
    expect(writes()).toBe(before + sizes.length);
  });

  test("a write that fails is done later, and nothing is lost", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    kube.before = () => {
      throw failure(500, "InternalError");
    };
    await expect(save()).rejects.toThrow("InternalError");
    kube.before = () => {};
    await save();
    expect((await loadJournal(kube, namespace)).tracks).toHaveLength(1);
  });

  test("what somebody else has written in between is written over at the second try", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    journal.see(config("web", "2"), clock.now());
    const patches: unknown[] = [];
    kube.before = ({ verb, body }) => {
      if (verb === "mergePatch" && patches.push(body) === 1) throw failure(409, "Conflict");
    };
    await expect(save(true)).rejects.toThrow("Conflict");
    await save(true);
    expect((await loadJournal(kube, namespace)).tracks[0]?.versions).toHaveLength(2);
  });

  test("a ConfigMap that somebody deleted is made again", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    kube.remove(ConfigMaps, { namespace, name: "kintsugi-journal-0" });
    journal.see(config("web", "2"), clock.now());
    await save(true);
    expect((await loadJournal(kube, namespace)).tracks).toHaveLength(1);
  });
});

describe("loading", () => {
  test("says up to when everything was saved; on the way out, even where nothing had changed", async () => {
    const { clock, kube, journal, store, save } = scene();
    expect((await store.load()).savedAt).toBeUndefined();
    journal.see(config("web", "1"), clock.now());
    await save();
    await clock.advance(3600_000);
    await save(true);
    expect((await loadJournal(kube, namespace)).savedAt).toBe(createdAt + 3600_000);
  });
  test.each([
    ["no data at all", {}],
    ["no packed data", { journal: Buffer.from("hello").toString("base64") }],
  ])("a shard with %s is left out and said", async (_what, binaryData) => {
    const { kube, store } = scene();
    kube.put(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "kintsugi-journal-0" }, binaryData });
    const { tracks, troubles } = await store.load();
    expect(tracks).toEqual([]);
    expect(troubles).toEqual([expect.stringContaining("kintsugi-journal-0")]);
  });
  test("a new process writes over what the last one left", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    const next = createConfigMapStore({ kube, clock, namespace });
    const loaded = createJournal();
    loaded.restore((await next.load()).tracks);
    loaded.see(config("web", "2"), clock.now() + 1);
    await next.save(loaded.takeChanged(), loaded, { all: true });
    expect((await loadJournal(kube, namespace)).tracks[0]?.versions).toHaveLength(2);
  });
});
