// Watches: the events that a client of a collection gets, and the moment when it has to start over.
import { expect } from "vitest";
import { type ContractCluster, ok, type Topic, type WatchEvent } from "#test/contract/cluster.ts";
import { configMap, core } from "#test/contract/samples.ts";

const summaries = (events: readonly WatchEvent[]): readonly string[] => events.map(({ type, object }) => `${type} ${object.metadata.name}`);

/** The version of the collection as it is. */
const now = async (cluster: ContractCluster, namespace: string): Promise<string> =>
  (await ok(cluster.get(core(namespace, "configmaps")))).metadata.resourceVersion;

const following = async (
  cluster: ContractCluster,
  path: string,
  act: (watch: Awaited<ReturnType<ContractCluster["watch"]>>) => Promise<void>,
): Promise<void> => {
  const watch = await cluster.watch(path);
  try {
    expect(watch.status).toBe(200);
    await act(watch);
  } finally {
    watch.close();
  }
};

export const watch: Topic = {
  title: "Watches",
  cases: [
    {
      name: "from a list's version: everything since, in order, each as a whole object",
      run: async (cluster, namespace) => {
        const from = await now(cluster, namespace);
        await following(cluster, `${core(namespace, "configmaps")}?resourceVersion=${from}`, async (watching) => {
          const made = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
          const changed = await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "2" } }));
          await ok(cluster.delete(core(namespace, "configmaps", "a")));
          const events = await watching.take(3);
          expect(summaries(events)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
          expect(events[0]?.object).toEqual(made);
          expect(events[1]?.object).toEqual(changed);
        });
      },
    },
    {
      name: "the event of a deletion has the last content and its own version",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        await following(cluster, `${core(namespace, "configmaps")}?resourceVersion=${await now(cluster, namespace)}`, async (watching) => {
          await ok(cluster.delete(core(namespace, "configmaps", "a")));
          const [event] = await watching.take(1);
          expect(event).toMatchObject({ type: "DELETED", object: { metadata: { uid: made.metadata.uid }, data: { k: "1" } } });
          expect(Number(event?.object.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
        });
      },
    },
    {
      name: "changes between the list and the watch are sent too",
      run: async (cluster, namespace) => {
        const from = await now(cluster, namespace);
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("b")));
        await following(cluster, `${core(namespace, "configmaps")}?resourceVersion=${from}`, async (watching) => {
          expect(summaries(await watching.take(2))).toEqual(["ADDED a", "ADDED b"]);
        });
      },
    },
    {
      name: "without a version: first what is there, as if just added, then what happens",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("b")));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await following(cluster, core(namespace, "configmaps"), async (watching) => {
          expect(summaries(await watching.take(2)).toSorted()).toEqual(["ADDED a", "ADDED b"]);
          await ok(cluster.create(core(namespace, "configmaps"), configMap("c")));
          expect(summaries(await watching.take(1))).toEqual(["ADDED c"]);
        });
      },
    },
    {
      name: "changes in another namespace are not sent",
      run: async (cluster, namespace) => {
        const other = `${namespace}-other`;
        await ok(cluster.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: other } }));
        await following(cluster, `${core(namespace, "configmaps")}?resourceVersion=${await now(cluster, namespace)}`, async (watching) => {
          await ok(cluster.create(core(other, "configmaps"), configMap("theirs")));
          await ok(cluster.create(core(namespace, "configmaps"), configMap("ours")));
          expect(summaries(await watching.take(1))).toEqual(["ADDED ours"]);
        });
      },
    },
    {
      name: "one object can be watched by its name",
      run: async (cluster, namespace) => {
        const path = `${core(namespace, "configmaps")}?fieldSelector=metadata.name%3Db&resourceVersion=${await now(cluster, namespace)}`;
        await following(cluster, path, async (watching) => {
          await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
          await ok(cluster.create(core(namespace, "configmaps"), configMap("b")));
          expect(summaries(await watching.take(1))).toEqual(["ADDED b"]);
        });
      },
    },
    {
      name: "an object that comes to fit the selector is added, one that no longer does is deleted",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const path = `${core(namespace, "configmaps")}?labelSelector=on%3Dyes&resourceVersion=${await now(cluster, namespace)}`;
        await following(cluster, path, async (watching) => {
          const label = (value: string | null): Promise<unknown> =>
            ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { metadata: { labels: { on: value } } }));
          await label("yes");
          await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "2" } }));
          await label(null);
          const events = await watching.take(3);
          expect(summaries(events)).toEqual(["ADDED a", "MODIFIED a", "DELETED a"]);
          // The last state that matched.
          expect(events[2]?.object).toMatchObject({ metadata: { labels: { on: "yes" } }, data: { k: "2" } });
        });
      },
    },
    {
      name: "a write that changes nothing is not sent",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        await following(cluster, `${core(namespace, "configmaps")}?resourceVersion=${await now(cluster, namespace)}`, async (watching) => {
          await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "1" } }));
          await ok(cluster.create(core(namespace, "configmaps"), configMap("b")));
          expect(summaries(await watching.take(1))).toEqual(["ADDED b"]);
        });
      },
    },
    {
      name: "the stream ends in peace after timeoutSeconds",
      run: async (cluster, namespace) => {
        const from = await now(cluster, namespace);
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await following(cluster, `${core(namespace, "configmaps")}?timeoutSeconds=1&resourceVersion=${from}`, async (watching) => {
          expect(summaries(await watching.rest())).toEqual(["ADDED a"]);
        });
      },
    },
    {
      name: "a bookmark comes before the stream ends, where it is allowed, with a version to go on from",
      run: async (cluster, namespace) => {
        const from = await now(cluster, namespace);
        const path = `${core(namespace, "configmaps")}?allowWatchBookmarks=true&timeoutSeconds=5&resourceVersion=${from}`;
        await following(cluster, path, async (watching) => {
          // A server that has seen no event since its start sends none.
          await ok(cluster.create(core("default", "configmaps"), configMap(`of-${namespace}`)));
          const [first, ...others] = await watching.rest();
          expect(first).toMatchObject({ type: "BOOKMARK", object: { apiVersion: "v1", kind: "ConfigMap" } });
          expect(Number(first?.object.metadata.resourceVersion)).toBeGreaterThan(Number(from));
          expect(others.every(({ type }) => type === "BOOKMARK")).toBe(true);
        });
      },
    },
    {
      name: "a version that is too old is an error 410 in the stream, which ends it",
      run: async (cluster, namespace) => {
        const from = await now(cluster, namespace);
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await cluster.compact();
        await following(cluster, `${core(namespace, "configmaps")}?resourceVersion=${from}`, async (watching) => {
          const events = await watching.rest();
          expect(events).toMatchObject([{ type: "ERROR", object: { kind: "Status", status: "Failure", code: 410, reason: "Expired" } }]);
          expect(events[0]?.object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
        });
      },
    },
    {
      name: "a version that is no number is an error without a reason",
      run: async (cluster, namespace) => {
        const answer = await cluster.get(`${core(namespace, "configmaps")}?watch=true&resourceVersion=abc`);
        expect(answer).toMatchObject({
          status: 500,
          body: {
            status: "Failure",
            code: 500,
            message: 'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
          },
        });
      },
    },
  ],
};
