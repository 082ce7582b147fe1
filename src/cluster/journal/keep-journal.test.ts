import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { ConfigMaps, Deployments, RoleBindings, Secrets } from "#api/kubernetes.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { createJournalKeeper, type JournalKeeper } from "#cluster/journal/keep-journal.ts";
import { referenceOf } from "#cluster/journal/track.ts";
import { KubeError } from "#kube/errors.ts";
import { type Log, silentLog } from "#lib/log.ts";
import { createManualClock, type ManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";
import { createdAt, deploymentObject, object } from "#test/journal-samples.ts";
import { createDirectKube, type DirectKube } from "#test/direct-kube.ts";

const namespace = "kintsugi-system";
const minute = 60_000;

interface Scene {
  readonly clock: ManualClock;
  readonly kube: DirectKube;
}
const scene = (): Scene => {
  const clock = createManualClock(createdAt);
  const kube = createDirectKube(clock);
  return { clock, kube };
};
/** One process, until its signal is aborted. */
const start = async ({ clock, kube }: Scene): Promise<{ keeper: JournalKeeper; stop: () => Promise<void> }> => {
  const store = createConfigMapStore({ kube, clock, namespace, randomBytes });
  const keeper = createJournalKeeper({ kube, clock, store, log: silentLog, metrics: createMetrics() });
  const end = new AbortController();
  const running = keeper.run(end.signal);
  await clock.advance(100);
  return {
    keeper,
    stop: async () => {
      end.abort();
      await clock.advance(100);
      await running;
    },
  };
};
const web = deploymentObject({ image: "web:1" });
const window = { from: createdAt - minute, to: createdAt + 600 * minute };

describe("the keeper", () => {
  test("sees what changes, is created and deleted while it runs", async () => {
    const { clock, kube } = scene();
    kube.put(Deployments, web);
    const { keeper, stop } = await start({ clock, kube });
    kube.put(Deployments, deploymentObject({ image: "web:2" }));
    kube.put(ConfigMaps, object("ConfigMap", "web-config", { data: {} }));
    await clock.advance(minute);
    kube.remove(ConfigMaps, { namespace: "shop", name: "web-config" });
    await clock.advance(minute);
    expect(keeper.changesNear(referenceOf(web), window).map(({ object: { name }, kind, field }) => [name, kind, field])).toEqual([
      ["web", "changed", "spec.template.spec.containers[web].image"],
      ["web", "created", ""],
      ["web-config", "deleted", ""],
      ["web-config", "created", ""],
    ]);
    expect(keeper.gaps).toEqual([]);
    await stop();
  });

  test("hands out what it knows once it has seen every kind, and nothing when it has stopped", async () => {
    const { clock, kube } = scene();
    kube.put(Deployments, web);
    const first = createJournalKeeper({
      kube,
      clock,
      store: createConfigMapStore({ kube, clock, namespace, randomBytes }),
      log: silentLog,
    });
    expect(first.tracks()).toBeUndefined();
    const { keeper, stop } = await start({ clock, kube });
    expect(keeper.tracks()?.flatMap(({ object: { name, namespace: place } }) => (place === "shop" ? [name] : []))).toEqual(["web"]);
    await stop();
    expect(keeper.tracks()).toBeUndefined();
  });

  test("knows after a restart what it knew before, and what became different meanwhile, but not when", async () => {
    const { clock, kube } = scene();
    const binding = object("RoleBinding", "web-reads", {
      roleRef: {},
      subjects: [{ kind: "ServiceAccount", name: "web", namespace: "shop" }],
    });
    kube.put(Deployments, web);
    kube.put(RoleBindings, binding);
    const first = await start({ clock, kube });
    await clock.advance(minute);
    kube.put(Deployments, deploymentObject({ image: "web:2" }));
    await clock.advance(1000);
    await first.stop();
    const stoppedAt = clock.now();
    kube.remove(RoleBindings, { namespace: "shop", name: "web-reads" });
    kube.put(Deployments, deploymentObject({ image: "web:3" }));
    await clock.advance(10 * minute);
    const second = await start({ clock, kube });
    const changes = second.keeper.changesNear(referenceOf(web), window);
    expect(changes.filter(({ field }) => field.endsWith("image")).map(({ before, after }) => [before, after])).toEqual([
      ["web:2", "web:3"],
      ["web:1", "web:2"],
    ]);
    const deletion = changes.find(({ kind }) => kind === "deleted");
    expect(deletion).toMatchObject({ object: { name: "web-reads" }, by: "unknown", relation: "gives it rights" });
    const { notBefore = "", at = "" } = deletion ?? {};
    expect(Math.abs(Date.parse(notBefore) - stoppedAt)).toBeLessThan(1000);
    expect(Date.parse(at) - stoppedAt).toBeGreaterThanOrEqual(10 * minute);
    await second.stop();
  });

  test("a part that it did not write is reported when it is loaded, and its history is not known", async () => {
    const { clock, kube } = scene();
    kube.put(Deployments, web);
    const first = await start({ clock, kube });
    await clock.advance(minute);
    await first.stop();
    kube.remove(Secrets, { namespace, name: "kintsugi-journal-key" });
    const warned: string[] = [];
    const metrics = createMetrics();
    const log: Log = {
      ...silentLog,
      child: () => ({ ...silentLog, warn: (message, fields) => warned.push(`${message}: ${String(fields?.["trouble"])}`) }),
    };
    const keeper = createJournalKeeper({ kube, clock, store: createConfigMapStore({ kube, clock, namespace, randomBytes }), log, metrics });
    const end = new AbortController();
    const running = keeper.run(end.signal);
    await clock.advance(100);
    expect(warned).toEqual([
      "a part of the saved change journal is ignored: ConfigMap kintsugi-system/kintsugi-journal-0 of the change journal is ignored: without a valid seal",
    ]);
    expect(await metrics.text()).toMatch(/journal_refused_shards 1/);
    expect(keeper.journal.get(referenceOf(web))?.versions).toHaveLength(1);
    end.abort();
    await clock.advance(100);
    await running;
    const second = await start({ clock, kube });
    expect(second.keeper.journal.get(referenceOf(web))?.versions).toHaveLength(1);
    await second.stop();
  });

  test("of Secrets it asks for metadata alone, and only where it may", async () => {
    for (const allowed of [true, false]) {
      const { clock, kube } = scene();
      const followed: (readonly [string, unknown])[] = [];
      const listWatch = kube.listWatch;
      kube.listWatch = (type, scope, signal, options) => {
        followed.push([type.plural, options?.part]);
        return listWatch(type, scope, signal, options);
      };
      kube.answer = () => ({ status: { allowed } });
      const { stop } = await start({ clock, kube });
      expect(followed.filter(([plural]) => plural === Secrets.plural)).toEqual(allowed ? [["secrets", "metadata"]] : []);
      await stop();
    }
  });

  test("a kind that may not be read is said, and the others are followed", async () => {
    const { clock, kube } = scene();
    const { listWatch } = kube;
    kube.listWatch = async function* (type, scope, signal, options) {
      if (type.plural !== "configmaps") yield* listWatch(type, scope, signal, options);
      else options?.onTrouble?.(new KubeError({ doing: "list", status: 403, reason: "Forbidden", message: "no right" }));
    };
    kube.put(Deployments, web);
    const { keeper, stop } = await start({ clock, kube });
    expect(keeper.gaps).toEqual([expect.stringContaining("configmaps")]);
    expect(keeper.journal.get(referenceOf(web))).toBeDefined();
    await stop();
  });

  test("a long list is taken in slices, and a store that cannot be read at first is tried again", async () => {
    const { clock, kube } = scene();
    for (let n = 0; n < 450; n += 1) kube.put(ConfigMaps, object("ConfigMap", `c${n}`, { data: { n: `${n}` } }));
    const list = kube.list;
    let failures = 1;
    kube.list = async (...given) => {
      failures -= 1;
      if (failures >= 0) throw new KubeError({ doing: "list", status: 500, reason: "InternalError", message: "no" });
      return list(...given);
    };
    const { keeper, stop } = await start({ clock, kube });
    await clock.advance(10_000);
    expect(keeper.journal.tracks().filter(({ object: { kind } }) => kind === "ConfigMap")).toHaveLength(450);
    await stop();
  });
});
