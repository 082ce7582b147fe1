// Events: how they are found.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { core, type Part } from "#test/contract/samples.ts";

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
  ],
};
