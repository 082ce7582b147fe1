import { describe, expect, test } from "vitest";
import type { ContainerStatus, Event, Pod } from "#api/kubernetes.ts";
import type { ObjectMeta } from "#api/object.ts";
import { observedEvent } from "#evidence/events.ts";
import { logsToRead } from "#evidence/logs.ts";
import { podState } from "#evidence/pods.ts";

const meta = (name: string, more: Partial<ObjectMeta> = {}): ObjectMeta => ({
  name,
  namespace: "shop",
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 3,
  creationTimestamp: "2027-03-01T13:00:00Z",
  ...more,
});

describe("when an event happened", () => {
  const event = (fields: Partial<Event>): Event => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: meta("e"),
    involvedObject: { kind: "Pod", namespace: "shop", name: "web-1", uid: "uid-web-1" },
    ...fields,
  });
  const table: Record<string, [Partial<Event>, object]> = {
    "the old form has first and last": [
      { type: "Warning", reason: "BackOff", count: 7, firstTimestamp: "2027-03-01T13:00:00Z", lastTimestamp: "2027-03-01T13:05:00Z" },
      { type: "Warning", count: 7, firstAt: "2027-03-01T13:00:00Z", lastAt: "2027-03-01T13:05:00Z" },
    ],
    "the new form has a series, in microseconds": [
      {
        eventTime: "2027-03-01T13:00:00.123456Z",
        series: { count: 3, lastObservedTime: "2027-03-01T13:05:00.5Z" },
        firstTimestamp: null,
        lastTimestamp: null,
      },
      { type: "Normal", count: 3, firstAt: "2027-03-01T13:00:00Z", lastAt: "2027-03-01T13:05:00Z" },
    ],
    "one that happened once": [
      { eventTime: "2027-03-01T13:00:00.000001Z" },
      { count: 1, firstAt: "2027-03-01T13:00:00Z", lastAt: "2027-03-01T13:00:00Z" },
    ],
    "one that only has its first time": [{ firstTimestamp: "2027-03-01T13:00:00Z" }, { lastAt: "2027-03-01T13:00:00Z" }],
  };
  test.each(Object.entries(table))("%s", (_name, [fields, expected]) => {
    expect(observedEvent(event(fields))).toMatchObject(expected);
  });
  test("one without any time has none, and one about nothing that can be named says so", () => {
    expect(observedEvent(event({ reason: "A" }))).not.toHaveProperty("lastAt");
    expect(observedEvent(event({ involvedObject: { uid: "uid-web-1" } }))).toMatchObject({ object: "Object ", reason: "" });
  });
});

describe("a pod", () => {
  const pod = (status: Pod["status"], spec: object = {}): Pod => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta("web-1"),
    spec: { containers: [], ...spec },
    ...(status === undefined ? {} : { status }),
  });
  const status = (fields: Partial<ContainerStatus>): ContainerStatus => ({
    name: "web",
    image: "web:1",
    ready: false,
    restartCount: 0,
    ...fields,
  });

  test("that has no status yet is unknown and not ready", () => {
    expect(podState(pod(undefined))).toEqual({
      name: "web-1",
      uid: "uid-web-1",
      createdAt: "2027-03-01T13:00:00Z",
      phase: "Unknown",
      isReady: false,
      isDeleting: false,
      conditions: [],
      containers: [],
    });
  });
  test("has its init containers first, and the zero time of a run that never was is ignored", () => {
    const never = {
      terminated: { exitCode: 128, reason: "StartError", signal: 9, startedAt: "1970-01-01T00:00:00Z", finishedAt: "2027-03-01T13:00:01Z" },
    };
    const { containers } = podState(
      pod({ initContainerStatuses: [status({ name: "init", state: never })], containerStatuses: [status({})] }),
    );
    expect(containers).toEqual([
      {
        name: "init",
        role: "init",
        image: "web:1",
        isReady: false,
        restarts: 0,
        state: { kind: "terminated", exitCode: 128, signal: 9, reason: "StartError", finishedAt: "2027-03-01T13:00:01Z" },
      },
      { name: "web", role: "main", image: "web:1", isReady: false, restarts: 0, state: { kind: "unknown" } },
    ]);
  });
  test("whose init container failed has a log to read; one whose init container is done has none", () => {
    const ended = (exitCode: number) => status({ name: "init", ready: exitCode === 0, state: { terminated: { exitCode } } });
    const waits = status({ state: { waiting: { reason: "PodInitializing" } } });
    const logs = (exitCode: number) =>
      logsToRead([podState(pod({ initContainerStatuses: [ended(exitCode)], containerStatuses: [waits] }))]);
    expect(logs(1)).toEqual([{ pod: "web-1", container: "init", run: "current" }]);
    expect(logs(0)).toEqual([]);
  });
});
