// The Gateway over HTTP against an embedded API server: what it answers, what it stores, and how many calls that takes.
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { Deployments, Namespaces, Pods, ReplicaSets } from "#api/kubernetes.ts";
import { prometheusSignalsPath } from "#api/rest/gateway.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { crds } from "#manifests/install.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { createDirectKube, failure, type DirectKube } from "#test/direct-kube.ts";
import { namespace, replica, reviews, setUp, stopGateways } from "#test/gateway-harness.ts";
import { senderToken, testIssuer } from "#test/sender-tokens.ts";

afterEach(stopGateways);

const pod = (name: string) => ({ labels: { namespace: "shop", pod: name } });
const putWeb = (kube: DirectKube): void => {
  const owned = (kind: string, owner: string) => [{ apiVersion: "apps/v1", kind, name: owner, uid: `uid-${owner}`, controller: true }];
  kube.put(Deployments, { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "shop", uid: "uid-web" } });
  kube.put(ReplicaSets, {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "web-7d8f9b5c4", namespace: "shop", uid: "uid-web-7d8f9b5c4", ownerReferences: owned("Deployment", "web") },
  });
  for (const suffix of ["b2b2b", "c4c4c", "d5d5d"]) {
    kube.put(Pods, {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: `web-7d8f9b5c4-${suffix}`, namespace: "shop", ownerReferences: owned("ReplicaSet", "web-7d8f9b5c4") },
    });
  }
};

describe("calls to the API server, once authentication is cached", () => {
  test("one for a new request, one for an alert that joins, none for a repeated one", async () => {
    const { kube, post, requests } = await setUp();
    expect(await post({})).toEqual(["created"]);
    expect(kube.calls.splice(0).map(({ verb }) => verb)).toEqual(["create"]);
    expect(await post({ name: "KubeDeploymentReplicasMismatch" })).toEqual(["joined"]);
    expect(kube.calls.splice(0).map(({ verb }) => verb)).toEqual(["mergePatch"]);
    expect(await post({}, { name: "KubeDeploymentReplicasMismatch" })).toEqual(["repeated", "repeated"]);
    expect(kube.calls).toEqual([]);
    expect(requests()).toHaveLength(1);
    expect(Object.keys(requests()[0]?.status?.alerts ?? {})).toHaveLength(2);
  });

  test("repeats are written once a second and request, and only where there are any", async () => {
    const { kube, clock, post, requests } = await setUp();
    await post({}, { labels: { namespace: "shop", deployment: "api" } });
    kube.calls.length = 0;
    for (let time = 0; time < 20; time += 1) await post({});
    expect(kube.calls).toEqual([]);
    await clock.advance(1_000);
    expect(kube.calls.map(({ verb }) => verb)).toEqual(["mergePatch"]);
    await clock.advance(60_000);
    expect(kube.calls).toHaveLength(1);
    const web = requests().find((request) => request.spec.target.name === "web");
    expect(Object.values(web?.status?.alerts ?? {})).toMatchObject([{ count: 21, lastSeen: "2030-01-01T00:00:00Z" }]);
  });

  test("a thousand alerts of one target: one create, one patch", async () => {
    const { kube, send, requests } = await setUp();
    const alerts = Array.from({ length: 1_000 }, (_, index) => alertmanagerAlert({ name: `Alert${index}` }));
    const { status, results } = await send(delivery(alerts));
    expect(status).toBe(202);
    expect(kube.calls.map(({ verb }) => verb)).toEqual(["create", "mergePatch"]);
    const counts = Map.groupBy(results, ({ result }) => result);
    expect([counts.get("created")?.length, counts.get("joined")?.length, counts.get("repeated")?.length]).toEqual([1, 49, 950]);
    expect(Object.keys(requests()[0]?.status?.alerts ?? {})).toHaveLength(50);
  });

  test("a storm of 10,000 alerts over 100 targets is 100 requests", async () => {
    const { kube, send, requests } = await setUp();
    const alert = (index: number) =>
      alertmanagerAlert({ name: `Alert${index % 7}`, labels: { namespace: "shop", deployment: `d${index % 100}`, index: `${index}` } });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, part) => send(delivery(Array.from({ length: 100 }, (__, index) => alert(part * 100 + index))))),
    );
    expect(answers.every(({ status, results }) => status === 202 && results.length === 100)).toBe(true);
    expect(requests()).toHaveLength(100);
    expect(kube.calls.filter(({ verb }) => verb === "create")).toHaveLength(100);
    // Thousands of writes that the server validates: a busy machine needs its time.
  }, 300_000);
});

