// Events: two APIs over one store, and what can be asked of it.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { core, eventsV1, failure, type Part } from "#test/contract/samples.ts";

const event = (name: string, namespace: string, extra: Part = {}): Part => ({
  apiVersion: "v1",
  kind: "Event",
  metadata: { name },
  involvedObject: { apiVersion: "v1", kind: "Pod", namespace, name: "web", uid: "u" },
  type: "Warning",
  reason: "BackOff",
  message: "Back-off restarting failed container",
  source: { component: "kubelet" },
  firstTimestamp: "2030-01-01T00:00:00Z",
  lastTimestamp: "2030-01-01T00:00:00Z",
  count: 1,
  ...extra,
});

const modern = (name: string, namespace: string, extra: Part = {}): Part => ({
  apiVersion: "events.k8s.io/v1",
  kind: "Event",
  metadata: { name },
  eventTime: "2030-01-01T00:00:00.000000Z",
  action: "Repairing",
  reason: "Repaired",
  type: "Normal",
  note: "Rolled back",
  regarding: { apiVersion: "v1", kind: "Pod", namespace, name: "web", uid: "u" },
  reportingController: "kintsugi.dev/test",
  reportingInstance: "test-1",
  ...extra,
});

export const events: Topic = {
  title: "Events",
  cases: [
    {
      name: "events are found by the object they are about, its kind, and by type and reason",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "events"), event("a", namespace)));
        const other = { apiVersion: "v1", kind: "Node", namespace, name: "web" };
        await ok(
          cluster.create(core(namespace, "events"), event("b", namespace, { involvedObject: other, type: "Normal", reason: "Ready" })),
        );
        const by = async (selector: string): Promise<readonly string[]> =>
          (await ok(cluster.get(`${core(namespace, "events")}?fieldSelector=${encodeURIComponent(selector)}`))).items.map(
            ({ metadata }) => metadata.name,
          );
        expect(await by("involvedObject.kind=Pod,involvedObject.name=web")).toEqual(["a"]);
        expect(await by("involvedObject.uid=u")).toEqual(["a"]);
        expect(await by("involvedObject.name=web")).toEqual(["a", "b"]);
        expect(await by("type=Normal")).toEqual(["b"]);
        expect(await by("reason=BackOff")).toEqual(["a"]);
      },
    },
    {
      name: "an event counts on by a patch",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "events"), event("a", namespace)));
        const answer = await cluster.patch("merge", core(namespace, "events", "a"), { count: 2, lastTimestamp: "2030-01-01T00:01:00Z" });
        expect(answer).toMatchObject({ status: 200, body: { count: 2, lastTimestamp: "2030-01-01T00:01:00Z" } });
      },
    },
    {
      name: "an event about an object of another namespace is Invalid",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "events"), event("a", "other"));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('involvedObject.namespace: Invalid value: "other": does not match event.namespace');
      },
    },
    {
      name: "an event of the newer API is an event of the older, under other names",
      run: async (cluster, namespace) => {
        expect(await cluster.create(eventsV1(namespace, "events"), modern("a", namespace))).toMatchObject({
          status: 201,
          body: { apiVersion: "events.k8s.io/v1", note: "Rolled back", regarding: { name: "web" } },
        });
        expect(await cluster.get(core(namespace, "events", "a"))).toMatchObject({
          status: 200,
          body: {
            apiVersion: "v1",
            message: "Rolled back",
            involvedObject: { name: "web" },
            reportingComponent: "kintsugi.dev/test",
            action: "Repairing",
          },
        });
      },
    },
    {
      name: "an event of the older API is one of the newer",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "events"), event("a", namespace)));
        expect(await cluster.get(eventsV1(namespace, "events", "a"))).toMatchObject({
          status: 200,
          body: { note: "Back-off restarting failed container", deprecatedCount: 1, deprecatedSource: { component: "kubelet" } },
        });
      },
    },
    {
      name: "an event of the newer API without an action or a time is Invalid",
      run: async (cluster, namespace) => {
        const noAction = await cluster.create(eventsV1(namespace, "events"), modern("a", namespace, { action: "" }));
        expect(noAction).toMatchObject(failure(422, "Invalid"));
        expect(noAction.body.message).toContain("action: Required value");
        const noTime = await cluster.create(eventsV1(namespace, "events"), modern("a", namespace, { eventTime: null }));
        expect(noTime).toMatchObject(failure(422, "Invalid"));
        expect(noTime.body.message).toContain("eventTime: Required value");
      },
    },
    {
      name: "a note of more than 1024 bytes is Invalid",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(eventsV1(namespace, "events"), modern("a", namespace, { note: "x".repeat(1025) }));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("can have at most 1024 characters");
      },
    },
  ],
};
