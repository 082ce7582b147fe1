// The Gateway with a write-ahead log: what it acknowledges is recorded once, whatever the API server, the disk and the process do meanwhile.
import { afterEach, describe, expect, test, vi } from "vitest";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { silentLog } from "#lib/log.ts";
import type { ManualClock } from "#lib/manual-clock.ts";
import { openWriteAheadLog, type WriteAheadLog } from "#lib/write-ahead-log.ts";
import { alertmanagerAlert, delivery } from "#test/alertmanager.ts";
import { type DirectKube, failure } from "#test/direct-kube.ts";
import { type ReplicaOptions, replica, setUp, stopGateways } from "#test/gateway-harness.ts";
import { createMemorySegmentFiles, type MemorySegmentFiles } from "#test/memory-segment-files.ts";

afterEach(stopGateways);

const openLog = (files: MemorySegmentFiles, maxBytes = 1024 * 1024): Promise<WriteAheadLog> =>
  openWriteAheadLog(files, { maxBytes, log: silentLog });

const withLog = async (options: ReplicaOptions = {}) => {
  const files = createMemorySegmentFiles();
  const wal = await openLog(files);
  return { files, wal, ...(await setUp({ wal, ...options })) };
};

/** Reviews of tokens fail too, as they do in an outage. */
const outage = (kube: DirectKube): (() => void) => {
  const { before } = kube;
  kube.before = () => {
    throw failure(0, "Connection");
  };
  return () => {
    kube.before = before;
  };
};
const drained = async (clock: ManualClock, wal: WriteAheadLog): Promise<void> =>
  vi.waitFor(async () => {
    await clock.advance(1_000);
    expect(wal.depth).toBe(0);
  });
const alert = (index: number) => ({ name: `Alert${index % 7}`, labels: { namespace: "shop", deployment: `d${index % 5}` } });
const entriesOf = (requests: readonly RemediationRequest[]) =>
  requests.flatMap(({ spec, status }) => Object.values(status?.alerts ?? { [spec.alert.fingerprint]: { count: 1 } }));

