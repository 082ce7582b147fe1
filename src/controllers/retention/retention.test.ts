import { expect, test } from "vitest";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { createRetentionController } from "#controllers/retention/controller.ts";
import { decideRetention } from "#controllers/retention/decide.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { silentLog } from "#lib/log.ts";
import { defaultSettings } from "#policy/settings.ts";
import { runController } from "#kube/controller.ts";
import { createStore } from "#kube/store.ts";

const endedAt = Date.UTC(2030, 0, 1);
const hour = 3_600_000;
const settings = { retentionSeconds: 86_400, noActionRetentionSeconds: 3_600, coolOffSeconds: 1_800 };

const request = (status: RemediationRequest["status"], deletionTimestamp?: string): RemediationRequest => ({
  apiVersion: "kintsugi.dev/v1alpha1",
  kind: "RemediationRequest",
  metadata: {
    name: "rr-1",
    namespace: "kintsugi-system",
    uid: "u1",
    resourceVersion: "1",
    creationTimestamp: "2030-01-01T00:00:00Z",
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
  },
  spec: {
    alert: {
      name: "A",
      fingerprint: "f",
      severity: "warning",
      startsAt: "2030-01-01T00:00:00Z",
      source: "manual",
      labels: {},
      annotations: {},
    },
    reported: { kind: "Pod", name: "p" },
    target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
  },
  ...(status === undefined ? {} : { status }),
});
const finished = request({ phase: "Completed", completedAt: new Date(endedAt).toISOString() });

const idle = request({ ...finished.status, outcome: "NoActionRequired" });

test.each<[string, RemediationRequest, typeof settings, number, ReturnType<typeof decideRetention>]>([
  ["one that has not begun stays", request(undefined), settings, 100 * hour, { do: "nothing" }],
  ["one that is being repaired stays, however old", request({ phase: "Executing" }), settings, 10_000 * hour, { do: "nothing" }],
  ["one that is being deleted is left alone", request(finished.status, "2030-01-02T00:00:00Z"), settings, 100 * hour, { do: "nothing" }],
  ["a finished one waits for the rest of its retention", finished, settings, 20 * hour, { do: "wait", afterMs: 4 * hour }],
  ["after its retention it goes", finished, settings, 24 * hour, { do: "delete" }],
  [
    "it is kept while alerts may still belong to it",
    finished,
    { ...settings, retentionSeconds: 60 },
    60_000,
    { do: "wait", afterMs: 1_740_000 },
  ],
  ["one that needed no action goes sooner", idle, settings, hour, { do: "delete" }],
  [
    "but is kept while alerts may still belong to it",
    idle,
    { ...settings, noActionRetentionSeconds: 60 },
    60_000,
    { do: "wait", afterMs: 1_740_000 },
  ],
  ["and never longer than others", idle, { ...settings, retentionSeconds: 1_800 }, hour / 2, { do: "delete" }],
])("%s", (_, object, policy, afterMs, decision) => {
  expect(decideRetention(object, policy, endedAt + afterMs)).toEqual(decision);
});

const harness = (nowMs: number, object: RemediationRequest | undefined, policy = defaultSettings) => {
  const store = createStore<RemediationRequest>({ onBug: () => {} });
  store.see({ kind: "synced", items: object === undefined ? [] : [object], resourceVersion: "1" });
  const deleted: unknown[] = [];
  const clock = createManualClock(nowMs);
  const deps = {
    namespace: "kintsugi-system",
    caches: { of: () => store },
    clock,
    settings: () => policy,
    kube: {
      delete: (_type: unknown, key: unknown, options: { uid?: string }) => {
        deleted.push({ key, uid: options.uid });
        return Promise.resolve("deleted");
      },
    },
  } as unknown as RoleDeps;
  const controller = createRetentionController(deps);
  const key = { namespace: "kintsugi-system", name: "rr-1" };
  return {
    controller,
    clock,
    deleted,
    key,
    reconcile: () => controller.reconcile(key, { signal: new AbortController().signal, log: silentLog }),
  };
};

test("the controller deletes that very object, once its time has come", async () => {
  const { reconcile, deleted, key } = harness(endedAt + 25 * hour, finished);
  expect(await reconcile()).toBe("rest");
  expect(deleted).toEqual([{ key, uid: "u1" }]);
});

test("before that it sets itself a time, and deletes nothing", async () => {
  const { reconcile, deleted } = harness(endedAt + 23 * hour, finished);
  expect(await reconcile()).toEqual({ afterMs: hour });
  expect(deleted).toEqual([]);
});

test("one that is gone or not finished is left alone, and a policy concerns all", async () => {
  expect(await harness(endedAt, undefined).reconcile()).toBe("rest");
  const { controller, reconcile, deleted, key } = harness(endedAt, request({ phase: "Pending" }));
  expect(await reconcile()).toBe("rest");
  expect(deleted).toEqual([]);
  expect(controller.watches.flatMap((watch) => watch.keysOf(finished))).toEqual([key, key]);
});

test("a finished request that is kept for a year is looked at once and deleted at its end", async () => {
  const year = 365 * 24 * hour;
  const { controller, clock, deleted } = harness(endedAt, finished, { ...defaultSettings, retentionSeconds: year / 1000 });
  let looks = 0;
  const reconcile: typeof controller.reconcile = (...call) => {
    looks += 1;
    return controller.reconcile(...call);
  };
  const end = new AbortController();
  const running = runController({ ...controller, reconcile }, { clock, random: () => 0, log: silentLog }, end.signal);
  await clock.advance(year - 1);
  expect([looks, deleted]).toEqual([1, []]);
  await clock.advance(1);
  expect([looks, deleted.length]).toEqual([2, 1]);
  end.abort();
  await running;
});
