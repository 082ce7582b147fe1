// The pure parts of a collection: what makes further lists worth a call, which namespaces are called, which logs are read, what is kept of them.
import { describe, expect, test } from "vitest";
import type { Lease } from "#api/kubernetes.ts";
import type { Key, KubeObject } from "#api/object.ts";
import { createBudget } from "#evidence/budget.ts";
import { calledNamespaces } from "#evidence/called-namespaces.ts";
import { chooseLogs } from "#evidence/choose-logs.ts";
import { componentStates } from "#evidence/components.ts";
import { createGaps } from "#evidence/gaps.ts";
import { type ClusterReader, createGather, type Gather } from "#evidence/gather.ts";
import { logExcerpt } from "#evidence/log-excerpt.ts";
import { metricsOf } from "#evidence/metrics.ts";
import { type LogsToRead, readLogs } from "#evidence/read-logs.ts";
import { reasonsFor } from "#evidence/reasons.ts";
import { clusterKinds, namespacedKinds } from "#evidence/kinds-read.ts";
import type { LogsOptions } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { objects, podsOf, type PodSketch } from "#test/evidence-sketch.ts";

const limits = { calls: 1000, bytes: 1e9, ms: 60_000 };
const budgetOf = (some: Partial<typeof limits> = {}) => createBudget(createManualClock(0), { ...limits, ...some }, undefined);

/** All kinds, as a server that holds these objects would list them, `pageSize` at a time. */
const gathered = async (all: readonly KubeObject[], budget = budgetOf(), pageSize = 500): Promise<Gather> => {
  const gather = createGather(
    {
      get: async () => undefined,
      logs: async () => "",
      request: async () => ({}),
      pages: async function* (type) {
        const items = all.filter(({ kind }) => kind === type.kind);
        for (let at = 0; at === 0 || at < items.length; at += pageSize) {
          const isLast = at + pageSize >= items.length;
          const remaining = isLast ? {} : { remaining: items.length - at - pageSize };
          yield { items: items.slice(at, at + pageSize) as never[], isFirst: at === 0, isLast, ...remaining, bytes: 1000 };
        }
      },
    },
    { budget, callTimeoutMs: 1000, pageSize, answerBytes: 1e6, maxObjects: 10_000 },
  );
  for (const kind of [...namespacedKinds, ...clusterKinds]) await gather.list(kind, kind.type.namespaced ? { namespace: "shop" } : {});
  return gather;
};

const [web] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: "web:1", envFrom: [{configMapRef: {name: settings}}]}]}}
status: {replicas: 1}
`);
const [api] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 1
  selector: {matchLabels: {app: api}}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: "api:1"}]}}
status: {replicas: 1}
`);
const crashing: PodSketch = {
  status: {
    phase: "Running",
    containerStatuses: [
      {
        name: "web",
        image: "web:1",
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff" } },
        lastState: { terminated: { exitCode: 1 } },
      },
    ],
  },
};

describe("what makes further lists worth a call", () => {
  const warned = (reason: string, message: string) => [{ object: "Pod shop/web-1", type: "Warning" as const, reason, message, count: 1 }];
  const table: Record<string, [string, Parameters<typeof reasonsFor>[1], string, string]> = {
    "a claim": ["{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {}}", [], "claims", "PersistentVolume"],
    "an Ingress": ["{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web}, spec: {}}", [], "ingresses", "IngressClass"],
    "a pod without a node": [
      "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: []}, status: {conditions: [{type: PodScheduled, status: 'False'}]}}",
      [],
      "unscheduled",
      "PriorityClass",
    ],
    "a warning about admission": [
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
      warned("FailedCreate", "admission webhook denied"),
      "notCreated",
      "ResourceQuota",
    ],
    "something that may not": [
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
      warned("Sync", 'cannot list resource "pods"'),
      "forbidden",
      "RoleBinding",
    ],
    "an autoscaler without metrics": [
      "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: web}}, status: {conditions: [{type: ScalingActive, status: 'False'}]}}",
      [],
      "metricsTroubled",
      "APIService",
    ],
    "a node that is not ready": [
      "{apiVersion: v1, kind: Node, metadata: {name: a}, status: {conditions: [{type: Ready, status: Unknown}]}}",
      [],
      "clusterTroubled",
      "",
    ],
  };
  test.each(Object.entries(table))("%s", async (_, [yaml, events, reason, kind]) => {
    const gather = await gathered(objects(yaml));
    expect([...reasonsFor(gather, events, [])]).toContain(reason);
    if (kind !== "") expect([...namespacedKinds, ...clusterKinds].find(({ type }) => type.kind === kind)?.when).toBe(reason);
  });

  test("a log that reports a refusal; and nothing where all is well", async () => {
    const gather = await gathered([web!, ...podsOf(web!, {})]);
    expect([...reasonsFor(gather, [], [])]).not.toContain("forbidden");
    const log = { namespace: "shop", pod: "web-1", run: "current" as const, text: "HTTP 403 from the API server" };
    expect([...reasonsFor(gather, [], [log])]).toContain("forbidden");
  });
});