describe("while the API server does not answer", () => {
  test("alerts are acknowledged from the log, and each becomes one occurrence of one request when it answers again", async () => {
    const { kube, clock, wal, post, requests } = await withLog();
    const end = outage(kube);
    const answers: string[] = [];
    for (let index = 0; index < 35; index += 1) answers.push(...(await post(alert(index))));
    expect(new Set(answers)).toEqual(new Set(["logged"]));
    expect([requests().length, wal.depth]).toEqual([0, 35]);
    end();
    await drained(clock, wal);
    expect(requests()).toHaveLength(5);
    expect(entriesOf(requests()).map(({ count }) => count)).toEqual(Array.from({ length: 35 }, () => 1));
    expect(await post(alert(0))).toEqual(["repeated"]);
  });

  test("a delivery that is sent again is not written again", async () => {
    const { kube, files, wal, post } = await withLog();
    outage(kube);
    await post(alert(1), alert(2));
    const { appends } = files;
    for (let time = 0; time < 5; time += 1) expect(await post(alert(1), alert(2))).toEqual(["logged", "logged"]);
    expect([files.appends, wal.depth]).toEqual([appends, 2]);
  });

  test("the end of an alert follows its beginning, and so does its next firing", async () => {
    const { kube, clock, wal, post, requests } = await withLog();
    const end = outage(kube);
    await post({ startsAt: "2029-12-31T23:58:00Z" });
    await post({ startsAt: "2029-12-31T23:58:00Z", status: "resolved", endsAt: "2029-12-31T23:58:30Z" });
    await post({ startsAt: "2029-12-31T23:59:00Z" });
    await post({ startsAt: "2029-12-31T23:59:00Z", status: "resolved", endsAt: "2029-12-31T23:59:30Z" });
    end();
    await drained(clock, wal);
    expect(entriesOf(requests())).toEqual([
      expect.objectContaining({ count: 2, startsAt: "2029-12-31T23:59:00.000Z", resolvedAt: "2029-12-31T23:59:30.000Z" }),
    ]);
  });

  test("one target that the API server does not take holds up its own later alerts, and no other", async () => {
    const { kube, clock, wal, post, requests } = await withLog();
    let isDown = true;
    kube.before = ({ verb, body }) => {
      const isWeb = verb === "create" && (body as RemediationRequest).spec.target.name === "web";
      if (isWeb && isDown) throw failure(0, "Connection");
    };
    const web = { namespace: "shop", deployment: "web" };
    expect(await post({ labels: web })).toEqual(["logged"]);
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      await post(alert(1));
      expect([requests().length, wal.depth]).toEqual([1, 1]);
    });
    isDown = false;
    expect(await post({ labels: web, status: "resolved" })).toEqual(["logged"]);
    await drained(clock, wal);
    expect(requests().find(({ spec }) => spec.target.name === "web")?.status?.alerts).toMatchObject({
      [requests().find(({ spec }) => spec.target.name === "web")!.spec.alert.fingerprint]: { resolvedAt: expect.any(String) },
    });
  });

  test("an API server that hangs costs a sender two seconds, not the alert", async () => {
    const { kube, clock, wal, post, requests } = await withLog();
    const answer = Promise.withResolvers<void>();
    kube.before = () => answer.promise;
    const answered = post(alert(1));
    await vi.waitFor(async () => {
      await clock.advance(500);
      expect(wal.depth).toBe(1);
    });
    expect(await answered).toEqual(["logged"]);
    kube.before = () => {};
    answer.resolve();
    await drained(clock, wal);
    expect(entriesOf(requests()).map(({ count }) => count)).toEqual([1]);
  });

  test("a token that was accepted before is accepted, for two hours", async () => {
    const { kube, clock, send } = await withLog();
    outage(kube);
    await clock.advance(3_600_000);
    expect((await send(delivery([alertmanagerAlert(alert(1))]))).status).toBe(202);
    await clock.advance(3_600_000);
    expect((await send(delivery([alertmanagerAlert(alert(2))]))).status).toBe(503);
  });

  test("a sender with a shared secret is taken though no token can be reviewed", async () => {
    const secret = "s".repeat(40);
    const { kube, send, wal } = await withLog({
      senderSecrets: { nameOf: (text) => (text === secret ? "shared" : undefined), close: () => {} },
    });
    outage(kube);
    const headers = { authorization: `Bearer ${secret}` };
    expect((await send(delivery([alertmanagerAlert(alert(1))]), { headers })).results.map(({ result }) => result)).toEqual(["logged"]);
    expect((await send(delivery([]), { headers: { authorization: `Bearer ${secret}x` } })).status).toBe(401);
    expect(wal.depth).toBe(1);
  });

  test("without a log the answer is 503 with Retry-After", async () => {
    const { kube, send } = await setUp();
    outage(kube);
    const { status, headers } = await send(delivery([alertmanagerAlert(alert(1))]));
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
  });

  test("what waits is measured and named for the operator", async () => {
    const { kube, clock, metrics, gateway, post } = await withLog();
    expect(gateway.notes()).toEqual([]);
    outage(kube);
    await post(alert(1), alert(2), alert(3));
    await clock.advance(40_000);
    expect(gateway.notes()).toEqual(["write-ahead log: 3 alerts wait to be recorded, the oldest for 40 s"]);
    const text = await metrics.text();
    expect(text).toContain("kintsugi_gateway_wal_records 3");
    expect(text).toContain("kintsugi_gateway_wal_oldest_seconds 40");
    expect(text).toMatch(/kintsugi_gateway_wal_bytes [1-9]\d+/);
    expect(text).toContain('kintsugi_gateway_signals_total{source="prometheus",result="logged"} 3');
  });

  test("secrets in labels and annotations are not on the disk", async () => {
    const { kube, files, post } = await withLog();
    outage(kube);
    await post({ annotations: { password: "hunter2-hunter2", note: "token=ghp_0123456789abcdefghijABCDEFGHIJ012345" } });
    const disk = [...files.contents.values()].map((content) => content.toString("utf8")).join("");
    expect(disk).toContain("KubePodCrashLooping");
    expect(disk).not.toMatch(/hunter2|ghp_0123456789/);
  });
});

describe("while the API server answers", () => {
  test("nothing is written to the log, and the calls are the same as without one", async () => {
    const { kube, files, post } = await withLog();
    expect(await post(alert(1), alert(8))).toEqual(["created", "created"]);
    expect(await post(alert(6), alert(1))).toEqual(["joined", "repeated"]);
    expect([kube.calls.map(({ verb }) => verb), files.appends]).toEqual([["create", "create", "mergePatch"], 0]);
  });
});

