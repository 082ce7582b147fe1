import { expect, test } from "vitest";
import { ConfigMaps, type ConfigMap } from "#api/kubernetes.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { Kube, Scope, Seen } from "#kube/client.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { type Waiting, watchUntil } from "#scenarios/watch-until.ts";

const configMap = (name: string, value: string): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "shop", uid: name, resourceVersion: "1", creationTimestamp: "2027-01-01T00:00:00Z" },
  data: { value },
});

/** Yields these events, then nothing more until it is aborted. */
const yields = (seen: readonly Seen<ConfigMap>[]): Pick<Kube, "listWatch"> => ({
  async *listWatch<T extends KubeObject, V extends KubeObject = T>(_: ResourceType<T>, __: Scope, signal: AbortSignal) {
    for (const one of seen) yield one as unknown as Seen<V>;
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  },
});

const clock = createManualClock();
const waiting = (seen: readonly Seen<ConfigMap>[], signal?: AbortSignal): Waiting => ({
  kube: yields(seen),
  clock,
  timeoutMs: 5000,
  what: "a wonder",
  ...(signal === undefined ? {} : { signal }),
});
const values = (objects: readonly ConfigMap[]): string => objects.map(({ data }) => data?.["value"]).join();

const history: readonly Seen<ConfigMap>[] = [
  { kind: "synced", items: [configMap("a", "1")], resourceVersion: "1" },
  { kind: "applied", object: configMap("b", "2") },
  { kind: "applied", object: configMap("a", "3") },
  { kind: "deleted", object: configMap("b", "2") },
  { kind: "synced", items: [configMap("c", "4")], resourceVersion: "9" },
];

test("shows every state, the changes applied, until one is it", async () => {
  const states: string[] = [];
  const found = await watchUntil(waiting(history), ConfigMaps, {}, (objects) => {
    states.push(values(objects));
    return values(objects) === "4" ? "found" : undefined;
  });
  expect(found).toBe("found");
  expect(states).toEqual(["1", "1,2", "3,2", "3", "4"]);
});

test("says what it waited for when the time is over", async () => {
  const wait = watchUntil(waiting(history), ConfigMaps, {}, () => undefined);
  await Promise.all([expect(wait).rejects.toThrow("waited 5 s for a wonder"), clock.advance(5000)]);
});

test("ends at once when it is stopped, before or while it waits", async () => {
  const stop = new AbortController();
  const wait = watchUntil(waiting(history, stop.signal), ConfigMaps, {}, () => undefined);
  stop.abort();
  await expect(wait).rejects.toThrow("stopped while waiting for a wonder");
  await expect(watchUntil(waiting(history, stop.signal), ConfigMaps, {}, () => "never")).rejects.toThrow("stopped");
});
