// Dry runs: the whole answer, defaults, validation and admission included, and not a trace of it afterwards.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { apps, configMap, core, deployment, failure } from "#test/contract/samples.ts";

export const dryRun: Topic = {
  title: "Dry runs",
  cases: [
    {
      name: "a dry create answers the object with its defaults and a uid, but no version, and keeps nothing",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(`${apps(namespace, "deployments")}?dryRun=All`, deployment("web"));
        expect(answer).toMatchObject({ status: 201, body: { spec: { progressDeadlineSeconds: 600 } } });
        expect(answer.body.metadata.uid).not.toBe("");
        expect(answer.body.metadata.resourceVersion).toBeUndefined();
        expect(await cluster.get(apps(namespace, "deployments", "web"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a dry create of a name that is taken is AlreadyExists",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(await cluster.create(`${core(namespace, "configmaps")}?dryRun=All`, configMap("a"))).toMatchObject(
          failure(409, "AlreadyExists"),
        );
      },
    },
    {
      name: "a dry patch answers what would be, with the version and generation it would start from",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const path = apps(namespace, "deployments", "web");
        const answer = await cluster.patch("merge", `${path}?dryRun=All`, { spec: { replicas: 4 } });
        expect(answer).toMatchObject({
          status: 200,
          body: { spec: { replicas: 4 }, metadata: { generation: 2, resourceVersion: before.metadata.resourceVersion } },
        });
        expect(await ok(cluster.get(path))).toEqual(before);
      },
    },
    {
      name: "a dry patch is validated and guarded as a real one",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const path = `${apps(namespace, "deployments", "web")}?dryRun=All`;
        expect(await cluster.patch("merge", path, { spec: { replicas: -1 } })).toMatchObject(failure(422, "Invalid"));
        expect(await cluster.patch("json", path, [{ op: "test", path: "/spec/replicas", value: 9 }])).toMatchObject(
          failure(422, "Invalid"),
        );
        expect(await cluster.patch("merge", path, { metadata: { resourceVersion: "1" } })).toMatchObject(failure(409, "Conflict"));
      },
    },
    {
      name: "a dry scale keeps nothing",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("merge", `${apps(namespace, "deployments", "web", "scale")}?dryRun=All`, {
          spec: { replicas: 4 },
        });
        expect(answer).toMatchObject({ status: 200, body: { spec: { replicas: 4 } } });
        expect(await ok(cluster.get(apps(namespace, "deployments", "web")))).toMatchObject({ spec: { replicas: 1 } });
      },
    },
    {
      name: "a dry delete answers Success and deletes nothing",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(await cluster.delete(`${core(namespace, "configmaps", "a")}?dryRun=All`)).toMatchObject({
          status: 200,
          body: { status: "Success" },
        });
        expect(await cluster.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a dry delete may be asked for in the body too",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(await cluster.delete(core(namespace, "configmaps", "a"), { dryRun: ["All"] })).toMatchObject({ status: 200 });
        expect(await cluster.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a dry apply answers what would be",
      run: async (cluster, namespace) => {
        const path = core(namespace, "configmaps", "a");
        expect(await cluster.patch("apply", `${path}?fieldManager=one&dryRun=All`, configMap("a", { k: "1" }))).toMatchObject({
          status: 201,
          body: { data: { k: "1" } },
        });
        expect(await cluster.get(path)).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a dry run of anything but All is refused",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(`${core(namespace, "configmaps")}?dryRun=Some`, configMap("a"));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('dryRun: Unsupported value: ["Some"]: supported values: "All"');
      },
    },
  ],
};