describe("a full disk", () => {
  test("is 503 for the alerts that are in neither place", async () => {
    const { kube, files, send, post, clock, wal, requests } = await withLog();
    const end = outage(kube);
    expect(await post(alert(1))).toEqual(["logged"]);
    files.beforeAppend = () => {
      throw new Error("ENOSPC: no space left on device");
    };
    const refused = await send(delivery([alertmanagerAlert(alert(2))]));
    expect([refused.status, refused.problem.code]).toEqual([503, "not-durable"]);
    files.beforeAppend = () => {};
    end();
    await drained(clock, wal);
    expect(requests()).toHaveLength(1);
  });

  test("a log that has its size says so, and asks for a minute", async () => {
    const files = createMemorySegmentFiles();
    const wal = await openLog(files, 3_000);
    const { kube, send } = await setUp({ wal });
    outage(kube);
    const alerts = Array.from({ length: 20 }, (_, index) => alertmanagerAlert({ labels: { namespace: "shop", deployment: `d${index}` } }));
    const { status, headers, problem } = await send(delivery(alerts));
    expect([status, headers.get("retry-after"), problem.errors?.at(-1)?.detail]).toEqual([
      503,
      "60",
      "the write-ahead log has its 3000 bytes",
    ]);
  });
});

describe("a process that dies", () => {
  test("leaves its alerts to the next one, which records each once", async () => {
    const first = await withLog();
    const end = outage(first.kube);
    for (let index = 0; index < 20; index += 1) await first.post(alert(index));
    // What the disk holds at this moment.
    const contents = new Map([...first.files.contents].map(([name, content]) => [name, Buffer.from(content)]));
    end();
    await drained(first.clock, first.wal);
    expect(first.requests()).toHaveLength(5);
    const before = structuredClone(first.requests().map(({ spec, status }) => ({ spec, alerts: status?.alerts })));
    // It died before the disk knew that all were recorded.
    const wal = await openLog(createMemorySegmentFiles(contents));
    expect(wal.depth).toBe(20);
    const second = await replica(first.kube, first.clock, { wal });
    await second.start();
    await drained(first.clock, wal);
    await first.clock.advance(5_000);
    expect(first.requests().map(({ spec, status }) => ({ spec, alerts: status?.alerts }))).toEqual(before);
  });

  test("before its cluster was read, what it takes is judged when the cluster is", async () => {
    const first = await withLog();
    const wal = await openLog(createMemorySegmentFiles());
    const second = await replica(first.kube, first.clock, { wal });
    const results = await second.post(alert(1), alert(2));
    expect([results, first.requests().length]).toEqual([["logged", "logged"], 0]);
    await second.start();
    await drained(first.clock, wal);
    expect(first.requests()).toHaveLength(2);
    expect(await second.post(alert(1))).toEqual(["repeated"]);
  });

  test("a request that ended meanwhile is not opened again by an alert that was its own", async () => {
    const { kube, clock, wal, post, requests, finish } = await withLog();
    await post(alert(1));
    const end = outage(kube);
    // It joins while it cannot be seen that the request has ended.
    await post({ ...alert(1), name: "Other" });
    finish(requests()[0]!);
    await clock.advance(7_200_000);
    end();
    await drained(clock, wal);
    expect(requests()).toHaveLength(1);
    expect(Object.keys(requests()[0]?.status?.alerts ?? {})).toHaveLength(2);
  });

  test("in order keeps in the log what the API server does not take", async () => {
    const { kube, wal, post, stop, requests } = await withLog();
    outage(kube);
    await post(alert(1));
    await stop();
    expect([wal.depth, requests().length]).toEqual([1, 0]);
  });
});

describe("an alert that cannot be recorded", () => {
  test("is reported and does not hold up the others", async () => {
    const { kube, clock, wal, metrics, post, requests } = await withLog();
    const end = outage(kube);
    await post(alert(1), alert(2));
    end();
    kube.before = ({ verb, body }) => {
      if (verb === "create" && (body as RemediationRequest).spec.target.name === "d1") throw failure(422, "Invalid");
    };
    await drained(clock, wal);
    expect(requests().map(({ spec }) => spec.target.name)).toEqual(["d2"]);
    expect(await metrics.text()).toContain('kintsugi_gateway_wal_recorded_total{result="rejected"} 1');
  });

  test("waits alone while a policy allows no more open requests", async () => {
    const { kube, clock, wal, post, requests, finish } = await withLog({ settings: { maxOpenRequests: 1 } });
    const end = outage(kube);
    await post(alert(1));
    await post(alert(2));
    end();
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(requests()).toHaveLength(1);
    });
    expect(wal.depth).toBe(1);
    const [first] = requests();
    expect(await post({ name: "Another", labels: { namespace: "shop", deployment: first!.spec.target.name } })).toEqual(["joined"]);
    finish(first!);
    await clock.advance(60_000);
    await drained(clock, wal);
    expect(requests()).toHaveLength(2);
  });
});
