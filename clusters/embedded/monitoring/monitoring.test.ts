import { describe, expect, test } from "vitest";
import { openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { type Monitoring, createMonitoring } from "#embedded/monitoring/monitoring.ts";
import { type WebhookPayload, fingerprintOf } from "#embedded/monitoring/webhook-payload.ts";
import { type ManualClock, createManualClock } from "#lib/manual-clock.ts";

interface Scene {
  readonly clock: ManualClock;
  readonly monitoring: Monitoring;
  readonly posts: { readonly atMs: number; readonly payload: WebhookPayload }[];
  readonly problems: string[];
  answer: number | Error;
  setReady(name: string, ready: boolean): void;
  remove(name: string): void;
  /** `12 s: firing a, b` of each post. */
  sent(): string[];
}

const startMs = Date.UTC(2030, 0, 1);

const createScene = (): Scene => {
  const clock = createManualClock(startMs);
  const cluster = openEmbeddedCluster({ clock, random: () => 0.5 });
  const call = (method: string, path: string, body?: unknown): void => {
    const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
    const { status, body: said } = cluster.handle({ method, path, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    if (status >= 300) throw new Error(JSON.stringify(said));
  };
  const pods = "/api/v1/namespaces/default/pods";
  const known = new Set<string>();
  const posts: Scene["posts"] = [];
  const problems: string[] = [];
  const scene: Scene = {
    clock,
    posts,
    problems,
    answer: 202,
    monitoring: createMonitoring({
      clock,
      list: cluster.objects.list,
      post: (_webhook, payload) => {
        posts.push({ atMs: clock.now(), payload });
        return scene.answer instanceof Error ? Promise.reject(scene.answer) : Promise.resolve(scene.answer);
      },
      reportProblem: (message) => void problems.push(message),
    }),
    setReady: (name, ready) => {
      if (!known.has(name)) call("POST", pods, { metadata: { name }, spec: { containers: [{ name: "c", image: "i" }] } });
      known.add(name);
      const containerStatuses = [{ name: "c", image: "i", imageID: "", ready, restartCount: ready ? 0 : 2 }];
      const metadata = { name, namespace: "default" };
      call("PUT", `${pods}/${name}/status`, { apiVersion: "v1", kind: "Pod", metadata, status: { phase: "Running", containerStatuses } });
    },
    remove: (name) => call("DELETE", `${pods}/${name}?gracePeriodSeconds=0`),
    sent: () =>
      posts.map(({ atMs, payload }) => {
        const alerts = payload.alerts as { status: string; labels: { pod: string } }[];
        const of = (status: string): string[] => alerts.filter((alert) => alert.status === status).map(({ labels }) => labels.pod);
        const parts = ["firing", "resolved"].flatMap((status) =>
          of(status).length === 0 ? [] : [`${status} ${of(status).toSorted().join(", ")}`],
        );
        return `${(atMs - startMs) / 1000} s: ${parts.join("; ")}`;
      }),
  };
  return scene;
};

const rule = {
  alert: "NotReady",
  expr: 'kube_pod_container_status_ready{namespace="default"} == 0',
  for: "4s",
  labels: { severity: "warning", who: "{{ $labels.pod }}" },
  annotations: { summary: "{{ $labels.namespace }}/{{ $labels.pod }} is {{ $value }}" },
};

const webhook = { url: "http://gateway", bearerToken: "t" };

describe("from a state to a webhook", () => {
  test("a state that lasts is sent after the rule's time and the group's", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.monitoring.setRules([rule]);
    await scene.clock.advance(4_000);
    expect(scene.monitoring.alerts()).toMatchObject([{ firedAtMs: undefined }]);
    await scene.clock.advance(3_000);
    expect(scene.monitoring.alerts()).toMatchObject([{ firedAtMs: expect.any(Number) }]);
    expect(scene.sent()).toEqual(["6 s: firing a"]);
    expect(scene.posts[0]?.payload).toMatchObject({
      version: "4",
      status: "firing",
      receiver: "webhook",
      groupKey: '{}:{alertname="NotReady", namespace="default"}',
      groupLabels: { alertname: "NotReady", namespace: "default" },
      commonLabels: { alertname: "NotReady", severity: "warning", pod: "a", who: "a", container: "c" },
      commonAnnotations: { summary: "default/a is 0" },
      truncatedAlerts: 0,
      alerts: [
        {
          status: "firing",
          startsAt: "2030-01-01T00:00:05.000Z",
          endsAt: "0001-01-01T00:00:00Z",
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
    });
    expect((scene.posts[0]!.payload.alerts[0] as { labels: object }).labels).not.toHaveProperty("__name__");
  });

  test("a state that does not last is never sent", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.monitoring.setRules([rule]);
    await scene.clock.advance(4_000);
    scene.setReady("a", true);
    await scene.clock.advance(20_000);
    expect(scene.posts).toEqual([]);
    expect(scene.monitoring.alerts()).toEqual([]);
  });

  test("a second alert of the group, the end of one, and the end of all are sent at the interval", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.monitoring.setRules([rule]);
    await scene.clock.advance(3_000);
    scene.setReady("b", false);
    await scene.clock.advance(12_000);
    scene.setReady("a", true);
    await scene.clock.advance(10_000);
    scene.remove("b");
    await scene.clock.advance(20_000);
    expect(scene.sent()).toEqual(["6 s: firing a", "11 s: firing a, b", "21 s: firing b; resolved a", "31 s: resolved b"]);
    expect(scene.posts.at(-1)?.payload.status).toBe("resolved");
  });

  test("unchanged alerts are sent again after the repeat interval", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.monitoring.setRules([rule]);
    await scene.clock.advance(3_600_000);
    expect(scene.sent()).toEqual(["6 s: firing a"]);
    await scene.clock.advance(12_000);
    expect(scene.sent()).toEqual(["6 s: firing a", "3611 s: firing a"]);
  });
});

describe("the receiver", () => {
  test("that is away or overloaded is tried again at once, and gets one notification", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.answer = new Error("connection refused");
    scene.monitoring.setRules([{ ...rule, for: "0s" }]);
    await scene.clock.advance(2_400);
    scene.answer = 503;
    await scene.clock.advance(600);
    scene.answer = 202;
    await scene.clock.advance(20_000);
    expect(scene.sent()).toEqual(["2 s: firing a", "2.5 s: firing a", "3.25 s: firing a"]);
    expect(scene.problems).toEqual(["the webhook does not answer: connection refused", "the webhook answered 503"]);
  });

  test("that refuses is tried again at the next interval, not before", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.answer = 401;
    scene.monitoring.setRules([{ ...rule, for: "0s" }]);
    await scene.clock.advance(8_000);
    expect(scene.sent()).toEqual(["2 s: firing a", "7 s: firing a"]);
  });

  test("that is set later gets the alerts that fire already", async () => {
    const scene = createScene();
    scene.setReady("a", false);
    scene.monitoring.setRules([{ ...rule, for: "0s" }]);
    await scene.clock.advance(30_000);
    expect(scene.posts).toEqual([]);
    scene.monitoring.setWebhook(webhook);
    await scene.clock.advance(3_000);
    expect(scene.sent()).toEqual(["31 s: firing a"]);
  });
});

