// Discovery: how a client that knows nothing finds out which kinds there are.
import { expect, vi } from "vitest";
import { type Body, ok, type Topic } from "#test/contract/cluster.ts";
import { failure } from "#test/contract/samples.ts";

const resourceOf = (list: Body, name: string): unknown =>
  (list["resources"] as readonly { name: string }[]).find((each) => each.name === name);

export const discovery: Topic = {
  title: "Discovery",
  cases: [
    {
      name: "the version names the compatible versions",
      run: async (cluster) => {
        const answer = await cluster.get("/version");
        expect(answer).toMatchObject({ status: 200, body: { major: "1", minor: expect.stringMatching(/^\d+$/) } });
        expect(answer.body["gitVersion"]).toMatch(/^v1\.\d+\.\d+/);
      },
    },
    {
      name: "health is asked for in plain text",
      run: async (cluster) => {
        for (const path of ["/healthz", "/livez", "/readyz"]) expect(await cluster.get(path)).toMatchObject({ status: 200, text: "ok" });
      },
    },
    {
      name: "the core API has a version and its resources with their verbs",
      run: async (cluster) => {
        expect(await ok(cluster.get("/api"))).toMatchObject({ kind: "APIVersions", versions: ["v1"] });
        const list = await ok(cluster.get("/api/v1"));
        expect(list).toMatchObject({ kind: "APIResourceList", groupVersion: "v1" });
        expect(resourceOf(list, "configmaps")).toMatchObject({
          singularName: "configmap",
          namespaced: true,
          kind: "ConfigMap",
          shortNames: ["cm"],
          verbs: expect.arrayContaining(["create", "delete", "get", "list", "patch", "update", "watch"]),
        });
        expect(resourceOf(list, "nodes")).toMatchObject({ namespaced: false, kind: "Node", shortNames: ["no"] });
        expect(resourceOf(list, "pods/log")).toMatchObject({ namespaced: true, kind: "Pod", verbs: ["get"] });
        expect(resourceOf(list, "pods/eviction")).toMatchObject({ group: "policy", version: "v1", kind: "Eviction", verbs: ["create"] });
        expect(resourceOf(list, "serviceaccounts/token")).toMatchObject({ kind: "TokenRequest", verbs: ["create"] });
      },
    },
    {
      name: "the groups are listed with the version each prefers",
      run: async (cluster) => {
        const list = await ok(cluster.get("/apis"));
        expect(list.kind).toBe("APIGroupList");
        for (const name of ["apps", "batch", "policy", "rbac.authorization.k8s.io", "apiextensions.k8s.io", "coordination.k8s.io"])
          expect(list["groups"]).toContainEqual(
            expect.objectContaining({ name, preferredVersion: { groupVersion: `${name}/v1`, version: "v1" } }),
          );
      },
    },
    {
      name: "a group's version lists its resources, subresources and short names",
      run: async (cluster) => {
        const list = await ok(cluster.get("/apis/apps/v1"));
        expect(resourceOf(list, "deployments")).toMatchObject({
          singularName: "deployment",
          kind: "Deployment",
          shortNames: ["deploy"],
          categories: ["all"],
        });
        expect(resourceOf(list, "deployments/scale")).toMatchObject({
          group: "autoscaling",
          version: "v1",
          kind: "Scale",
          verbs: ["get", "patch", "update"],
        });
        expect(resourceOf(list, "deployments/status")).toMatchObject({ kind: "Deployment", verbs: ["get", "patch", "update"] });
      },
    },
    {
      name: "a group that is not there is NotFound",
      run: async (cluster) => {
        expect((await cluster.get("/apis/no.example.com/v1")).status).toBe(404);
        expect((await cluster.get("/apis/apps/v9")).status).toBe(404);
      },
    },
    {
      name: "a kind of one's own shows up, with its short names",
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
              names: { kind: "Widget", plural: "widgets", singular: "widget", shortNames: ["wd"], categories: ["things"] },
              versions: [
                {
                  name: "v1",
                  served: true,
                  storage: true,
                  subresources: { status: {} },
                  schema: { openAPIV3Schema: { type: "object" } },
                },
              ],
            },
          }),
        );
        await vi.waitFor(
          async () => {
            const list = await ok(cluster.get(`/apis/${group}/v1`));
            expect(resourceOf(list, "widgets")).toMatchObject({
              kind: "Widget",
              singularName: "widget",
              shortNames: ["wd"],
              categories: ["things"],
              namespaced: true,
            });
            expect(resourceOf(list, "widgets/status")).toMatchObject({ kind: "Widget", verbs: ["get", "patch", "update"] });
          },
          { timeout: 20_000, interval: 50 },
        );
        await vi.waitFor(
          async () => expect((await ok(cluster.get("/apis")))["groups"]).toContainEqual(expect.objectContaining({ name: group })),
          {
            timeout: 20_000,
            interval: 50,
          },
        );
      },
    },
    {
      name: "a request for an unknown form is answered with 406",
      run: async (cluster) => {
        expect(await cluster.get("/api/v1/namespaces", { accept: "text/html" })).toMatchObject(failure(406, "NotAcceptable"));
      },
    },
  ],
};