describe("episodes", () => {
  test("five pods of one owner are one request, named after the owner", async () => {
    const { kube, clock, post, requests } = await setUp();
    putWeb(kube);
    await clock.advance(0);
    expect(await post(pod("web-7d8f9b5c4-b2b2b"), pod("web-7d8f9b5c4-c4c4c"), pod("web-7d8f9b5c4-d5d5d"))).toEqual([
      "created",
      "joined",
      "joined",
    ]);
    expect(requests()).toMatchObject([
      {
        metadata: {
          name: expect.stringMatching(/^rr-[0-9a-f]{12}-1$/),
          labels: { "kintsugi.dev/target": expect.stringMatching(/^[0-9a-f]{12}$/) },
        },
        spec: {
          target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
          reported: { kind: "Pod", namespace: "shop", name: "web-7d8f9b5c4-b2b2b" },
          alert: { startsAt: "2029-12-31T23:59:00.123Z", severity: "critical" },
        },
      },
    ]);
  });

  test("an alert for a pod that no longer exists goes to its Deployment", async () => {
    const { kube, clock, post, requests } = await setUp();
    putWeb(kube);
    await clock.advance(0);
    expect(await post(pod("web-7d8f9b5c4-zzzzz"))).toEqual(["created"]);
    expect(requests()[0]?.spec.target).toMatchObject({ kind: "Deployment", name: "web" });
  });

  test("an alert for an unknown object is kept", async () => {
    const { post, requests } = await setUp();
    expect(await post(pod("ghost"))).toEqual(["created"]);
    expect(requests()[0]?.spec.target).toEqual({ apiVersion: "v1", kind: "Pod", namespace: "shop", name: "ghost" });
  });

  test("a cluster-scoped object is a target without a namespace", async () => {
    const { post, requests } = await setUp();
    expect(await post({ labels: { node: "n1", namespace: "monitoring", job: "kube-state-metrics" } })).toEqual(["created"]);
    expect(requests()[0]?.spec.target).toEqual({ apiVersion: "v1", kind: "Node", name: "n1" });
  });

  test("the end of an alert is recorded, and its next firing clears it", async () => {
    const { post, requests } = await setUp();
    await post({});
    expect(await post({ status: "resolved", endsAt: "2029-12-31T23:59:30Z" })).toEqual(["resolved"]);
    const entry = () => Object.values(requests()[0]?.status?.alerts ?? {})[0];
    expect(entry()).toMatchObject({ resolvedAt: "2029-12-31T23:59:30.000Z", count: 1 });
    expect(await post({ status: "resolved" })).toEqual(["ignored"]);
    expect(await post({ startsAt: "2029-12-31T23:59:50Z" })).toEqual(["joined"]);
    expect(entry()).toEqual({
      name: "KubePodCrashLooping",
      startsAt: "2029-12-31T23:59:50.000Z",
      lastSeen: "2030-01-01T00:00:00Z",
      count: 2,
      firings: 2,
    });
  });

  test("eight pods of one workload that awaits a person are one request, however late each alert starts", async () => {
    const { kube, post, requests, finish } = await setUp();
    await post({});
    const [first] = requests();
    if (first !== undefined) finish(first, "AwaitingPerson");
    for (let index = 1; index < 8; index += 1)
      expect(await post({ name: `Alert${index}`, startsAt: "2029-12-31T23:59:50Z" })).toEqual(["joined"]);
    expect(requests()).toHaveLength(1);
    expect(kube.calls.filter(({ verb }) => verb === "create")).toHaveLength(1);
  });

  test("firing and resolved in one delivery each have their effect", async () => {
    const { kube, post, requests } = await setUp();
    await post({});
    kube.calls.length = 0;
    expect(await post({ name: "Other" }, { status: "resolved" })).toEqual(["joined", "resolved"]);
    expect(kube.calls).toHaveLength(1);
    const alerts = Object.values(requests()[0]?.status?.alerts ?? {});
    expect(alerts.map(({ name, resolvedAt }) => [name, resolvedAt === undefined])).toEqual([
      ["Other", true],
      ["KubePodCrashLooping", false],
    ]);
  });

  test("after a request has ended: its own alert belongs to it, a later one is a new episode", async () => {
    const { clock, requests, finish, post } = await setUp();
    await post({});
    await clock.advance(60_000);
    finish(requests()[0]!);
    await clock.advance(60_000);
    expect(await post({})).toEqual(["repeated"]);
    expect(await post({ startsAt: new Date(clock.now()).toISOString() })).toEqual(["created"]);
    expect(requests().map(({ metadata: { name } }) => name.at(-1))).toEqual(["1", "2"]);
  });

  test("a sender whose clock is ahead does not begin an episode with each delivery", async () => {
    const { clock, requests, finish, post } = await setUp();
    const ahead = { startsAt: "2099-01-01T00:00:00Z" };
    expect(await post(ahead)).toEqual(["created"]);
    expect(requests()[0]?.spec.alert.startsAt).toBe(new Date(clock.now()).toISOString());
    await clock.advance(10_000);
    finish(requests()[0]!);
    for (let time = 0; time < 5; time += 1) {
      await clock.advance(10_000);
      expect(await post(ahead)).toEqual(["repeated"]);
    }
    expect(requests()).toHaveLength(1);
    await clock.advance(1_800_000);
    expect(await post(ahead)).toEqual(["created"]);
  });

  test("an alert that still fires when the cool-off is over is a new episode", async () => {
    const { clock, requests, finish, post } = await setUp();
    await post({});
    finish(requests()[0]!);
    await clock.advance(1_800_000);
    expect(await post({})).toEqual(["created"]);
    expect(requests()).toHaveLength(2);
  });
});