describe("which namespaces are called", () => {
  const world = objects(`
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: orders}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {app.conf: "backend = http://api.orders.svc.cluster.local:8080\\nself = web.shop"}}
`);
  const template = (web as unknown as { spec: { template: never } }).spec.template;
  test("by the addresses in their configuration, their own left aside", async () => {
    expect(calledNamespaces(await gathered(world), "shop", [template], [])).toEqual(["orders"]);
  });
  test("by what they say, and the cluster's DNS where names are not found", async () => {
    const log = { namespace: "shop", pod: "web-1", run: "current" as const, text: "dial tcp: lookup cache.orders: no such host" };
    expect(calledNamespaces(await gathered(world), "shop", [], [log])).toEqual(["orders", "kube-system"]);
  });
  test("a word with a dot is none", async () => {
    const log = { namespace: "shop", pod: "web-1", run: "current" as const, text: "see example.com and java.lang.NullPointerException" };
    expect(calledNamespaces(await gathered(world), "shop", [], [log])).toEqual([]);
  });
  test("where namespaces may not be listed, only what can be nothing else", async () => {
    const log = { namespace: "shop", pod: "web-1", run: "current" as const, text: "api.orders.svc and web.css" };
    expect(calledNamespaces(await gathered([]), "shop", [], [log])).toEqual(["orders"]);
  });
});

describe("which logs are read", () => {
  const choice = { max: 10, perWorkload: 2, near: 0, quiet: 0, isOwn: () => false };
  test("those of workloads in trouble, and none of others", async () => {
    const gather = await gathered([web!, ...podsOf(web!, crashing, crashing), api!, ...podsOf(api!, {})]);
    const logs = chooseLogs(gather, choice);
    expect(logs.map(({ pod, container, run }) => [pod.replace(/-.*/, ""), container, run])).toEqual([
      ["web", "web", "current"],
      ["web", "web", "current"],
    ]);
  });
  test("where it is asked for, one of each that is quiet; what was asked about first", async () => {
    const gather = await gathered([web!, ...podsOf(web!, crashing), api!, ...podsOf(api!, {})]);
    expect(chooseLogs(gather, { ...choice, quiet: 1 }).map(({ container }) => container)).toEqual(["web", "api"]);
    expect(chooseLogs(gather, { ...choice, isOwn: (root) => root === api!.metadata.uid }).map(({ container }) => container)).toEqual([
      "api",
      "web",
    ]);
  });
  test("with forty failing workloads, each has a log read before any has two", async () => {
    const all = Array.from({ length: 40 }, (_, at) => {
      const each = { ...web!, metadata: { ...web!.metadata, name: `web-${at}`, uid: `uid-${at}` } };
      return [each, ...podsOf(each, crashing, crashing)];
    }).flat();
    const logs = chooseLogs(await gathered(all), { ...choice, max: 40 });
    expect(new Set(logs.map(({ pod }) => pod.split("-7d9c5b8f6")[0])).size).toBe(40);
  });
  test("a pod without an owner is its own workload", async () => {
    const [pod] = objects(
      "{apiVersion: v1, kind: Pod, metadata: {name: alone}, spec: {containers: [{name: a}]}, status: {phase: Running, containerStatuses: [{name: a, image: a, ready: true, restartCount: 0, state: {running: {}}}]}}",
    );
    expect(chooseLogs(await gathered([pod!]), { ...choice, quiet: 5 })).toEqual([
      { namespace: "shop", pod: "alone", container: "a", run: "current" },
    ]);
  });
});

