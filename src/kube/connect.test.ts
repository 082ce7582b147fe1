// The client against an API server, with a proxy between them that fails on purpose.
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { type ConfigMap, ConfigMaps, Deployments, PodDisruptionBudgets, Pods } from "#api/kubernetes.ts";
import type { NewObject } from "#api/object.ts";
import { connect } from "#kube/connect.ts";
import { KubeError, isAlreadyExists, isConflict, isForbidden, isGuardFailed, isNotFound } from "#kube/errors.ts";
import { pointer } from "#lib/json-patch.ts";
import { createHttpClient } from "#lib/http-client.ts";
import { createMetrics } from "#lib/metrics.ts";
import { systemClock } from "#lib/system-clock.ts";
import type { ProxiedRequest } from "#test/fault-proxy.ts";
import { type ProxiedCluster, evenRandom, startProxiedCluster } from "#test/proxied-cluster.ts";

let cluster: ProxiedCluster;
beforeAll(async () => {
  cluster = await startProxiedCluster();
});
afterAll(() => cluster.stop());

const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}): NewObject<ConfigMap> => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace: cluster.namespace, name, labels },
  data,
});
const keyOf = (name: string) => ({ namespace: cluster.namespace, name });
const on = (method: string, text: string) => (request: ProxiedRequest) => request.method === method && request.path.includes(text);
const sent = (method: string, text: string): number => cluster.proxy.requests.filter(on(method, text)).length;
const errorOf = async (call: Promise<unknown>): Promise<KubeError> => {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(KubeError);
  return error as KubeError;
};

describe("reads and writes", () => {
  test("an object is created, read, patched, and deleted once", async () => {
    const created = await cluster.kube.create(ConfigMaps, configMap("life", { a: "1" }));
    expect(created.metadata.uid).not.toBe("");
    expect(await cluster.kube.get(ConfigMaps, keyOf("life"))).toEqual(created);
    const merged = await cluster.kube.mergePatch(ConfigMaps, keyOf("life"), { data: { b: "2" } });
    expect(merged.data).toEqual({ a: "1", b: "2" });
    const patched = await cluster.kube.jsonPatch(ConfigMaps, keyOf("life"), [{ op: "remove", path: pointer("data", "a") }]);
    expect(patched.data).toEqual({ b: "2" });
    expect(await cluster.kube.delete(ConfigMaps, keyOf("life"))).toBe("deleted");
    expect(await cluster.kube.delete(ConfigMaps, keyOf("life"))).toBe("gone");
    expect(await cluster.kube.get(ConfigMaps, keyOf("life"))).toBeUndefined();
  });

  test("a patch's test holds for any character that the object has", async () => {
    const value = '2>&1 <é> 🌱 "quoted" \\ / \u2028\u2029 \b\f\n\r\t\u0001\u007f';
    await cluster.kube.create(ConfigMaps, configMap("any", { value }));
    const patched = await cluster.kube.jsonPatch(ConfigMaps, keyOf("any"), [
      { op: "test", path: "/data/value", value },
      { op: "add", path: "/data/more", value },
    ]);
    expect(patched.data).toEqual({ value, more: value });
  });

  test("a dry run stores nothing", async () => {
    await cluster.kube.create(ConfigMaps, configMap("dry"), { dryRun: true });
    expect(await cluster.kube.get(ConfigMaps, keyOf("dry"))).toBeUndefined();
    await cluster.kube.create(ConfigMaps, configMap("dry", { a: "1" }));
    expect((await cluster.kube.mergePatch(ConfigMaps, keyOf("dry"), { data: { a: "2" } }, { dryRun: true })).data).toEqual({ a: "2" });
    expect(await cluster.kube.delete(ConfigMaps, keyOf("dry"), { dryRun: true })).toBe("deleted");
    expect((await cluster.kube.get(ConfigMaps, keyOf("dry")))?.data).toEqual({ a: "1" });
  });

  test("a list reads page by page, gives every object its kind, and selects", async () => {
    const names = Array.from({ length: 520 }, (_item, index) => `page-${index}`);
    for (let at = 0; at < names.length; at += 40)
      await Promise.all(
        names.slice(at, at + 40).map((name) => cluster.kube.create(ConfigMaps, configMap(name, {}, { pages: "yes", name }))),
      );
    const before = sent("GET", "labelSelector=pages");
    const listed = await cluster.kube.list(ConfigMaps, { namespace: cluster.namespace, labelSelector: "pages=yes" });
    expect(listed.map((item) => item.metadata.name).toSorted()).toEqual(names.toSorted());
    expect(new Set(listed.map((item) => `${item.apiVersion} ${item.kind}`))).toEqual(new Set(["v1 ConfigMap"]));
    expect(sent("GET", "labelSelector=pages") - before).toBe(2);
    expect(await cluster.kube.list(ConfigMaps, { namespace: cluster.namespace, labelSelector: "pages=yes", limit: 7 })).toHaveLength(7);
    expect(await cluster.kube.list(ConfigMaps, { namespace: cluster.namespace, fieldSelector: "metadata.name=page-3" })).toHaveLength(1);

    // The version of the first page may be gone when the second is asked for.
    cluster.proxy.addRule({ match: on("GET", "continue="), action: { kind: "answer", when: "before", status: 410 } });
    expect(await cluster.kube.list(ConfigMaps, { namespace: cluster.namespace, labelSelector: "pages=yes" })).toHaveLength(520);
  });

  test("a hundred reads in a row share one connection, and many at once at most 32", async () => {
    const kube = connect(cluster.proxy.config(), { clock: systemClock, random: evenRandom });
    const before = cluster.proxy.connections;
    for (let read = 0; read < 100; read += 1) await kube.get(ConfigMaps, keyOf("none"));
    expect(cluster.proxy.connections - before).toBe(1);
    await Promise.all(Array.from({ length: 200 }, () => kube.get(ConfigMaps, keyOf("none"))));
    expect(cluster.proxy.connections - before).toBeLessThanOrEqual(32);
    kube.close();
  });

  test("what has no type is asked for by path", async () => {
    expect(await cluster.kube.request("GET", "/version")).toMatchObject({ major: "1" });
  });
});