describe("rules", () => {
  test("an invalid rule changes nothing, and the error names it", async () => {
    const scene = createScene();
    scene.setReady("a", false);
    scene.monitoring.setRules([{ ...rule, for: "0s" }]);
    expect(() => scene.monitoring.setRules([{ alert: "Broken", expr: "a >" }])).toThrow(
      "alert Broken: expected a number at 3, found the end",
    );
    expect(() => scene.monitoring.setRules([{ alert: "Broken", expr: "a", for: "soon" }])).toThrow(
      /alert Broken: "soon" is not a duration/,
    );
    await scene.clock.advance(1_000);
    expect(scene.monitoring.alerts()).toHaveLength(1);
  });

  test("a rule keeps its alerts when other rules come and go", async () => {
    const scene = createScene();
    scene.setReady("a", false);
    scene.monitoring.setRules([rule]);
    await scene.clock.advance(3_000);
    scene.monitoring.setRules([{ alert: "Other", expr: "kube_pod_container_status_restarts_total > 2" }, rule]);
    await scene.clock.advance(2_000);
    expect(scene.monitoring.alerts()).toMatchObject([{ firedAtMs: expect.any(Number), labels: { alertname: "NotReady" } }]);
  });

  test("a rule with two alerts of the same labels is reported", async () => {
    const scene = createScene();
    for (const name of ["a", "b"]) scene.setReady(name, false);
    scene.monitoring.setRules([{ ...rule, labels: { pod: "any", uid: "any", who: "any" } }]);
    await scene.clock.advance(1_000);
    expect(scene.problems).toEqual([expect.stringMatching(/NotReady: .*same labels/)]);
  });

  test("none is evaluated after a stop", async () => {
    const scene = createScene();
    scene.monitoring.setWebhook(webhook);
    scene.setReady("a", false);
    scene.monitoring.setRules([{ ...rule, for: "0s" }]);
    await scene.clock.advance(1_500);
    scene.monitoring.stop();
    await scene.clock.advance(60_000);
    expect(scene.posts).toEqual([]);
  });
});

test("a fingerprint is the one that Prometheus gives", () => expect(fingerprintOf({})).toBe("cbf29ce484222325"));
