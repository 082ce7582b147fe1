import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigMaps, Secrets } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { createConfigMapStore, maxShardBytes, readSaved } from "#cluster/journal/config-map-store.ts";
import { keptJournal, loadJournal, savedJournal } from "#cluster/journal/journal-reader.ts";
import { JOURNAL_KEY_NAME, sealOf } from "#cluster/journal/journal-seal.ts";
import { readShard, shardBytes } from "#cluster/journal/saved-shard.ts";
import { createJournal, type Journal } from "#cluster/journal/journal.ts";
import { contentsOf, referenceOf } from "#cluster/journal/track.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createdAt, object } from "#test/journal-samples.ts";
import { createDirectKube, failure, type DirectKube } from "#test/direct-kube.ts";

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
  const kube = createDirectKube(clock);
  const journal = createJournal();
  const store = createConfigMapStore({ kube, clock, namespace, randomBytes });
  const save = (all?: true): Promise<void> => store.save(journal.takeChanged(), journal, all === undefined ? {} : { all });
  return { clock, kube, journal, store, save, writes: () => writesOf(kube) };
};
const writesOf = (kube: DirectKube): number =>
  kube.calls.filter(({ verb, what }) => verb !== "get" && what.startsWith("configmaps/")).length;
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

  test("a concurrent write of another process is overwritten at the second try", async () => {
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

  test("a deleted ConfigMap is created again", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    kube.remove(ConfigMaps, { namespace, name: "kintsugi-journal-0" });
    journal.see(config("web", "2"), clock.now());
    await save(true);
    expect((await loadJournal(kube, namespace)).tracks).toHaveLength(1);
  });
});