describe("what the API server refuses", () => {
  test("an object that exists is AlreadyExists, not a conflict, and can be tried again", async () => {
    await cluster.kube.create(ConfigMaps, configMap("twice"));
    const error = await errorOf(cluster.kube.create(ConfigMaps, configMap("twice")));
    expect([isAlreadyExists(error), isConflict(error), error.code]).toEqual([true, false, "transient"]);
    expect(error.message).toContain(`create ConfigMap ${cluster.namespace}/twice:`);
  });

  test("a guard of a JSON Patch that does not hold means: look again", async () => {
    await cluster.kube.create(ConfigMaps, configMap("guard", { a: "1" }));
    for (const path of ["/data/a", "/data/missing", "/metadata/resourceVersion"]) {
      const error = await errorOf(cluster.kube.jsonPatch(ConfigMaps, keyOf("guard"), [{ op: "test", path, value: "other" }]));
      expect([path, isGuardFailed(error), error.code]).toEqual([path, true, "transient"]);
    }
  });

  test("so does a place that is gone, but not a patch that would make the object invalid", async () => {
    const gone = await errorOf(cluster.kube.jsonPatch(ConfigMaps, keyOf("guard"), [{ op: "remove", path: "/data/none" }]));
    expect([isGuardFailed(gone), gone.code]).toEqual([true, "transient"]);
    const invalid = await errorOf(
      cluster.kube.jsonPatch(ConfigMaps, keyOf("guard"), [{ op: "add", path: "/data/not~1a~1key", value: "x" }]),
    );
    expect([isGuardFailed(invalid), invalid.status, invalid.code]).toEqual([false, 422, "rejected"]);
  });

  test("an object that is not valid is rejected, and the error names the fields", async () => {
    const error = await errorOf(cluster.kube.create(ConfigMaps, configMap("Not A Name")));
    expect([error.status, error.code, error.causes.map((cause) => cause.field)]).toEqual([422, "rejected", ["metadata.name"]]);
  });

  test("a status written on a stale view conflicts, and the rest of the object is left alone", async () => {
    const labels = { app: "web" };
    const created = await cluster.kube.create(Deployments, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...keyOf("web"), labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "web" }] } },
      },
    });
    const updated = await cluster.kube.replaceStatus(Deployments, { metadata: created.metadata, status: { replicas: 1 } });
    expect([updated.status?.replicas, updated.spec.replicas, updated.metadata.labels]).toEqual([1, 2, labels]);
    const error = await errorOf(cluster.kube.replaceStatus(Deployments, { metadata: created.metadata, status: { replicas: 2 } }));
    expect([isConflict(error), error.code]).toEqual([true, "transient"]);
  });

  test("a delete that means another object of that name leaves this one", async () => {
    const { metadata } = await cluster.kube.create(ConfigMaps, configMap("mine"));
    const error = await errorOf(cluster.kube.delete(ConfigMaps, keyOf("mine"), { uid: "11111111-1111-1111-1111-111111111111" }));
    expect(isConflict(error)).toBe(true);
    expect(await cluster.kube.delete(ConfigMaps, keyOf("mine"), { uid: metadata.uid, resourceVersion: metadata.resourceVersion })).toBe(
      "deleted",
    );
  });

  test("without rights it is forbidden and stalled, and says who may not do what", async () => {
    const token = await cluster.createToken("powerless");
    const kube = connect(cluster.proxy.config(token), { clock: systemClock, random: evenRandom });
    const error = await errorOf(kube.list(ConfigMaps, { namespace: cluster.namespace }));
    expect([isForbidden(error), error.code]).toEqual([true, "stalled"]);
    expect(error.message).toContain(`system:serviceaccount:${cluster.namespace}:powerless`);
    kube.close();
  });

  test("a pod that a PodDisruptionBudget protects is not evicted, and one without is", async () => {
    const pod = (name: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { ...keyOf(name), labels: { name } },
      spec: { containers: [{ name: "c", image: "c" }] },
    });
    await cluster.kube.create(Pods, pod("free"));
    const guarded = await cluster.kube.create(Pods, pod("guarded"));
    await cluster.kube.mergePatch(
      Pods,
      keyOf("guarded"),
      { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } },
      { subresource: "status" },
    );
    const budget = {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: keyOf("guard"),
      spec: { minAvailable: 1, selector: { matchLabels: { name: "guarded" } } },
    };
    await cluster.kube.create(PodDisruptionBudgets, budget);
    expect(await cluster.kube.evict(keyOf("free"), { dryRun: true })).toBe("evicted");
    expect(await cluster.kube.evict(keyOf("free"))).toBe("evicted");
    expect(await cluster.kube.evict(keyOf("never-there"))).toBe("gone");
    const error = await errorOf(cluster.kube.evict(keyOf("guarded"), { uid: guarded.metadata.uid }));
    expect([error.status, error.code]).toEqual([429, "transient"]);
  });

  test("the log of a pod that runs nowhere cannot be read, and the error says which", async () => {
    const error = await errorOf(cluster.kube.logs(keyOf("never-there"), { container: "c" }));
    expect(isNotFound(error)).toBe(true);
    expect(error.message).toContain(`read the log of c in Pod ${cluster.namespace}/never-there`);
  });
});