describe("two replicas", () => {
  test("the same alert at both at once is one request", async () => {
    const first = await setUp();
    const second = await replica(first.kube, first.clock);
    await second.start();
    first.kube.setWatching(false);
    const results = await Promise.all([first.post({}), second.post({})]);
    expect(results.flat().toSorted()).toEqual(["created", "repeated"]);
    expect(first.requests()).toHaveLength(1);
  });

  test("different alerts of one target at both at once are one request that knows both", async () => {
    const first = await setUp();
    const second = await replica(first.kube, first.clock);
    await second.start();
    first.kube.setWatching(false);
    const results = await Promise.all([first.post({}), second.post({ name: "Other" })]);
    expect(results.flat().toSorted()).toEqual(["created", "joined"]);
    expect(Object.keys(first.requests()[0]?.status?.alerts ?? {})).toHaveLength(2);
  });

  test("a replica whose cache misses the end of a request takes the next number", async () => {
    const { kube, clock, requests, finish, post } = await setUp();
    await post({});
    kube.setWatching(false);
    await clock.advance(1_000);
    finish(requests()[0]!);
    const startsAt = new Date(clock.now() + 1_000).toISOString();
    await clock.advance(2_000);
    // The patch goes to the ended request, whose answer says so: the alert came after that end.
    expect(await post({ name: "Later", startsAt })).toEqual(["created"]);
    expect(requests().map(({ metadata: { name } }) => name.at(-1))).toEqual(["1", "2"]);
  });

  test("an alert from before that end stays with the ended request", async () => {
    const { kube, clock, requests, finish, post } = await setUp();
    await post({});
    kube.setWatching(false);
    await clock.advance(1_000);
    finish(requests()[0]!);
    expect(await post({ name: "Earlier" })).toEqual(["joined"]);
    expect(requests()).toHaveLength(1);
  });

  test("a request that is gone, though the cache shows it, is not joined", async () => {
    const { kube, requests, post } = await setUp();
    await post({});
    kube.setWatching(false);
    kube.remove(RemediationRequest, { namespace, name: requests()[0]!.metadata.name });
    expect(await post({ name: "Other" })).toEqual(["created"]);
    expect(requests()).toHaveLength(1);
  });

  test("others that are always faster end in 503, not in a loop", async () => {
    const { kube, clock, send } = await setUp();
    kube.setWatching(false);
    kube.before = ({ verb, what }) => {
      if (verb !== "create") return;
      const name = what.split("/").at(-1)!;
      const past = new Date(clock.now() - 7_200_000).toISOString();
      kube.put(RemediationRequest, {
        apiVersion: "kintsugi.dev/v1alpha1",
        kind: "RemediationRequest",
        metadata: { name, namespace, labels: { "kintsugi.dev/target": "x" } },
        spec: { alert: { fingerprint: "x", startsAt: past }, target: {} },
      });
    };
    const { status, headers } = await send(delivery([alertmanagerAlert()]));
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    expect(kube.calls.filter(({ verb }) => verb === "create").length).toBeLessThanOrEqual(8);
  });
});

