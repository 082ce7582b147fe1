// One workload's slow network among those who wait for it; against a node's, and against slowness without a sign of the network.
import { expect, test } from "vitest";
import { podNetworkBad } from "#diagnosis/causes/pod-network-bad.ts";
import type { Cause } from "#diagnosis/cause.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence, Metric } from "#evidence/evidence.ts";
import { answers, crashed, deployment, failing, objects, podsOf } from "#test/evidence-sketch.ts";

const [delay, loss] = podNetworkBad as [Cause, Cause];
const calling = (target: string): object => ({ env: [{ name: "BACKEND_ADDR", value: `${target}:80` }] });
const services = objects(`
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, ports: [{ port: 80 }] }`);
const web = deployment("web", calling("api"));
const api = deployment("api");
const all: KubeObject[] = [web, api, ...services, ...podsOf(web, {}), ...podsOf(api, {})];

interface Measured {
  readonly p50: readonly [number, number];
  readonly p90: readonly [number, number];
  readonly packets?: readonly [number, number];
  readonly requests?: readonly [number, number];
}
/** Each as [usual, now]. */
const measured = (object: KubeObject, { p50, p90, packets, requests }: Measured): Metric[] =>
  (
    [
      ["request_latency_seconds_p50", p50],
      ["request_latency_seconds_p90", p90],
      ["network_receive_packets_per_second", packets],
      ["requests_per_second", requests],
    ] as const
  ).flatMap(([name, pair]) =>
    pair === undefined
      ? []
      : [
          {
            object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: object.metadata.name },
            name,
            usual: pair[0],
            value: pair[1],
          },
        ],
  );
const scene = (forWeb: Measured, forApi: Measured, more: Partial<Evidence> = {}): Partial<Evidence> => ({
  objects: all,
  metrics: [...measured(web, forWeb), ...measured(api, forApi)],
  ...more,
});
const slow = { p50: [0.02, 2], p90: [0.05, 4] } as const;
const waiting: Measured = { ...slow, packets: [100, 52], requests: [10, 5] };
const source: Measured = { ...slow, packets: [100, 120], requests: [10, 5] };

test("of two slow workloads the one that sends twice as many packets for each request is at the source", () => {
  expect(answers(delay, scene(waiting, source))).toEqual(["PodNetworkDelay Deployment api → person"]);
  expect(answers(delay, scene(source, waiting))).toEqual(["PodNetworkDelay Deployment web → person"]);
  expect(answers(loss, scene(waiting, source))).toEqual([]);
});

test("a quick service is delayed when its median is several times the usual, however short", () => {
  const quick: Measured = { p50: [0.004, 0.02], p90: [0.01, 2], packets: [100, 160], requests: [10, 9] };
  const parts = scene({ p50: [0.03, 0.5], p90: [0.06, 3], packets: [100, 95], requests: [10, 9] }, quick);
  expect(answers(delay, parts)).toEqual(["PodNetworkDelay Deployment api → person"]);
  expect(answers(loss, parts)).toEqual([]);
});

test("a caller that is slow only at times is not at the source, however many packets it sends, and the called one is named without a clear lead, too", () => {
  const atTimes: Measured = { p50: [0.02, 0.02], p90: [0.05, 4], packets: [100, 72], requests: [10, 5] };
  const always: Measured = { ...slow, packets: [100, 70], requests: [10, 5] };
  expect(answers(delay, scene(atTimes, always))).toEqual(["PodNetworkDelay Deployment api → person"]);
  expect(answers(delay, scene(always, atTimes))).toEqual(["PodNetworkDelay Deployment web → person"]);
});

test("where the order of calls is known, a few more packets of the caller prove nothing", () => {
  const caller: Measured = { ...slow, packets: [100, 65], requests: [10, 5] };
  const called: Measured = { ...slow, packets: [100, 40], requests: [10, 5] };
  expect(answers(delay, scene(caller, called))).toEqual(["PodNetworkDelay Deployment api → person"]);
});

test("packets of requests that no caller made before say less than those that come without", () => {
  const awakened: Measured = { p50: [0, 2], p90: [0, 4], packets: [100, 170], requests: [0, 1] };
  const steady: Measured = { ...slow, packets: [100, 140], requests: [10, 10] };
  const unknown = [deployment("web"), api, ...services, ...podsOf(web, {}), ...podsOf(api, {})];
  expect(answers(delay, scene(awakened, steady, { objects: unknown }))).toEqual(["PodNetworkDelay Deployment api → person"]);
});

test("only the tail is slow: packets are lost, not delayed", () => {
  const lossy: Measured = { p50: [0.02, 0.021], p90: [0.05, 3], packets: [100, 160], requests: [10, 9] };
  const parts = scene({ p50: [0.03, 0.03], p90: [0.06, 3], packets: [100, 95], requests: [10, 9] }, lossy);
  expect(answers(loss, parts)).toEqual(["PodPacketLoss Deployment api → person"]);
  expect(answers(delay, parts)).toEqual([]);
});

test("without packets the one that calls none of the slow is at the source", () => {
  expect(answers(delay, scene(slow, slow))).toEqual(["PodNetworkDelay Deployment api → person"]);
});

test("nothing is slow: more packets alone are traffic", () => {
  const busy: Measured = { p50: [0.02, 0.02], p90: [0.05, 0.05], packets: [100, 400], requests: [10, 11] };
  expect(answers(delay, scene(busy, busy))).toEqual([]);
});

test("its pods are not well: what is slow there is explained by that", () => {
  const objectsThen = [web, api, ...services, ...podsOf(web, {}), ...podsOf(api, failing(crashed("api", 1)))];
  expect(answers(delay, scene(waiting, source, { objects: objectsThen }))).not.toContain("PodNetworkDelay Deployment api → person");
});

test("a delay of the node is the node's", () => {
  expect(delay.suppressedBy).toContain("NodeNetworkDelay");
});