test("log options are sent as given, and the log is text", async () => {
  const isLog = (request: ProxiedRequest): boolean => request.path.includes("/log?");
  cluster.proxy.addRule({
    match: isLog,
    action: { kind: "answer", when: "before", status: 200, headers: { "content-type": "text/plain" }, body: "one\ntwo\n" },
  });
  expect(await cluster.kube.logs(keyOf("web"), { container: "c", previous: true, tailLines: 2 })).toBe("one\ntwo\n");
  const asked = cluster.proxy.requests.findLast(isLog)?.path;
  expect(asked).toBe(`/api/v1/namespaces/${cluster.namespace}/pods/web/log?container=c&previous=true&tailLines=2&limitBytes=1048576`);
});

test("someone else is impersonated with all of their groups", async () => {
  const impersonate = { user: "ann", groups: ["sre", "on-call"] };
  const kube = connect({ ...cluster.proxy.config(), impersonate }, { clock: systemClock, random: evenRandom });
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const answer = await kube.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review);
  expect(answer).toMatchObject({
    status: { userInfo: { username: "ann", groups: expect.arrayContaining(["sre", "on-call"]) as string[] } },
  });
  kube.close();
});

test("who writes is in the record of field managers, whatever carries the bytes", async () => {
  const http = createHttpClient({ clock: systemClock });
  const kube = connect(cluster.proxy.config(), { clock: systemClock, random: evenRandom, http, userAgent: "kintsugi-test/1" });
  const made = await kube.create(ConfigMaps, configMap("signed", { a: "1" }));
  expect(made.metadata.managedFields?.map(({ manager }) => manager)).toEqual(["kintsugi-test"]);
  kube.close();
  http.close();
});