describe("senders without a token", () => {
  test("60 of them with 12 MiB each are answered 401, and not one byte of theirs is read", async () => {
    const { app } = await setUp();
    let taken = 0;
    const answers = await Promise.all(
      Array.from({ length: 60 }, async () => {
        const pull = (stream: ReadableStreamDefaultController<Uint8Array>): void => {
          taken += 65_536;
          if (taken > 60 * 12 * 1024 * 1024) stream.close();
          else stream.enqueue(new Uint8Array(65_536));
        };
        const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
        const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } } as RequestInit;
        return app.fetch(new Request(`http://localhost${prometheusSignalsPath}`, init));
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(taken).toBe(0);
  });
});

describe("bad input", () => {
  test.each<[string, unknown, { headers?: Record<string, string>; method?: string }, number, string]>([
    ["malformed JSON", '{"version":"4","alerts":[', {}, 400, "unreadable-delivery"],
    ["no JSON at all", "", {}, 400, "unreadable-delivery"],
    ["an unknown version", { ...delivery([alertmanagerAlert()]), version: "3" }, {}, 400, "unreadable-delivery"],
    ["wrong types everywhere", { version: "4", alerts: [1, "x", null, { labels: [] }] }, {}, 400, "unreadable-delivery"],
    ["only an alert without labels", delivery([{ ...alertmanagerAlert(), labels: {} }]), {}, 400, "unreadable-delivery"],
    ["a form", delivery([]), { headers: { "content-type": "application/x-www-form-urlencoded" } }, 415, "unsupported-media-type"],
    ["no token", delivery([]), { headers: { authorization: "" } }, 401, "unauthenticated"],
    ["a password instead of a token", delivery([]), { headers: { authorization: "Basic YTpi" } }, 401, "unauthenticated"],
    [
      "a token for the API server",
      delivery([]),
      { headers: { authorization: `Bearer ${senderToken("a", { aud: testIssuer })}` } },
      401,
      "unauthenticated",
    ],
    ["a wrong token", delivery([]), { headers: { authorization: `Bearer ${senderToken("unknown")}` } }, 401, "unauthenticated"],
    ["a token without rights", delivery([]), { headers: { authorization: `Bearer ${senderToken("norights")}` } }, 403, "forbidden"],
    ["another method", undefined, { method: "GET" }, 405, "method-not-allowed"],
    ["a body over 10 MiB", `"${"x".repeat(10 * 1024 * 1024)}"`, {}, 413, "too-large"],
  ])("%s", async (_name, body, init, status, code) => {
    const { kube, send, requests } = await setUp();
    const answer = await send(body, init);
    expect([answer.status, answer.problem.code]).toEqual([status, code]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(requests()).toEqual([]);
    expect(kube.calls.every(({ verb }) => verb === "request")).toBe(true);
  });

  test("a body over 10 MiB without a content length is refused too", async () => {
    const { server, requests } = await setUp();
    const part = new TextEncoder().encode(" ".repeat(1024 * 1024));
    let parts = 0;
    const body = new ReadableStream<Uint8Array>({ pull: (stream) => (parts++ < 12 ? stream.enqueue(part) : stream.close()) });
    const headers = { authorization: `Bearer ${senderToken("alertmanager")}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body, duplex: "half" } as RequestInit;
    expect((await fetch(`${server.url}${prometheusSignalsPath}`, init)).status).toBe(413);
    expect(requests()).toEqual([]);
  });

  test("the refusal of a token for the API server says how to make one for Kintsugi", async () => {
    const { send } = await setUp();
    const authorization = `Bearer ${senderToken("alertmanager", { aud: [testIssuer] })}`;
    expect((await send(delivery([]), { headers: { authorization } })).problem.detail).toBe(
      "the token is refused: it is not for the audience kintsugi. " +
        "Create one with: kubectl create token kintsugi-signals -n kintsugi-system --audience kintsugi --duration 8760h",
    );
  });

  test("a refusal names the required header", async () => {
    const { send } = await setUp();
    expect((await send("", { headers: { authorization: "" } })).headers.get("www-authenticate")).toBe("Bearer");
    expect((await send("", { method: "PUT" })).headers.get("allow")).toBe("POST");
  });

  test("an answer never repeats what was sent", async () => {
    const { send } = await setUp();
    const answer = await send('{"password":"hunter2"');
    expect(JSON.stringify(answer.problem)).not.toContain("hunter2");
  });

  test("200 alerts of which 3 are bad: 197 are stored, 3 are explained", async () => {
    const { send, requests } = await setUp();
    const bad = [3, 100, 199];
    const alerts = Array.from({ length: 200 }, (_, index) =>
      bad.includes(index)
        ? { ...alertmanagerAlert(), startsAt: "soon" }
        : alertmanagerAlert({ labels: { namespace: "shop", deployment: `d${index}` } }),
    );
    const { status, results } = await send(delivery(alerts));
    expect(status).toBe(202);
    expect(results.flatMap(({ result }, index) => (result === "rejected" ? [index] : []))).toEqual(bad);
    expect(results[3]?.reason).toContain("startsAt");
    expect(requests()).toHaveLength(197);
  });

  test("an alert that names nothing is ignored, and says why", async () => {
    const { send } = await setUp();
    expect((await send(delivery([alertmanagerAlert({ name: "Watchdog", labels: { job: "x" } })]))).results).toMatchObject([
      { result: "ignored", reason: expect.stringContaining("no object") },
    ]);
  });

  describe("a client that is slow", () => {
    const answerTo = (port: number, text: string, more = (_socket: Socket): void => {}): Promise<string> => {
      const socket = connect(port, "127.0.0.1");
      socket.write(text);
      more(socket);
      return new Promise((resolve) => {
        let answer = "";
        socket.on("data", (part: Buffer) => (answer += part.toString()));
        socket.on("error", () => {});
        socket.on("close", () => resolve(answer));
      });
    };
    const head = `POST ${prometheusSignalsPath} HTTP/1.1\r\nHost: x\r\n`;
    const withBody = `${head}authorization: Bearer ${senderToken("alertmanager")}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n`;
    const drip = (socket: Socket): void => {
      const timer = setInterval(() => socket.write(" "), 20);
      socket.on("close", () => clearInterval(timer));
    };

    test.each<[string, string, ((socket: Socket) => void)?]>([
      ["says nothing", ""],
      ["never ends its headers", head],
      ["never ends its body", `${withBody}{"version":`],
      ["sends its body a byte at a time", withBody, drip],
    ])("is cut off when it %s, and others are served meanwhile", async (_, text, more) => {
      const { server, post, requests } = await setUp({ patience: { headersTimeoutMs: 300, requestTimeoutMs: 600 } });
      const answered = answerTo(server.port, text, more);
      expect(await post({})).toEqual(["created"]);
      expect(await answered).toMatch(/^$|^HTTP\/1.1 408/);
      expect(requests()).toHaveLength(1);
    });
  });

  test("1,000 alerts in a body of almost 10 MiB are taken", async () => {
    const { send, requests } = await setUp();
    const annotations = { description: "x ".repeat(5_000) };
    const alerts = Array.from({ length: 1_000 }, (_, index) =>
      alertmanagerAlert({ name: `A${index}`, labels: { namespace: "shop", deployment: `d${index % 25}` }, annotations }),
    );
    const body = JSON.stringify(delivery(alerts));
    expect(body.length).toBeGreaterThan(9.5 * 1024 * 1024);
    const { status, results } = await send(body);
    expect([status, results.length, new Set(results.map(({ result }) => result))]).toEqual([202, 1_000, new Set(["created", "joined"])]);
    expect(requests()).toHaveLength(25);
  });
});

describe("when the API server fails", () => {
  test("503 with its own Retry-After, and the delivery sent again doubles nothing", async () => {
    const { kube, send, requests } = await setUp();
    let left = 1;
    kube.before = ({ verb, what, body: object }) => {
      if (verb === "create" && (object as RemediationRequest).spec.target.name === "b" && left > 0) {
        left -= 1;
        throw failure(429, "TooManyRequests", 7_000);
      }
      if (verb === "get") throw new Error(`unexpected read of ${what}`);
    };
    const body = delivery(["a", "b"].map((deployment) => alertmanagerAlert({ labels: { namespace: "shop", deployment } })));
    const refused = await send(body);
    expect([refused.status, refused.headers.get("retry-after"), refused.problem.errors?.map(({ pointer }) => pointer)]).toEqual([
      503,
      "7",
      ["/alerts/1"],
    ]);
    expect((await send(body)).results.map(({ result }) => result)).toEqual(["repeated", "created"]);
    expect(requests()).toHaveLength(2);
  });

  test("a create that was stored though its answer was lost is found again", async () => {
    const { kube, send, requests } = await setUp();
    kube.before = ({ verb, what, body }) => {
      if (verb !== "create") return;
      kube.before = () => {};
      kube.put(RemediationRequest, body as object);
      throw failure(0, `Connection lost after ${what}`);
    };
    expect((await send(delivery([alertmanagerAlert()]))).status).toBe(503);
    expect((await send(delivery([alertmanagerAlert()]))).results.map(({ result }) => result)).toEqual(["repeated"]);
    expect(requests()).toHaveLength(1);
  });

  test("an alert that the API server itself refuses is rejected; sending it again would not help", async () => {
    const { kube, send } = await setUp();
    kube.before = ({ verb }) => {
      if (verb === "create") throw failure(422, "Invalid");
    };
    const { status, results } = await send(delivery([alertmanagerAlert()]));
    expect([status, results[0]?.result]).toEqual([202, "rejected"]);
    kube.before = () => {};
    await send(delivery([alertmanagerAlert()]));
    kube.before = ({ verb }) => {
      if (verb === "mergePatch") throw failure(422, "Invalid");
    };
    expect((await send(delivery([alertmanagerAlert({ name: "Other" })]))).results[0]?.result).toBe("rejected");
  });

  test.each([
    ["a join", { name: "Other" }],
    ["a resolution", { status: "resolved" } as const],
  ])("%s that is not stored is not acknowledged", async (_name, alert) => {
    const { kube, send, post } = await setUp();
    await post({});
    kube.before = ({ verb }) => {
      if (verb === "mergePatch") throw failure(500, "InternalError");
    };
    expect((await send(delivery([alertmanagerAlert(alert)]))).status).toBe(503);
  });

  test("a token that cannot be reviewed gets 503", async () => {
    const { kube, send } = await setUp();
    kube.before = () => {
      throw failure(503, "ServiceUnavailable", 3_000);
    };
    const answer = await send(delivery([]), { headers: { authorization: `Bearer ${senderToken("another")}` } });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "3"]);
  });

  test("counts that could not be written are written later, with what came since", async () => {
    const { kube, clock, post, requests } = await setUp();
    await post({});
    await post({});
    kube.before = () => {
      throw failure(503, "ServiceUnavailable");
    };
    await clock.advance(1_000);
    kube.before = () => {};
    await post({});
    await clock.advance(20_000);
    expect(Object.values(requests()[0]?.status?.alerts ?? {})).toMatchObject([{ count: 3 }]);
  });

  test("counts that were being written when more came are added to those", async () => {
    const { kube, clock, post, requests } = await setUp();
    await post({});
    await post({});
    const answer = Promise.withResolvers<void>();
    kube.before = () => answer.promise;
    await clock.advance(1_000);
    await post({});
    kube.before = () => {};
    answer.reject(failure(503, "ServiceUnavailable"));
    await clock.advance(20_000);
    expect(Object.values(requests()[0]?.status?.alerts ?? {})).toMatchObject([{ count: 3 }]);
  });

  test("counts for a request that is gone are dropped", async () => {
    const { kube, clock, post, requests } = await setUp();
    await post({});
    await post({});
    kube.calls.length = 0;
    kube.remove(RemediationRequest, { namespace, name: requests()[0]!.metadata.name });
    await clock.advance(30_000);
    expect(kube.calls).toEqual([]);
  });
});

describe("more than can be recorded", () => {
  const many = (count: number, of: string) =>
    delivery(
      Array.from({ length: count }, (_, index) =>
        alertmanagerAlert({ name: `A${index}`, labels: { namespace: "shop", deployment: of }, annotations: {} }),
      ),
    );

  test("a full delivery of 10,000 alerts is taken whole, a larger one not at all", async () => {
    const { send, requests } = await setUp();
    const refused = await send(many(10_001, "api"));
    expect([refused.status, refused.problem.code]).toEqual([413, "too-many-alerts"]);
    expect(requests()).toEqual([]);
    const { status, results } = await send(many(10_000, "web"));
    expect([status, results.length]).toEqual([202, 10_000]);
  });

  test("as many requests are open as a policy allows: further objects wait, alerts about known ones do not", async () => {
    const { send, post, requests, finish } = await setUp({ settings: { maxOpenRequests: 3 } });
    const about = (deployment: string, name = "A") => alertmanagerAlert({ name, labels: { namespace: "shop", deployment } });
    const storm = delivery(Array.from({ length: 50 }, (_, index) => about(`d${index}`)));
    const refused = await send(storm);
    expect([refused.status, refused.problem.code, refused.headers.get("retry-after")]).toEqual([503, "not-durable", "60"]);
    expect(refused.problem.errors?.[0]?.detail).toBe("3 requests are open, the limit of a policy (maxOpenRequests)");
    expect(requests()).toHaveLength(3);
    const known = requests().map(({ spec }) => spec.target.name);
    const joined = await send(delivery([about(known[0]!, "B"), about(known[1]!)]));
    expect([joined.status, ...joined.results.map(({ result }) => result)]).toEqual([202, "joined", "repeated"]);
    finish(requests()[0]!);
    await vi.waitFor(async () => expect(await post({ labels: { namespace: "shop", deployment: "next" } })).toEqual(["created"]), {
      timeout: 20_000,
    });
    expect((await send(storm)).status).toBe(503);
    expect(requests()).toHaveLength(4);
  });

  test("while too many wait the next delivery gets 503, and is taken when they are done", async () => {
    const { kube, send, requests } = await setUp();
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    kube.before = () => {
      asked.resolve();
      return answer.promise;
    };
    const first = send(many(10_000, "web"));
    await asked.promise;
    const second = send(many(10_000, "web"));
    // Those of the second that have a place are answered with the first ones.
    setTimeout(answer.resolve, 1_000);
    const refused = await second;
    expect([refused.status, refused.headers.get("retry-after"), refused.problem.errors?.[0]?.detail]).toEqual([
      503,
      "2",
      "12000 alerts of alertmanager wait",
    ]);
    expect((await first).status).toBe(202);
    expect((await send(many(10_000, "web"))).status).toBe(202);
    expect(requests()).toHaveLength(1);
  });
});

describe("coming and going", () => {
  test("before the cluster has been read the sender hears 503", async () => {
    const clock = createManualClock();
    const kube = createDirectKube(clock, crds());
    kube.remove(Namespaces, { name: "kube-system" });
    reviews(kube);
    const { send, start, gateway, end } = await replica(kube, clock);
    expect((await send(delivery([alertmanagerAlert()]))).problem.detail).toContain("starting");
    gateway.serve(end.signal);
    expect((await send(delivery([alertmanagerAlert()]))).problem.detail).toContain("not been read");
    await start();
    const answer = await send(delivery([alertmanagerAlert()]));
    expect([answer.status, answer.headers.get("retry-after"), answer.problem.detail]).toEqual([
      503,
      "1",
      "not ready: namespace kube-system not found",
    ]);
  });

  test("while it goes, what runs ends and what comes hears 503; counts are written", async () => {
    const { kube, post, send, stop, end, requests } = await setUp();
    await post({});
    await post({});
    end.abort();
    expect((await send(delivery([alertmanagerAlert()]))).status).toBe(503);
    kube.calls.length = 0;
    await stop();
    expect(kube.calls.map(({ verb }) => verb)).toEqual(["mergePatch"]);
    expect(Object.values(requests()[0]?.status?.alerts ?? {})).toMatchObject([{ count: 2 }]);
  });

  test("alerts are counted by what became of them", async () => {
    const { metrics, post, send } = await setUp();
    await post({}, {}, { labels: { job: "x" } });
    await send(delivery([1]));
    const text = await metrics.text();
    expect(text).toContain('kintsugi_gateway_signals_total{source="prometheus",result="created"} 1');
    expect(text).toContain('kintsugi_gateway_signals_total{source="prometheus",result="repeated"} 1');
    expect(text).toContain('kintsugi_gateway_signals_total{source="prometheus",result="ignored"} 1');
    expect(text).toContain('kintsugi_gateway_signals_total{source="prometheus",result="unreadable"} 1');
  });
});