describe("what is kept of a log", () => {
  const lines = (count: number, at: Record<number, string> = {}): string =>
    Array.from({ length: count }, (_, line) => at[line] ?? `row${line}`).join("\n");
  test("all of a short one", () => expect(logExcerpt(["a", "b", ""], 100, 1000)).toBe("a\nb"));
  test("the end of a long one without errors", () => expect(logExcerpt(lines(500).split("\n"), 10, 1000).split("\n").at(0)).toBe("row490"));
  test("error lines with the lines around them, in order, and the end", () => {
    const kept = logExcerpt(
      lines(5000, { 100: "ERROR: connection refused", 4000: "panic: out of range", 4500: '"GET /" status=503' }).split("\n"),
      100,
      16_384,
    ).split("\n");
    expect(kept).toEqual(
      expect.arrayContaining(["row98", "ERROR: connection refused", "row104", "panic: out of range", '"GET /" status=503', "row4999"]),
    );
    expect(kept.indexOf("ERROR: connection refused")).toBeLessThan(kept.indexOf("panic: out of range"));
    expect(kept.length).toBeLessThanOrEqual(100);
  });
  test("one endless line is bounded", () => {
    expect(logExcerpt(["x".repeat(10_000_000)], 100, 16_384).length).toBeLessThanOrEqual(16_384);
  });
});

