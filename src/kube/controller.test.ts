// A controller at work: which keys run, how many at once, what each kind of error leads to, and how it stops.
import { describe, expect, test } from "vitest";

import type { Key, KubeObject } from "#api/object.ts";
import { type Controller, type Next, runController } from "#kube/controller.ts";
import { KubeError, StalledError } from "#kube/errors.ts";
import { createStore } from "#kube/store.ts";
import type { LogFields, Log } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";

interface Thing extends KubeObject {
  owner?: string;
}
const thing = (name: string, version: number, owner?: string): Thing => ({
  apiVersion: "v1",
  kind: "Thing",
  metadata: { name, namespace: "shop", uid: `uid-${name}`, resourceVersion: String(version), creationTimestamp: "2030-01-01T00:00:00Z" },
  ...(owner === undefined ? {} : { owner }),
});

const recordingLog = () => {
  const lines: string[] = [];
  const write = (level: string) => (message: string, _fields?: LogFields) => void lines.push(`${level} ${message}`);
  const log: Log = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error"), child: () => log };
  return { log, lines };
};

const setUp = (
  reconcile: (name: string, run: number) => Promise<Next> | Next,
  options: { concurrency?: number; synced?: false; keysOf?: (object: Thing) => Key[] } = {},
) => {
  const clock = createManualClock(0);
  const metrics = createMetrics();
  const { log, lines } = recordingLog();
  const stop = new AbortController();
  const store = createStore<Thing>({ onBug: () => {} });
  const runs: string[] = [];
  const controller: Controller = {
    name: "thing",
    concurrency: options.concurrency ?? 2,
    watches: [
      {
        store,
        keysOf: (object) => (options.keysOf ?? ((item: Thing) => [{ namespace: "shop", name: item.owner ?? item.metadata.name }]))(object),
      },
    ],
    reconcile: async (key) => {
      runs.push(key.name);
      return reconcile(key.name, runs.filter((name) => name === key.name).length);
    },
  };
  if (options.synced !== false) store.see({ kind: "synced", items: [thing("a", 1), thing("b", 2)], resourceVersion: "2" });
  const running = runController(controller, { clock, random: () => 1, log, metrics }, stop.signal);
  const apply = (object: Thing): void => store.see({ kind: "applied", object });
  return { clock, metrics, lines, stop, store, runs, running, apply };
};
const transient = (retryAfterMs?: number): KubeError =>
  new KubeError({ doing: "patch", status: 429, reason: "TooManyRequests", message: "busy", retryAfterMs });

test("begins with everything that is known, once the first list has come", async () => {
  const { clock, store, runs } = setUp(() => "rest", { synced: false });
  await clock.advance(60_000);
  expect(runs).toEqual([]);
  store.see({ kind: "synced", items: [thing("a", 1), thing("b", 2)], resourceVersion: "2" });
  await clock.advance(0);
  expect(runs).toEqual(["a", "b"]);
});

test("a change runs the keys of the object before it and after it", async () => {
  const { clock, runs, apply, store } = setUp(() => "rest");
  await clock.advance(0);
  apply(thing("c", 3, "old"));
  await clock.advance(0);
  apply(thing("c", 4, "new"));
  await clock.advance(0);
  store.see({ kind: "deleted", object: thing("c", 5, "new") });
  await clock.advance(0);
  expect(runs.slice(2)).toEqual(["old", "new", "old", "new"]);
});

test("comes back at the requested time, and rests otherwise", async () => {
  const { clock, runs } = setUp((name, run) => (name === "a" && run === 1 ? { afterMs: 5_000 } : "rest"));
  await clock.advance(4_999);
  expect(runs).toEqual(["a", "b"]);
  await clock.advance(1);
  expect(runs).toEqual(["a", "b", "a"]);
  await clock.advance(3_600_000);
  expect(runs).toHaveLength(3);
});

test("never runs one key twice at once, nor more keys than it may", async () => {
  let open = 0;
  let most = 0;
  const busy = new Set<string>();
  const { clock, apply, runs } = setUp(
    async (name): Promise<Next> => {
      expect(busy.has(name)).toBe(false);
      busy.add(name);
      open += 1;
      most = Math.max(most, open);
      await new Promise<void>((resolve) => clock.after(10, resolve));
      open -= 1;
      busy.delete(name);
      return "rest";
    },
    { concurrency: 3 },
  );
  await clock.advance(0);
  for (let version = 3; version < 10; version += 1) for (const name of ["a", "b", "c", "d", "e"]) apply(thing(name, version));
  await clock.advance(1_000);
  expect([most, open]).toEqual([3, 0]);
  expect(runs.filter((name) => name === "a")).toHaveLength(2);
});