describe("a shard that this installation did not write", () => {
  const place = (index: number | string) => ({ namespace, name: `kintsugi-journal-${index}` });
  const keyPlace = { namespace, name: JOURNAL_KEY_NAME };
  const labels = { "kintsugi.dev/journal": "true" };
  type Data = Record<string, string>;
  const dataOf = async (kube: DirectKube, index = 0): Promise<Data> =>
    ((await kube.get(ConfigMaps, place(index))) as unknown as { binaryData: Data }).binaryData;
  const putShard = (kube: DirectKube, index: number | string, binaryData: Data) =>
    kube.put(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { ...place(index), labels }, binaryData });
  /** As Kintsugi would write it, with content that the writer chose. */
  const poison = (generation = 1000): string => {
    const journal = createJournal();
    journal.see(config("web", "http://attacker.example"), createdAt);
    return shardBytes({ generation, others: [], savedAt: createdAt, completeUntil: createdAt, tracks: journal.tracks() }).toString(
      "base64",
    );
  };
  const foreignSeal = (index: number): string =>
    sealOf(Buffer.alloc(32, 7), place(index), Buffer.from(poison(), "base64")).toString("base64");
  const readable = async (kube: Parameters<typeof loadJournal>[0]) => {
    const { tracks, troubles } = await loadJournal(kube, namespace);
    return { contents: JSON.stringify(tracks.map(contentsOf)), troubles };
  };

  const forgeries: Record<string, (data: Data) => readonly (readonly [index: number | string, data: Data])[]> = {
    "under a name that is free, without a seal": () => [[63, { journal: poison() }]],
    "under a name that is free, with the seal of another key": () => [[63, { journal: poison(), seal: foreignSeal(63) }]],
    "under a name that is free, with the seal of a shard": ({ seal = "" }) => [[63, { journal: poison(), seal }]],
    "in place of a shard, with its seal": ({ seal = "" }) => [[0, { journal: poison(), seal }]],
    "in place of a shard, with a short seal": () => [[0, { journal: poison(), seal: "AAAA" }]],
    "as a copy of a shard under another name": (data) => [[1, data]],
  };
  for (const [what, forge] of Object.entries(forgeries))
    test(`${what}: is reported, never used, and written over`, async () => {
      const { clock, kube, journal, save } = scene();
      journal.see(config("web", "1"), clock.now());
      await save();
      const forged = forge(await dataOf(kube));
      for (const [index, data] of forged) putShard(kube, index, data);
      const { contents, troubles } = await readable(kube);
      expect(contents).not.toContain("attacker");
      expect(troubles).toEqual([
        `ConfigMap ${namespace}/kintsugi-journal-${forged[0]?.[0]} of the change journal is ignored: without a valid seal`,
      ]);
      const next = createConfigMapStore({ kube, clock, namespace, randomBytes });
      const loaded = createJournal();
      const { tracks, refused } = await next.load();
      expect(refused).toBe(1);
      loaded.restore(tracks);
      loaded.see(config("web", "2"), clock.now());
      await next.save(loaded.takeChanged(), loaded, { all: true });
      const after = await readable(kube);
      expect(after.troubles).toEqual([]);
      expect(after.contents).toContain('"text":"2"');
    });

  test("has the form of a shard: only the seal differs", () => {
    expect(readShard(Buffer.from(poison(), "base64"))).toMatchObject({ tracks: [{ object: { name: "web" } }] });
  });

  test("changed by one bit anywhere: is not used", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    const data = await dataOf(kube);
    const bytes = Buffer.from(data["journal"] ?? "", "base64");
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      putShard(kube, 0, { ...data, journal: changed.toString("base64") });
      expect((await loadJournal(kube, namespace)).tracks).toEqual([]);
    }
    putShard(kube, 0, data);
    expect((await loadJournal(kube, namespace)).tracks).toHaveLength(1);
  });

  test("an older shard that is put back: is not used once another shard was written after it", async () => {
    const { clock, kube, journal, save } = scene();
    for (let n = 0; n < 24; n += 1) journal.see(config(`c${n}`, random(n + 1, 60_000)), clock.now());
    await save(true);
    const older = await dataOf(kube, 1);
    await clock.advance(60_000);
    for (let n = 0; n < 24; n += 1) journal.see(config(`c${n}`, "short"), clock.now());
    await save(true);
    expect((await loadJournal(kube, namespace)).troubles).toEqual([]);
    putShard(kube, 1, older);
    const { tracks, troubles } = await loadJournal(kube, namespace);
    expect(troubles).toEqual([
      `ConfigMap ${namespace}/kintsugi-journal-1 of the change journal is ignored: older than the last saved state`,
    ]);
    expect(tracks.length).toBeLessThan(24);
    expect(tracks.every(({ versions }) => versions.length === 2)).toBe(true);
  });

  test("a name with a leading zero is no shard", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    putShard(kube, "00", { journal: poison() });
    expect((await readable(kube)).troubles).toEqual([]);
  });

  test("without the label, in the way of the first write: is written over", async () => {
    const { clock, kube, journal, save } = scene();
    kube.put(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: place(0), data: { mine: "yes" } });
    journal.see(config("web", "1"), clock.now());
    await expect(save(true)).rejects.toThrow("already exists");
    await save(true);
    expect((await kube.get(ConfigMaps, place(0)))?.metadata.labels).toEqual(labels);
    expect((await loadJournal(kube, namespace)).tracks).toHaveLength(1);
  });

  test("a key that was deleted while the journal is kept: everything is sealed again with a new one, and nothing is lost", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    kube.remove(Secrets, keyPlace);
    expect((await readable(kube)).troubles).toEqual([expect.stringMatching(/without a valid seal/)]);
    await clock.advance(10_000);
    journal.see(config("web", "2"), clock.now());
    await save();
    expect((await readable(kube)).troubles).toEqual([]);
    expect((await loadJournal(kube, namespace)).tracks[0]?.versions).toHaveLength(2);
  });

  test("a key that was deleted between two processes: the history begins again", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    kube.remove(Secrets, keyPlace);
    const next = createConfigMapStore({ kube, clock, namespace, randomBytes });
    expect(await next.load()).toMatchObject({ tracks: [], refused: 1, troubles: [expect.stringMatching(/without a valid seal/)] });
    const fresh = createJournal();
    fresh.see(config("web", "2"), clock.now());
    await next.save(fresh.takeChanged(), fresh, { all: true });
    expect((await loadJournal(kube, namespace)).tracks.map(({ versions }) => versions.length)).toEqual([1]);
  });

  test("for a reader that may not read the key: is shown, and said to be not verified", async () => {
    const { clock, kube, journal, save } = scene();
    expect((await loadJournal(kube, namespace)).unverified).toBeUndefined();
    journal.see(config("web", "1"), clock.now());
    await save();
    kube.before = ({ verb, what }) => {
      if (verb === "get" && what.startsWith("secrets/")) throw failure(403, "Forbidden");
    };
    const { tracks, unverified } = await loadJournal(kube, namespace);
    expect(tracks).toHaveLength(1);
    expect(unverified).toBe("not verified: no access to Secret kintsugi-system/kintsugi-journal-key");
    const acting = await keptJournal(undefined, savedJournal(kube, namespace))();
    expect(acting).toEqual({ tracks: [], troubles: [expect.stringContaining("not verified")] });
  });

  test("the key is in no ConfigMap and no message", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    const secret = (await kube.get(Secrets, keyPlace)) as unknown as { data: { key: string } };
    const written = JSON.stringify(kube.calls.filter(({ what }) => !what.startsWith("secrets/")));
    expect(secret.data.key).toHaveLength(44);
    expect(written).not.toContain(secret.data.key);
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
    kube.put(ConfigMaps, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name: "kintsugi-journal-0", labels: { "kintsugi.dev/journal": "true" } },
      binaryData,
    });
    const { tracks, troubles } = await store.load();
    expect(tracks).toEqual([]);
    expect(troubles).toEqual([expect.stringContaining("kintsugi-journal-0")]);
  });
  test("a new process writes over what the last one left", async () => {
    const { clock, kube, journal, save } = scene();
    journal.see(config("web", "1"), clock.now());
    await save();
    const next = createConfigMapStore({ kube, clock, namespace, randomBytes });
    const loaded = createJournal();
    loaded.restore((await next.load()).tracks);
    loaded.see(config("web", "2"), clock.now() + 1);
    await next.save(loaded.takeChanged(), loaded, { all: true });
    expect((await loadJournal(kube, namespace)).tracks[0]?.versions).toHaveLength(2);
  });
});

test("while a journal of many parts is read, the process answers in between", async () => {
  const parts = Array.from({ length: 8 }, (_, index) => object("ConfigMap", `kintsugi-journal-${index}`, {}));
  let turns = 0;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  await readSaved(parts, "unverified");
  clearImmediate(next);
  expect(turns).toBeGreaterThanOrEqual(parts.length - 1);
});