describe("reading a log", () => {
  const log = { namespace: "shop", pod: "web-1", container: "web", run: "previous" as const };
  const readWith = async (logs: ClusterReader["logs"], more: Partial<LogsToRead> = {}) => {
    const budget = budgetOf();
    const gather = await gathered([], budget);
    const asked: unknown[] = [];
    const reader = {
      logs: (pod: Key, options: LogsOptions) => {
        const { tailLines, sinceTime } = options;
        asked.push(sinceTime ?? tailLines);
        return logs(pod, options);
      },
    };
    const read = await readLogs(reader, gather, budget, { wanted: [log], nowMs, earlier: 2, ...more });
    return { read, asked, gaps: gather.gaps.lines() };
  };
  const nowMs = Date.parse("2027-03-01T14:00:00Z");
  const stampedAt = (secondsAgo: number, text: string): string => `${new Date(nowMs - secondsAgo * 1000).toISOString()} ${text}`;
  /** One line a second for two hours, as a kubelet answers. */
  const busy: ClusterReader["logs"] = async (_, { tailLines, sinceTime, limitBytes }) => {
    const all = Array.from({ length: 7200 }, (__, at) =>
      stampedAt(7200 - at, `${at > 100 && at < 200 ? "ERROR failed" : "INFO done"} ${at}`),
    );
    const since = sinceTime === undefined ? all : all.filter((line) => line.slice(0, 24) >= sinceTime.replace("Z", ".000Z"));
    return Buffer.from(`${since.slice(-(tailLines ?? since.length)).join("\n")}\n`)
      .subarray(0, limitBytes)
      .toString();
  };

  test("one that is too long for an answer is asked for its last lines", async () => {
    const { read, asked } = await readWith(async (_, { tailLines = 0 }) => (tailLines > 100 ? "x".repeat(200_000) : "the end"));
    expect([read, asked]).toEqual([[{ ...log, text: "the end", digest: { messages: [], records: 1 } }], [1000, 10]]);
  });
  test("of one whose lines are long, what fits is read, and the newest", async () => {
    const line = (at: number): string => stampedAt(1000 - at, `${at} ${"x".repeat(400)}`);
    const all = Array.from({ length: 1000 }, (_, at) => line(at));
    const { read, asked } = await readWith(
      async (_, { tailLines = 0, limitBytes }) => all.slice(-tailLines).join("\n").slice(0, limitBytes),
      {
        earlier: 0,
      },
    );
    const fitted = Number(asked[1]) / 0.8;
    expect(asked).toHaveLength(2);
    expect(fitted).toBeGreaterThan(400);
    expect(read[0]?.text.endsWith(`999 ${"x".repeat(400)}`)).toBe(true);
  });
  test("of a busy one, errors of two hours ago are counted with their times", async () => {
    const { read, asked } = await readWith(busy);
    expect(asked).toEqual([1000, "2027-03-01T12:00:00Z", "2027-03-01T13:30:00Z"]);
    expect(read[0]?.digest?.messages).toEqual([
      {
        ...{ level: "error", template: "failed <n>", count: 99, line: "ERROR failed 101", message: "failed 101" },
        ...{ firstMs: nowMs - 7099_000, lastMs: nowMs - 7001_000 },
      },
    ]);
  });
  test("where an alert says when it began, what was written just before is read", async () => {
    expect((await readWith(busy, { sinceMs: nowMs - 3_600_000 })).asked).toEqual([1000, "2027-03-01T12:58:00Z"]);
  });
  test("older parts are read only as far as they are allowed", async () => {
    expect((await readWith(busy, { earlier: 0 })).asked).toEqual([1000]);
  });
  test("a secret on several lines is hidden as a whole, and no line gets the time of another", async () => {
    const key = ["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "-----END PRIVATE KEY-----"];
    const lines = ["ERROR cannot sign", ...key, "ERROR cannot sign"].map((text, at) => stampedAt(100 - at, text));
    const [only] = (await readWith(async () => `${lines.join("\n")}\n`)).read;
    expect(JSON.stringify(only)).not.toContain("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC");
    expect(only?.digest?.messages[0]?.count).toBe(2);
    for (const ms of [only?.digest?.messages[0]?.firstMs, only?.digest?.messages[0]?.lastMs].filter((each) => each !== undefined))
      expect([nowMs - 100_000, nowMs - 96_000]).toContain(ms);
  });
  test("binary, colours and a secret are clean and redacted, in the text and in what is counted", async () => {
    const line = stampedAt(10, "\u001b[31mERROR red\u001b[0m \u0000\u0001 password=canary");
    const [only] = (await readWith(async () => line)).read;
    expect(only?.text).toBe("ERROR red  password=[redacted]");
    expect(only?.digest?.messages.map(({ line: said }) => said)).toEqual(["ERROR red  password=[redacted]"]);
    expect(JSON.stringify(only)).not.toMatch(/canary|\\u00/);
  });
  test("one whose container was removed is none", async () => {
    expect((await readWith(async () => "unable to retrieve container logs for containerd://abc")).read).toEqual([]);
  });
  test("one that may not be read is a gap", async () => {
    const doing = "read the log of web in Pod shop/web-1";
    const { read, gaps } = await readWith(() => Promise.reject(new KubeError({ doing, status: 403, reason: "Forbidden", message: "no" })));
    expect([read, gaps]).toEqual([[], [`${doing}: not allowed`]]);
  });
});

describe("a budget", () => {
  test("that is used up leaves the rest to the gaps, and what was not read in full does not count as read", async () => {
    const many = Array.from({ length: 5 }, (_, at) =>
      objects(`{apiVersion: v1, kind: Pod, metadata: {name: p${at}}, spec: {containers: []}}`),
    ).flat();
    const gather = await gathered(many, budgetOf({ calls: 2 }), 2);
    expect(gather.objects()).toHaveLength(4);
    expect(gather.read).toEqual([]);
    expect(gather.gaps.lines().toSorted()).toEqual([
      expect.stringMatching(/^list configmaps in shop, .* and \d+ more: the collection's 2 calls are used up$/) as string,
      "list pods in shop: 1 or more were left out: the collection's 2 calls are used up",
    ]);
  });
  test("of bytes and of time", async () => {
    const budget = budgetOf({ bytes: 10 });
    budget.spend(20);
    expect(budget.take()).toMatch(/MB are read/);
    const clock = createManualClock(0);
    const timed = createBudget(clock, { ...limits, ms: 5_000 }, undefined);
    expect(timed.take()).toBeUndefined();
    await clock.advance(5_000);
    expect([timed.take(), timed.signal.aborted]).toEqual(["the collection's 5 s are over", true]);
  });
});

test("gaps are listed once for each reason, bounded and redacted", () => {
  const gaps = createGaps();
  const { signal } = new AbortController();
  for (let at = 0; at < 20; at += 1)
    gaps.addError(`list k${at}`, new KubeError({ doing: "x", status: 403, reason: "Forbidden", message: "no" }), signal);
  gaps.addError("list a", new Error("password=canary"), signal);
  gaps.addError("list a", "what", signal);
  const stopped = AbortSignal.abort(new Error("the time is over"));
  gaps.addError("list b", new Error("x"), stopped);
  expect(gaps.lines()).toEqual([
    "list a: failed",
    "list a: password=[redacted]",
    "list b: the time is over",
    `${Array.from({ length: 20 }, (_, at) => `list k${at}`)
      .toSorted()
      .slice(0, 12)
      .join(", ")} and 8 more: not allowed`,
  ]);
});

test("gaps come in one order, whatever was read first: logs, events, ConfigMaps, workloads, then the rest", () => {
  const doings = ["list ingresses", "list roles in shop", "list deployments.apps in shop", "list pods in shop", "list configmaps in shop"]
    .concat("list events in shop", "read the log of web in Pod shop/web-1", "read metrics.k8s.io")
    .map((doing) => [doing, "not allowed"] as const);
  const ordered = (all: typeof doings): readonly string[] => {
    const gaps = createGaps();
    for (const [doing, why] of all) gaps.add(doing, why);
    gaps.add("list zones", "failed");
    return gaps.lines();
  };
  expect(ordered(doings)).toEqual([
    "read the log of web in Pod shop/web-1, list events in shop, list configmaps in shop, list deployments.apps in shop, list pods in shop, list ingresses, list roles in shop, read metrics.k8s.io: not allowed",
    "list zones: failed",
  ]);
  expect(ordered(doings.toReversed())).toEqual(ordered(doings));
});

describe("programs of the cluster itself", () => {
  const lease = (namespace: string, name: string, renewTime: string | null): Lease =>
    ({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: { renewTime, leaseDurationSeconds: 40 },
    }) as unknown as Lease;
  test("one that stopped renewing is found by the others' time, not by ours", () => {
    const states = componentStates([
      lease("kube-node-lease", "node-1", "2001-01-01T00:10:00.000000Z"),
      lease("kube-node-lease", "node-2", "2001-01-01T00:08:00.000000Z"),
      lease("kube-system", "kube-scheduler", "2001-01-01T00:05:00.000000Z"),
      lease("kube-system", "another-holder", "2001-01-01T00:00:00.000000Z"),
      lease("kube-node-lease", "node-3", null),
    ]);
    expect(states.map(({ component, node, state }) => [component, node, state])).toEqual([
      ["kubelet", "node-1", "running"],
      ["kubelet", "node-2", "stopped"],
      ["kube-scheduler", undefined, "stopped"],
    ]);
    expect(states[1]?.text).toMatch(/120 s before others/);
  });
  test("a cluster without leases says nothing", () => expect(componentStates([])).toEqual([]));
});

describe("metrics", () => {
  test("of pods are summed over containers, in cores and bytes", () => {
    const usage = (cpu: string, memory: string) => ({ usage: { cpu, memory } });
    const answer = {
      items: [
        {
          metadata: { name: "web-1", namespace: "shop" },
          timestamp: "2027-03-01T14:00:00Z",
          containers: [usage("250000000n", "64Mi"), usage("100m", "1Ki")],
        },
      ],
    };
    expect(metricsOf("Pod", answer).map(({ name, value }) => [name, value])).toEqual([
      ["cpu_usage_cores", 0.35],
      ["memory_working_set_bytes", 64 * 1024 * 1024 + 1024],
    ]);
  });
  test("of nodes", () => {
    expect(metricsOf("Node", { items: [{ metadata: { name: "n" }, usage: { cpu: "1500000u", memory: "what" } }] })).toMatchObject([
      { object: { kind: "Node", name: "n" }, name: "cpu_usage_cores", value: 1.5 },
    ]);
  });
  test.each([[undefined], [{}], [{ items: [{ metadata: {} }, 7, null] }]])("%j is no metric", (answer) => {
    expect([...metricsOf("Pod", answer), ...metricsOf("Node", answer)]).toEqual([]);
  });
});

test("a page of megabytes is taken in pieces, and other work goes on in between", async () => {
  const items = objects("{ apiVersion: v1, kind: ConfigMap, metadata: { name: settings } }");
  const page = { items: Array.from({ length: 64 }, () => items[0]!) as never[], isFirst: true, isLast: true };
  const turnsFor = async (bytes: number): Promise<number> => {
    let turns = 0;
    const state = { isDone: false };
    const turn = (): void => {
      turns += 1;
      if (!state.isDone) setImmediate(turn);
    };
    const gather = createGather(
      {
        get: async () => undefined,
        logs: async () => "",
        request: async () => ({}),
        pages: async function* () {
          yield { ...page, bytes };
        },
      },
      { budget: budgetOf(), callTimeoutMs: 1000, pageSize: 500, answerBytes: 1e7, maxObjects: 10_000 },
    );
    let taken = 0;
    setImmediate(turn);
    await gather.each({ type: namespacedKinds[0]!.type }, {}, () => void (taken += 1));
    state.isDone = true;
    expect(taken).toBe(64);
    return turns;
  };
  expect(await turnsFor(10_000)).toBe(0);
  expect(await turnsFor(4 * 1024 * 1024)).toBeGreaterThanOrEqual(15);
});
