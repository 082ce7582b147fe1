// Tables: what `kubectl get` prints is made by the server.
import { expect, vi } from "vitest";
import { type Body, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, configMap, core, deployment, pod } from "#test/contract/samples.ts";

const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };

const asMetadata = { accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1" };

const columns = (table: Body): readonly string[] => (table["columnDefinitions"] as readonly { name: string }[]).map(({ name }) => name);
const shownColumns = (table: Body): readonly string[] =>
  (table["columnDefinitions"] as readonly { name: string; priority: number }[])
    .filter(({ priority }) => priority === 0)
    .map(({ name }) => name);
const rows = (table: Body): readonly { readonly cells: readonly unknown[]; readonly object: Body }[] =>
  table["rows"] as readonly { readonly cells: readonly unknown[]; readonly object: Body }[];

export const tables: Topic = {
  title: "Tables",
  cases: [
    {
      name: "a list as a table has columns, a row for each object, and their metadata",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { x: "1", y: "2" })));
        const answer = await cluster.get(core(namespace, "configmaps"), asTable);
        expect(answer).toMatchObject({ status: 200, body: { kind: "Table", apiVersion: "meta.k8s.io/v1" } });
        expect([columns(answer.body).at(0), columns(answer.body).at(-1)]).toEqual(["Name", "Age"]);
        const [row] = rows(answer.body);
        expect(row?.cells[0]).toBe("a");
        expect(row?.cells.at(-1)).toMatch(/^\d+m?s$/);
        expect(row?.object).toMatchObject({
          kind: "PartialObjectMetadata",
          apiVersion: "meta.k8s.io/v1",
          metadata: { name: "a", namespace },
        });
        expect(answer.body.metadata.resourceVersion).toMatch(/^\d+$/);
      },
    },
    {
      name: "a list of metadata holds nothing else of its objects",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { x: "1" })));
        const list = await ok(cluster.get(`${core(namespace, "configmaps")}?fieldSelector=metadata.name%3Da`, asMetadata));
        expect(list).toMatchObject({ kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" });
        expect(list.items).toHaveLength(1);
        expect(list.items[0]?.metadata).toMatchObject({ name: "a", namespace });
        expect(list.items[0]).not.toHaveProperty("data");
        expect(list.metadata.resourceVersion).toMatch(/^\d+$/);
      },
    },
    {
      name: "one object is a table of one row",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(rows(await ok(cluster.get(core(namespace, "configmaps", "a"), asTable)))).toHaveLength(1);
      },
    },
    {
      name: "a row may bring the whole object, or nothing",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { x: "1" })));
        const whole = await ok(cluster.get(`${core(namespace, "configmaps")}?includeObject=Object`, asTable));
        expect(rows(whole)[0]?.object).toMatchObject({ kind: "ConfigMap", data: { x: "1" } });
        const bare = await ok(cluster.get(`${core(namespace, "configmaps")}?includeObject=None`, asTable));
        expect(rows(bare)[0]?.object).toBeNull();
      },
    },
    {
      name: "pods show readiness, status, restarts and age",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        await ok(
          cluster.patch("merge", core(namespace, "pods", "a", "status"), {
            status: {
              phase: "Running",
              containerStatuses: [
                {
                  name: "web",
                  image: "i",
                  imageID: "i",
                  ready: false,
                  restartCount: 3,
                  state: { waiting: { reason: "CrashLoopBackOff" } },
                },
              ],
            },
          }),
        );
        const table = await ok(cluster.get(core(namespace, "pods"), asTable));
        expect(shownColumns(table)).toEqual(["Name", "Ready", "Status", "Restarts", "Age"]);
        expect(rows(table)[0]?.cells.slice(0, 4)).toEqual(["a", "0/1", "CrashLoopBackOff", "3"]);
      },
    },
    {
      name: "a pod that waits shows its phase, one that leaves shows that",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a", { nodeName: "node-1" })));
        const shown = async (): Promise<unknown> => rows(await ok(cluster.get(core(namespace, "pods"), asTable)))[0]?.cells[2];
        expect(await shown()).toBe("Pending");
        await ok(cluster.delete(core(namespace, "pods", "a")));
        expect(await shown()).toBe("Terminating");
      },
    },
    {
      name: "Deployments show readiness, up to date and available",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web", { replicas: 3 })));
        await ok(
          cluster.patch("merge", apps(namespace, "deployments", "web", "status"), {
            status: { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
          }),
        );
        const table = await ok(cluster.get(apps(namespace, "deployments"), asTable));
        expect(shownColumns(table)).toEqual(["Name", "Ready", "Up-to-date", "Available", "Age"]);
        expect(rows(table)[0]?.cells.slice(0, 4)).toEqual(["web", "2/3", 3, 1]);
      },
    },
    {
      name: "a kind of one's own shows the columns it names",
      run: async (cluster, namespace) => {
        const group = `${namespace}.example.com`;
        await ok(
          cluster.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
            apiVersion: "apiextensions.k8s.io/v1",
            kind: "CustomResourceDefinition",
            metadata: { name: `widgets.${group}` },
            spec: {
              group,
              scope: "Namespaced",
              names: { kind: "Widget", plural: "widgets" },
              versions: [
                {
                  name: "v1",
                  served: true,
                  storage: true,
                  schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
                  additionalPrinterColumns: [
                    { name: "Phase", type: "string", jsonPath: ".status.phase" },
                    { name: "Size", type: "integer", jsonPath: ".spec.size" },
                    { name: "By", type: "string", jsonPath: ".spec.decisions[*].by" },
                    { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
                  ],
                },
              ],
            },
          }),
        );
        const path = `/apis/${group}/v1/namespaces/${namespace}/widgets`;
        await vi.waitFor(() => ok(cluster.get(path)), { timeout: 20_000, interval: 20 });
        const decisions = [{ by: "ann" }, { by: "bob" }];
        await ok(
          cluster.create(path, {
            apiVersion: `${group}/v1`,
            kind: "Widget",
            metadata: { name: "a" },
            spec: { size: 3, decisions },
            status: { phase: "On" },
          }),
        );
        await ok(cluster.create(path, { apiVersion: `${group}/v1`, kind: "Widget", metadata: { name: "b" } }));
        const table = await ok(cluster.get(path, asTable));
        expect(columns(table)).toEqual(["Name", "Phase", "Size", "By", "Age"]);
        expect(rows(table).map(({ cells }) => cells.slice(0, 4))).toEqual([
          ["a", "On", 3, "ann"],
          ["b", null, null, null],
        ]);
      },
    },
    {
      name: "a watch may speak in tables",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { x: "1" })));
        const watching = await cluster.request("GET", `${core(namespace, "configmaps")}?watch=true&timeoutSeconds=1`, undefined, asTable);
        const [first] = watching.text
          .split("\n")
          .map((line) => (line === "" ? undefined : (JSON.parse(line) as { type: string; object: Body })));
        expect(first).toMatchObject({ type: "ADDED", object: { kind: "Table" } });
        expect(rows(first?.object as Body)[0]?.object.metadata.uid).toBe(metadata.uid);
      },
    },
  ],
};