test("calls are counted by method and how they ended", async () => {
  const metrics = createMetrics();
  const kube = connect(cluster.proxy.config(), { clock: systemClock, random: evenRandom, metrics, userAgent: "kintsugi-test" });
  await kube.get(ConfigMaps, keyOf("none"));
  cluster.proxy.addRule({ match: on("POST", "/configmaps"), action: { kind: "reset", when: "before" } });
  await errorOf(kube.create(ConfigMaps, configMap("none")));
  const text = await metrics.text();
  expect(text).toContain('kintsugi_kube_requests_total{method="GET",status="404"} 1');
  expect(text).toContain('kintsugi_kube_requests_total{method="POST",status="connection"} 1');
  kube.close();
});

describe("what goes wrong on the way", () => {
  const path = (name: string): string => `/configmaps/${name}`;

  test("a read is repeated after 500, 429 with Retry-After, and a cut connection", async () => {
    await cluster.kube.create(ConfigMaps, configMap("steady", { a: "1" }));
    const actions = [
      { kind: "answer", when: "before", status: 500 },
      { kind: "answer", when: "before", status: 429, headers: { "retry-after": "0" } },
      { kind: "reset", when: "after" },
      { kind: "cut", afterBytes: 20 },
    ] as const;
    for (const action of actions) {
      cluster.proxy.addRule({ match: on("GET", path("steady")), action });
      const before = sent("GET", path("steady"));
      expect((await cluster.kube.get(ConfigMaps, keyOf("steady")))?.data).toEqual({ a: "1" });
      expect(sent("GET", path("steady")) - before).toBe(2);
    }
  });

  test("a read by path is repeated only where the caller has the time, and is no larger than they take", async () => {
    const answer = (status: number, body: string) => ({ kind: "answer", when: "before", status, body }) as const;
    cluster.proxy.addRule({ match: on("GET", "/quick"), action: answer(503, "no endpoints available") });
    const error = await errorOf(cluster.kube.request("GET", "/quick", undefined, { attempts: 1 }));
    expect([error.status, sent("GET", "/quick")]).toEqual([503, 1]);
    cluster.proxy.addRule({ match: on("GET", "/large"), action: answer(200, `"${"x".repeat(1_000_000)}"`) });
    const large = await errorOf(cluster.kube.request("GET", "/large", undefined, { maxBytes: 262_144 }));
    expect([large.reason, sent("GET", "/large")]).toEqual(["TooLarge", 1]);
  });

  test("a write is never repeated: the caller learns that it may have happened", async () => {
    await cluster.kube.create(ConfigMaps, configMap("once", { a: "0" }));
    const cases = [
      [{ kind: "reset", when: "before" }, "0", "Connection"],
      [{ kind: "reset", when: "after" }, "2", "Connection"],
      [{ kind: "answer", when: "after", status: 500 }, "3", "InternalError"],
      [{ kind: "answer", when: "before", status: 409 }, "3", "Conflict"],
    ] as const;
    for (const [index, [action, stored, reason]] of cases.entries()) {
      cluster.proxy.addRule({ match: on("PATCH", path("once")), action });
      const before = sent("PATCH", path("once"));
      const error = await errorOf(cluster.kube.mergePatch(ConfigMaps, keyOf("once"), { data: { a: String(index + 1) } }));
      expect([error.code, error.reason]).toEqual(["transient", reason]);
      expect(sent("PATCH", path("once")) - before).toBe(1);
      expect((await cluster.direct.get(ConfigMaps, keyOf("once")))?.data).toEqual({ a: stored });
    }
  });

  test("Retry-After of a write reaches the caller", async () => {
    cluster.proxy.addRule({
      match: on("POST", "/configmaps"),
      action: { kind: "answer", when: "before", status: 429, headers: { "retry-after": "7" } },
    });
    const error = await errorOf(cluster.kube.create(ConfigMaps, configMap("later")));
    expect([error.code, error.status, error.retryAfterMs]).toEqual(["transient", 429, 7_000]);
  });

  test("a token that is refused is read anew and used at once", async () => {
    const good = await cluster.createToken("renewed");
    const tokens = ["not-a-token", good];
    let reads = 0;
    const credentials = {
      current: () => Promise.resolve({ token: tokens[Math.min(reads, 1)]! }),
      invalidate: () => {
        reads += 1;
      },
    };
    const kube = connect({ ...cluster.proxy.config(), credentials }, { clock: systemClock, random: evenRandom });
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const answer = await kube.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review);
    expect(answer).toMatchObject({ status: { userInfo: { username: `system:serviceaccount:${cluster.namespace}:renewed` } } });
    expect(reads).toBe(1);
    kube.close();
  });

  test("a token that stays refused is an error that can be tried again", async () => {
    const kube = connect(cluster.proxy.config("never-good"), { clock: systemClock, random: evenRandom });
    const error = await errorOf(kube.get(ConfigMaps, keyOf("steady")));
    expect([error.status, error.code]).toEqual([401, "transient"]);
    kube.close();
  });

  test("an answer that never comes ends at the deadline, and a slow one too", async () => {
    cluster.proxy.addRule({ match: on("GET", path("slow")), action: { kind: "hang", when: "after" } });
    expect((await errorOf(cluster.kube.get(ConfigMaps, keyOf("slow"), { timeoutMs: 50 }))).reason).toBe("Timeout");
    await cluster.kube.create(ConfigMaps, configMap("slow", { a: "x".repeat(500) }));
    cluster.proxy.addRule({ match: on("GET", path("slow")), action: { kind: "slow", chunkBytes: 10, pauseMs: 20 } });
    expect((await errorOf(cluster.kube.get(ConfigMaps, keyOf("slow"), { timeoutMs: 100 }))).reason).toBe("Timeout");
  });

  test("a caller who gives up is let go", async () => {
    cluster.proxy.addRule({ match: on("GET", path("given-up")), action: { kind: "hang", when: "before" } });
    const abort = new AbortController();
    const call = errorOf(cluster.kube.get(ConfigMaps, keyOf("given-up"), { signal: abort.signal }));
    abort.abort(new Error("enough"));
    expect((await call).reason).toBe("Aborted");
    expect((await errorOf(cluster.kube.get(ConfigMaps, keyOf("given-up"), { signal: abort.signal }))).reason).toBe("Aborted");
  });

  test("a caller who gives up while a read waits to be repeated is let go too", async () => {
    cluster.proxy.addRule({
      match: on("GET", path("pausing")),
      action: { kind: "answer", when: "before", status: 429, headers: { "retry-after": "5" } },
    });
    const abort = new AbortController();
    const call = errorOf(cluster.kube.get(ConfigMaps, keyOf("pausing"), { signal: abort.signal }));
    await vi.waitFor(() => expect(cluster.proxy.requests.findLast(on("GET", path("pausing")))?.status).toBe(429));
    abort.abort();
    expect((await call).reason).toBe("Aborted");
  });

  test("an unreachable API server is reported as such", async () => {
    const kube = connect({ ...cluster.proxy.config(), server: "http://127.0.0.1:1" }, { clock: systemClock, random: evenRandom });
    const error = await errorOf(kube.get(ConfigMaps, keyOf("x")));
    expect(error.message).toMatch(/the API server at http:\/\/127\.0\.0\.1:1 cannot be reached: connect ECONNREFUSED/);
    kube.close();
  });

  test("an answer that is not JSON cannot be read, and one that is empty is nothing", async () => {
    const text = (body: string) => ({ kind: "answer", when: "before", status: 200, body }) as const;
    cluster.proxy.addRule({ match: on("GET", path("odd")), action: text("<html>") });
    const error = await errorOf(cluster.kube.get(ConfigMaps, keyOf("odd")));
    expect([error.reason, error.code]).toEqual(["Unreadable", "stalled"]);
    cluster.proxy.addRule({ match: on("GET", "/empty"), action: text("") });
    expect(await cluster.kube.request("GET", "/empty")).toBeUndefined();
  });

  test("credentials that cannot be had are an error that can be tried again, and nothing is sent", async () => {
    const credentials = { current: () => Promise.reject(new Error('the exec plugin "aws" is not installed')), invalidate: () => {} };
    const kube = connect({ ...cluster.proxy.config(), credentials }, { clock: systemClock, random: evenRandom });
    const before = cluster.proxy.requests.length;
    const error = await errorOf(kube.get(ConfigMaps, keyOf("steady")));
    expect([error.code, error.message]).toEqual([
      "transient",
      `get ConfigMap ${cluster.namespace}/steady: the exec plugin "aws" is not installed`,
    ]);
    expect(cluster.proxy.requests).toHaveLength(before);
    kube.close();
  });

  test("a long Retry-After is reported to the caller, not waited for", async () => {
    cluster.proxy.addRule({
      match: on("GET", path("busy")),
      action: { kind: "answer", when: "before", status: 429, headers: { "retry-after": "60" } },
    });
    expect((await errorOf(cluster.kube.get(ConfigMaps, keyOf("busy")))).retryAfterMs).toBe(60_000);
  });
});
