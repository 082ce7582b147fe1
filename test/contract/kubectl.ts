// What kubectl builds on besides the objects: OpenAPI before an apply, the directives of its strategic patches, the columns it prints.
import { expect } from "vitest";
import { type Body, type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, container, core, deployment, type Part, pod } from "#test/contract/samples.ts";

const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

/** The columns that are shown without `-o wide`, and the row without the ages, which are another for every run. */
const shown = async (cluster: ContractCluster, path: string): Promise<{ columns: readonly string[]; row: readonly unknown[] }> => {
  const table = await ok(cluster.get(path, asTable));
  const definitions = table["columnDefinitions"] as readonly { name: string; priority: number }[];
  const [row] = table["rows"] as readonly { cells: readonly unknown[] }[];
  const kept = definitions.map(({ name, priority }) => priority === 0 && name !== "Age" && name !== "Duration");
  const columns = definitions.filter(({ priority }) => priority === 0).map(({ name }) => name);
  return { columns, row: (row?.cells ?? []).filter((_cell, index) => kept[index]) };
};

const template = (body: Body): { labels: Part; spec: Part & { containers: Part[]; volumes?: Part[] } } => {
  const { metadata, spec } = body.spec["template"] as { metadata: { labels: Part }; spec: Part & { containers: Part[] } };
  return { labels: metadata.labels, spec };
};

const patched = async (cluster: ContractCluster, namespace: string, spec: Part): Promise<Body> =>
  ok(cluster.patch("strategic", apps(namespace, "deployments", "web"), { spec }));

const inPod = (spec: Part): Part => ({ template: { spec } });

const withEnv = (...names: readonly string[]): Part => container({ env: names.map((name) => ({ name, value: "1" })) });

const made = async (cluster: ContractCluster, namespace: string, spec: Part = {}): Promise<Body> =>
  ok(
    cluster.create(
      apps(namespace, "deployments"),
      deployment("web", { template: { metadata: { labels: { app: "web" } }, spec: { containers: [withEnv("A", "B")], ...spec } } }),
    ),
  );

const names = (items: unknown): readonly unknown[] => (items as readonly Part[]).map(({ name }) => name);

