import { describe, expect, test } from "vitest";
import type { Event } from "#api/kubernetes.ts";
import { eventReasons, readEvent } from "#services/gateway/sources/kubernetes-events.ts";

const now = Date.UTC(2030, 0, 1);
/** As the kubelet writes it. */
const backOff = (change: Partial<Event> = {}): Event => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name: "web-1.17a", namespace: "shop", uid: "u", resourceVersion: "1", creationTimestamp: "2029-12-31T23:50:00Z" },
  involvedObject: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-1", fieldPath: "spec.containers{web}" },
  type: "Warning",
  reason: "BackOff",
  message: "Back-off restarting failed container web in pod web-1",
  count: 7,
  firstTimestamp: "2029-12-31T23:50:00Z",
  lastTimestamp: "2029-12-31T23:59:00Z",
  source: { component: "kubelet" },
  ...change,
});

test("a container that backs off", () => {
  expect(readEvent(backOff(), now)).toEqual({
    signal: {
      status: "firing",
      name: "BackOff",
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      severity: "warning",
      startsAtMs: Date.parse("2029-12-31T23:50:00Z"),
      source: "kubernetes-event",
      labels: { alertname: "BackOff", namespace: "shop", kind: "Pod", name: "web-1" },
      annotations: { message: "Back-off restarting failed container web in pod web-1" },
      reported: { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-1" },
    },
    lastMs: Date.parse("2029-12-31T23:59:00Z"),
  });
});

test("an event of the newer API, with a series and without counts", () => {
  const event = backOff({
    ...{ reason: "FailedScheduling", eventTime: "2029-12-31T23:55:00.123456Z", firstTimestamp: null, lastTimestamp: null },
    series: { count: 4, lastObservedTime: "2029-12-31T23:58:00.5Z" },
  });
  const { count: _none, ...newer } = event;
  expect(readEvent(newer, now)).toMatchObject({
    signal: { startsAtMs: Date.parse("2029-12-31T23:55:00.123Z") },
    lastMs: Date.parse("2029-12-31T23:58:00.500Z"),
  });
});

describe("what is not taken as an alert", () => {
  test.each<[string, Partial<Event>]>([
    ["a Normal event", { type: "Normal" }],
    ["a reason that passes by itself", { reason: "FailedToUpdateEndpoint" }],
    ["a reason that every object has", { reason: "constructor" }],
    ["too few times", { count: 2 }],
    ["an object without a namespace", { involvedObject: { kind: "Node", name: "n1" } }],
    ["a name that is none", { involvedObject: { kind: "Pod", namespace: "shop", name: "A B" } }],
    ["no object", { involvedObject: {} }],
  ])("%s", (_name, change) => {
    expect(readEvent(backOff(change), now)).toBe(undefined);
  });
});

test("the same trouble of the same object has one fingerprint, whatever event reports it", () => {
  const of = (event: Event): string | undefined => readEvent(event, now)?.signal.fingerprint;
  expect(of(backOff({ message: "other", count: 9 }))).toBe(of(backOff()));
  expect(of(backOff({ reason: "FailedMount" }))).not.toBe(of(backOff()));
});

test("times of the future count from now", () => {
  const later = "2099-01-01T00:00:00Z";
  expect(readEvent(backOff({ firstTimestamp: later, lastTimestamp: later }), now)).toMatchObject({
    signal: { startsAtMs: now, startsInFuture: true },
    lastMs: now,
  });
});

test("each reason is in the table once", () => {
  const reasons = eventReasons.map(({ reason }) => reason);
  expect(new Set(reasons).size).toBe(reasons.length);
  expect(reasons).toEqual(reasons.toSorted());
});