describe("an error that is thrown", () => {
  test("and transient is tried again with growing waits, at least as long as the server asked for", async () => {
    const { clock, runs, lines } = setUp((name, run) => {
      if (name === "a" && run <= 2) throw transient(run === 1 ? 7_000 : undefined);
      return "rest";
    });
    await clock.advance(6_999);
    expect(runs).toEqual(["a", "b"]);
    await clock.advance(1);
    expect(runs).toEqual(["a", "b", "a"]);
    await clock.advance(100);
    expect(runs).toEqual(["a", "b", "a", "a"]);
    expect(lines.filter((line) => line.startsWith("info will be tried again"))).toHaveLength(2);
  });

  test("because its object was deleted meanwhile is nothing that was not foreseen", async () => {
    const { clock, lines, runs } = setUp((name, run) => {
      if (name === "a" && run === 1) throw new KubeError({ doing: "replace", status: 404, reason: "NotFound", message: "not found" });
      return "rest";
    });
    await clock.advance(1_000);
    expect(runs.filter((name) => name === "a")).toHaveLength(2);
    expect(lines).toEqual(["info will be tried again"]);
  });

  test("and stalled waits for a change, or five minutes", async () => {
    const { clock, runs, apply } = setUp((name) => {
      if (name === "a") throw new StalledError("a person must act");
      return "rest";
    });
    await clock.advance(299_999);
    expect(runs).toEqual(["a", "b"]);
    apply(thing("a", 9));
    await clock.advance(0);
    expect(runs).toEqual(["a", "b", "a"]);
    await clock.advance(300_000);
    expect(runs).toEqual(["a", "b", "a", "a"]);
  });

  test("and unforeseen is logged with all it has, backs off, and harms no other object", async () => {
    const { clock, runs, lines, metrics } = setUp((name) => {
      if (name === "a") throw new TypeError("undefined is not a function");
      return { afterMs: 1_000 };
    });
    await clock.advance(10_000);
    expect(runs.filter((name) => name === "b")).toHaveLength(11);
    expect(lines).toContain("error failed in a way that was not foreseen");
    expect(runs.filter((name) => name === "a").length).toBeLessThan(10);
    expect(await metrics.text()).toMatch(/kintsugi_reconcile_total\{controller="thing",outcome="bug"\} [5-9]/);
  });

  test("by a watch on one object keeps nothing else from running", async () => {
    const { clock, runs, lines } = setUp(() => "rest", {
      keysOf: (object) => {
        if (object.metadata.name === "a") throw new TypeError("cannot read");
        return [object.metadata];
      },
    });
    await clock.advance(0);
    expect([runs, lines]).toEqual([["b"], ["error a watch failed on an object"]]);
  });
});

describe("an aborted signal", () => {
  test("it waits for what is running, and begins nothing more", async () => {
    const release = Promise.withResolvers<void>();
    const { clock, stop, running, runs, apply } = setUp(async (name) => {
      if (name === "a") await release.promise;
      return { afterMs: 10 };
    });
    await clock.advance(0);
    let ended = false;
    const end = running.then(() => (ended = true));
    stop.abort();
    apply(thing("c", 3));
    await clock.advance(60_000);
    expect([ended, runs]).toEqual([false, ["a", "b"]]);
    release.resolve();
    await end;
    expect(clock.waiting).toBe(0);
  });

  test("before the first list has come, it ends at once", async () => {
    const { stop, running, runs } = setUp(() => "rest", { synced: false });
    stop.abort();
    await running;
    expect(runs).toEqual([]);
  });

  test("a call that was given up for that reason is no failure", async () => {
    const { clock, stop, running, lines } = setUp(async () => {
      await new Promise<void>((resolve) => stop.signal.addEventListener("abort", () => resolve()));
      throw new KubeError({ doing: "get", status: 0, reason: "Aborted", message: "given up" });
    });
    await clock.advance(0);
    stop.abort();
    await running;
    expect(lines).toEqual([]);
  });
});