export const kubectl: Topic = {
  title: "What kubectl builds on",
  cases: [
    {
      name: "OpenAPI has a document for each version of each group",
      run: async (cluster) => {
        const { body } = await cluster.get("/openapi/v3");
        const paths = body["paths"] as Readonly<Record<string, { serverRelativeURL: string }>>;
        expect(Object.keys(paths)).toEqual(expect.arrayContaining(["api/v1", "apis/apps/v1", "apis/batch/v1"]));
        expect(paths["apis/apps/v1"]?.serverRelativeURL).toMatch(/^\/openapi\/v3\/apis\/apps\/v1/);
      },
    },
    {
      name: "a document of OpenAPI says that a patch may ask for the validation of fields",
      run: async (cluster) => {
        const { body } = await cluster.get("/openapi/v3/apis/apps/v1");
        const paths = body["paths"] as Readonly<Record<string, { patch?: Part }>>;
        const { patch } = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"] ?? {};
        expect(patch).toMatchObject({
          parameters: expect.arrayContaining([expect.objectContaining({ name: "fieldValidation", in: "query" })]),
          "x-kubernetes-group-version-kind": { group: "apps", version: "v1", kind: "Deployment" },
        });
      },
    },
    {
      name: "there is no document of OpenAPI for a group that is not there",
      run: async (cluster) => {
        expect((await cluster.get("/openapi/v3/apis/no.example.com/v1")).status).toBe(404);
      },
    },
    {
      name: "$patch: replace puts a list in place of the old one",
      run: async (cluster, namespace) => {
        await made(cluster, namespace);
        const containers = [{ $patch: "replace" }, container({ name: "other" })];
        expect(names(template(await patched(cluster, namespace, inPod({ containers }))).spec.containers)).toEqual(["other"]);
      },
    },
    {
      name: "$patch: replace puts a map in place of the old one",
      run: async (cluster, namespace) => {
        const strategy = { type: "RollingUpdate", rollingUpdate: { maxSurge: 2 } };
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web", { strategy })));
        const { spec } = await patched(cluster, namespace, { strategy: { $patch: "replace", type: "Recreate" } });
        expect(spec["strategy"]).toEqual({ type: "Recreate" });
      },
    },
    {
      name: "$retainKeys drops what it does not name",
      run: async (cluster, namespace) => {
        await made(cluster, namespace);
        const { spec } = await patched(cluster, namespace, { strategy: { $retainKeys: ["type"], type: "Recreate" } });
        expect(spec["strategy"]).toEqual({ type: "Recreate" });
      },
    },
    {
      name: "$setElementOrder orders a keyed list",
      run: async (cluster, namespace) => {
        await made(cluster, namespace);
        const changed = {
          name: "web",
          env: [{ name: "C", value: "1" }],
          "$setElementOrder/env": [{ name: "C" }, { name: "B" }, { name: "A" }],
        };
        const { spec } = template(await patched(cluster, namespace, inPod({ containers: [changed] })));
        expect(names(spec.containers[0]?.["env"])).toEqual(["C", "B", "A"]);
      },
    },
    {
      name: "$deleteFromPrimitiveList takes values out of a plain list",
      run: async (cluster, namespace) => {
        await ok(
          cluster.create(core(namespace, "configmaps"), { metadata: { name: "a", finalizers: ["example.com/a", "example.com/b"] } }),
        );
        const change = { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/a"] } };
        const answer = await ok(cluster.patch("strategic", core(namespace, "configmaps", "a"), change));
        expect(answer.metadata["finalizers"]).toEqual(["example.com/b"]);
      },
    },
    {
      name: "a strategic merge patch adds to a list that is a set, in front",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), { metadata: { name: "a", finalizers: ["example.com/a"] } }));
        const change = { metadata: { finalizers: ["example.com/b"] } };
        const answer = await ok(cluster.patch("strategic", core(namespace, "configmaps", "a"), change));
        expect(answer.metadata["finalizers"]).toEqual(["example.com/b", "example.com/a"]);
      },
    },
    {
      name: "a container that a strategic merge patch adds comes first",
      run: async (cluster, namespace) => {
        await made(cluster, namespace);
        const { spec } = template(await patched(cluster, namespace, inPod({ containers: [container({ name: "added" })] })));
        expect(names(spec.containers)).toEqual(["added", "web"]);
      },
    },
    {
      name: "an unknown directive is refused",
      run: async (cluster, namespace) => {
        await made(cluster, namespace);
        const answer = await cluster.patch("strategic", apps(namespace, "deployments", "web"), { spec: { strategy: { $patch: "other" } } });
        expect(answer.status).toBeGreaterThanOrEqual(400);
      },
    },
    {
      name: "an item without its key is refused",
      run: async (cluster, namespace) => {
        await made(cluster, namespace);
        const change = { spec: inPod({ containers: [{ image: "registry.example/other:1" }] }) };
        const answer = await cluster.patch("strategic", apps(namespace, "deployments", "web"), change);
        expect(answer).toMatchObject({ status: 500, body: { kind: "Status", status: "Failure", code: 500 } });
        expect(answer.body.message).toContain("does not contain declared merge key: name");
      },
    },
    {
      name: "a pod that cannot start shows why, and how often it was tried",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a", { nodeName: "node-1" })));
        const waiting = {
          name: "web",
          image: "x",
          imageID: "",
          ready: false,
          restartCount: 4,
          state: { waiting: { reason: "ImagePullBackOff" } },
        };
        await ok(cluster.patch("merge", core(namespace, "pods", "a", "status"), { status: { containerStatuses: [waiting] } }));
        const { columns, row } = await shown(cluster, core(namespace, "pods", "a"));
        expect([columns, row]).toEqual([
          ["Name", "Ready", "Status", "Restarts", "Age"],
          ["a", "0/1", "ImagePullBackOff", "4"],
        ]);
      },
    },
  ],
};
