import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigMaps } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { savedJournal } from "#cluster/journal/journal-reader.ts";
import { createJournal } from "#cluster/journal/journal.ts";
import { shardBytes } from "#cluster/journal/saved-shard.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { readForAction } from "#cluster/read-for-action.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createdAt, object } from "#test/journal-samples.ts";
import { createDirectKube } from "#test/direct-kube.ts";

const home = "kintsugi-system";
const hour = 3_600_000;
const at = (hours: number): string => new Date(createdAt + hours * hour).toISOString();
const settings = (rate: string): KubeObject => object("ConfigMap", "settings", { data: { rate } });

/** A ConfigMap that was 1, then 2, then 3, an hour each; then it was deleted. */
const scene = async () => {
  const clock = createManualClock(createdAt);
  const kube = createDirectKube(clock);
  const journal = createJournal();
  journal.see(settings("1"), createdAt);
  journal.see(settings("2"), createdAt + hour);
  journal.see(settings("3"), createdAt + 2 * hour);
  journal.seeDeleted(referenceOf(settings("3")), createdAt + 3 * hour);
  journal.see(object("ConfigMap", "large", { data: { text: "x".repeat(300_000) } }), createdAt);
  await createConfigMapStore({ kube, clock, namespace: home, randomBytes }).save(journal.takeChanged(), journal);
  return { kube, journal: savedJournal(kube, home) };
};

describe("what an object was before a time", () => {
  const cases: Record<string, [name: string, before: string, expected: object]> = {
    "the version of then": ["settings", at(1.5), { at: at(1), content: { data: { rate: "2" } } }],
    "not what was written at that very time": ["settings", at(1), { content: { data: { rate: "1" } } }],
    "also of what does not exist any more": ["settings", at(3), { content: { data: { rate: "3" } } }],
    "nothing, where it did not exist then": ["settings", at(4), { unknown: `it did not exist before ${at(4)}` }],
    "nothing from before it was followed": ["settings", at(0), { unknown: `the change journal does not reach back to before ${at(0)}` }],
    "nothing of an object that was never seen": ["other", at(1), { unknown: "the change journal does not know it" }],
    "nothing of what was too large": ["large", at(1), { unknown: "it was too large for the change journal to keep" }],
    "nothing for a time that is none": ["settings", "noon", { unknown: '"noon" is not a time' }],
  };
  for (const [what, [name, before, expected]] of Object.entries(cases))
    test(what, async () => {
      const reference = referenceOf(object("ConfigMap", name, {}));
      const { target, kept } = await readForAction(await scene(), [{ keptBefore: before }], reference);
      expect({ target, kept }).toMatchObject({ target: undefined, kept: expected });
    });

  test("is not asked for where no action needs it", async () => {
    const kube = { get: async () => undefined, list: () => Promise.reject(new Error("no list is expected")) } as unknown as Kube;
    expect(await readForAction({ kube, journal: savedJournal(kube, home) }, [], referenceOf(settings("1")))).not.toHaveProperty("kept");
  });

  test("is not what another writer saved as the journal, and the reason is given", async () => {
    const { kube, journal } = await scene();
    const saved = kube.objects(ConfigMaps)[0] as unknown as KubeObject & { binaryData: Record<string, string> };
    const forged = createJournal();
    forged.see(settings("http://attacker.example"), createdAt);
    const bytes = shardBytes({ generation: 99, others: [], savedAt: createdAt, completeUntil: createdAt, tracks: forged.tracks() });
    kube.put(ConfigMaps, { ...saved, binaryData: { ...saved.binaryData, journal: bytes.toString("base64") } });
    const { kept } = await readForAction({ kube, journal }, [{ keptBefore: at(1.5) }], referenceOf(settings("1")));
    expect(kept).toEqual({
      unknown:
        "the change journal does not know it; ConfigMap kintsugi-system/kintsugi-journal-0 of the change journal is ignored: without a valid seal",
    });
  });

  test("is not what could not be verified", async () => {
    const { kube, journal } = await scene();
    kube.before = ({ verb, what }) => {
      if (verb === "get" && what.startsWith("secrets/"))
        throw new KubeError({ doing: "get", status: 403, reason: "Forbidden", message: "" });
    };
    const { kept } = await readForAction({ kube, journal }, [{ keptBefore: at(1.5) }], referenceOf(settings("1")));
    expect(kept).toEqual({ unknown: "the change journal is not verified: no access to Secret kintsugi-system/kintsugi-journal-key" });
  });

  test("is not known to those who may not read the journal; another failure is thrown", async () => {
    const failing = (status: number): Kube =>
      ({
        get: async () => undefined,
        list: () => Promise.reject(new KubeError({ doing: "list", status, reason: "", message: "no" })),
      }) as unknown as Kube;
    const read = (status: number) =>
      readForAction(
        { kube: failing(status), journal: savedJournal(failing(status), home) },
        [{ keptBefore: at(1) }],
        referenceOf(settings("1")),
      );
    expect((await read(403)).kept).toEqual({ unknown: "no change journal could be read" });
    await expect(read(500)).rejects.toThrow("no");
  });
});
