// The three kinds of patch and server-side apply: what they change, what they guard, how they fail.
import { expect } from "vitest";
import { type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, configMap, container, core, deployment, failure, pod, service } from "#test/contract/samples.ts";

const containersOf = (spec: Readonly<Record<string, unknown>>): readonly Record<string, unknown>[] =>
  (spec["template"] as { spec: { containers: Record<string, unknown>[] } }).spec.containers;

export const patch: Topic = {
  title: "Patches",
  cases: [
    {
      name: "a JSON Patch adds, replaces and removes",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { keep: "1", change: "1", drop: "1" })));
        const answer = await cluster.patch("json", core(namespace, "configmaps", "a"), [
          { op: "add", path: "/data/new", value: "1" },
          { op: "replace", path: "/data/change", value: "2" },
          { op: "remove", path: "/data/drop" },
        ]);
        expect(answer.status).toBe(200);
        expect(answer.body.data).toEqual({ keep: "1", change: "2", new: "1" });
      },
    },
    {
      name: "a JSON Patch copies and moves",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { x: "1" })));
        const answer = await cluster.patch("json", core(namespace, "configmaps", "a"), [
          { op: "copy", from: "/data/x", path: "/data/y" },
          { op: "move", from: "/data/x", path: "/data/z" },
        ]);
        expect(answer.body.data).toEqual({ y: "1", z: "1" });
      },
    },
    {
      name: "a slash and a tilde in a key are escaped",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { annotations: { "example.com/x": "1" } })));
        const answer = await cluster.patch("json", core(namespace, "configmaps", "a"), [
          { op: "replace", path: "/metadata/annotations/example.com~1x", value: "2" },
        ]);
        expect(answer.body.metadata.annotations).toEqual({ "example.com/x": "2" });
      },
    },
    {
      name: "a JSON Patch whose test holds is applied",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const answer = await cluster.patch("json", core(namespace, "configmaps", "a"), [
          { op: "test", path: "/data/k", value: "1" },
          { op: "replace", path: "/data/k", value: "2" },
        ]);
        expect(answer).toMatchObject({ status: 200, body: { data: { k: "2" } } });
      },
    },
    {
      name: "a JSON Patch whose test fails is Invalid and changes nothing",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const answer = await cluster.patch("json", core(namespace, "configmaps", "a"), [
          { op: "replace", path: "/data/k", value: "2" },
          { op: "test", path: "/data/k", value: "other" },
        ]);
        expect(answer).toMatchObject(failure(422, "Invalid", "the server rejected our request due to an error in our request"));
        expect(await ok(cluster.get(core(namespace, "configmaps", "a")))).toEqual(before);
      },
    },
    {
      name: "a test of a value that is not there fails, one for null holds",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const path = core(namespace, "configmaps", "a");
        expect(await cluster.patch("json", path, [{ op: "test", path: "/data/none", value: "1" }])).toMatchObject({ status: 422 });
        expect(await cluster.patch("json", path, [{ op: "test", path: "/data/none", value: null }])).toMatchObject({ status: 200 });
      },
    },
    ...[
      { op: "remove", path: "/data/none" },
      { op: "add", path: "/nothing/here", value: "1" },
      { op: "add", path: "/metadata/labels/here", value: "1" },
      { op: "remove", path: "/metadata/finalizers/7" },
      { op: "move", from: "/data/none", path: "/data/k" },
      { op: "nothing", path: "/data/k" },
    ].map((change) => ({
      name: `a JSON Patch that leads nowhere is Invalid: ${change.op} ${change.path}`,
      run: async (cluster: ContractCluster, namespace: string) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        expect(await cluster.patch("json", core(namespace, "configmaps", "a"), [change])).toMatchObject(
          failure(422, "Invalid", "the server rejected our request due to an error in our request"),
        );
      },
    })),
    {
      name: "a replace of a key that is not there adds it: only a test guards",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const answer = await cluster.patch("json", core(namespace, "configmaps", "a"), [{ op: "replace", path: "/data/none", value: "1" }]);
        expect(answer).toMatchObject({ status: 200, body: { data: { k: "1", none: "1" } } });
      },
    },
    {
      name: "a JSON Patch that is no list is a bad request",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        expect(await cluster.patch("json", core(namespace, "configmaps", "a"), { data: { k: "v" } })).toMatchObject(
          failure(400, "BadRequest"),
        );
      },
    },
    {
      name: "a list grows at its end, at an index, and shrinks",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/b"] })));
        const path = core(namespace, "configmaps", "a");
        const grown = await cluster.patch("json", path, [
          { op: "add", path: "/metadata/finalizers/-", value: "example.com/c" },
          { op: "add", path: "/metadata/finalizers/0", value: "example.com/a" },
        ]);
        expect(grown.body.metadata["finalizers"]).toEqual(["example.com/a", "example.com/b", "example.com/c"]);
        const shrunk = await cluster.patch("json", path, [{ op: "remove", path: "/metadata/finalizers/1" }]);
        expect(shrunk.body.metadata["finalizers"]).toEqual(["example.com/a", "example.com/c"]);
      },
    },
    {
      name: "a merge patch merges maps, and null removes",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { keep: "1", change: "1", drop: "1" })));
        const answer = await cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { change: "2", drop: null, new: "1" } });
        expect(answer.status).toBe(200);
        expect(answer.body.data).toEqual({ keep: "1", change: "2", new: "1" });
      },
    },
    {
      name: "a merge patch replaces a list as a whole",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("merge", apps(namespace, "deployments", "web"), {
          spec: { template: { spec: { containers: [{ name: "other", image: "registry.example/other:1" }] } } },
        });
        expect(containersOf(answer.body.spec).map(({ name }) => name)).toEqual(["other"]);
      },
    },
    {
      name: "a strategic merge patch merges containers by name",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("strategic", apps(namespace, "deployments", "web"), {
          spec: {
            template: {
              spec: {
                containers: [
                  { name: "web", env: [{ name: "A", value: "1" }] },
                  { name: "side", image: "registry.example/side:1" },
                ],
              },
            },
          },
        });
        expect(answer.status).toBe(200);
        expect(containersOf(answer.body.spec)).toMatchObject([
          { name: "web", image: "registry.example/web:1.0", env: [{ name: "A", value: "1" }] },
          { name: "side", image: "registry.example/side:1" },
        ]);
      },
    },
    {
      name: "a strategic merge patch merges environment variables by name and deletes one by directive",
      run: async (cluster, namespace) => {
        const env = [
          { name: "A", value: "1" },
          { name: "B", value: "1" },
        ];
        await ok(
          cluster.create(
            apps(namespace, "deployments"),
            deployment("web", { template: { metadata: { labels: { app: "web" } }, spec: { containers: [container({ env })] } } }),
          ),
        );
        const change = [
          { name: "A", value: "2" },
          { name: "B", $patch: "delete" },
        ];
        const answer = await cluster.patch("strategic", apps(namespace, "deployments", "web"), {
          spec: { template: { spec: { containers: [{ name: "web", env: change }] } } },
        });
        expect(containersOf(answer.body.spec)[0]).toMatchObject({ env: [{ name: "A", value: "2" }] });
        expect(containersOf(answer.body.spec)[0]?.["env"]).toHaveLength(1);
      },
    },
    {
      name: "a strategic merge patch merges a Service's ports by port and replaces plain lists",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), service("web", { ports: [{ name: "http", port: 80 }] })));
        const answer = await cluster.patch("strategic", core(namespace, "services", "web"), {
          spec: { ports: [{ name: "metrics", port: 9090 }] },
        });
        const ports = answer.body.spec["ports"] as readonly { name: string }[];
        expect(ports.map(({ name }) => name).toSorted()).toEqual(["http", "metrics"]);
        await ok(
          cluster.create(
            apps(namespace, "deployments"),
            deployment("web", {
              template: { metadata: { labels: { app: "web" } }, spec: { containers: [container({ args: ["a", "b"] })] } },
            }),
          ),
        );
        const replaced = await cluster.patch("strategic", apps(namespace, "deployments", "web"), {
          spec: { template: { spec: { containers: [{ name: "web", args: ["c"] }] } } },
        });
        expect(containersOf(replaced.body.spec)[0]).toMatchObject({ args: ["c"] });
      },
    },
    {
      name: "a patch that names an old version is a Conflict",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "2" } }));
        const answer = await cluster.patch("merge", core(namespace, "configmaps", "a"), {
          metadata: { resourceVersion: metadata.resourceVersion },
          data: { k: "3" },
        });
        expect(answer).toMatchObject(
          failure(
            409,
            "Conflict",
            'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
          ),
        );
      },
    },
    {
      name: "a patch that changes nothing keeps the version",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const after = await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "1" } }));
        expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
      },
    },
    {
      name: "a patch of what is not there is NotFound, but for apply",
      run: async (cluster, namespace) => {
        const path = core(namespace, "configmaps", "a");
        for (const [type, body] of [
          ["json", []],
          ["merge", {}],
          ["strategic", {}],
        ] as const)
          expect(await cluster.patch(type, path, body)).toMatchObject(failure(404, "NotFound", 'configmaps "a" not found'));
      },
    },
    {
      name: "a patch of an unknown type is refused",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        const answer = await cluster.request("PATCH", core(namespace, "configmaps", "a"), { data: { k: "v" } });
        expect(answer).toMatchObject(failure(415, "UnsupportedMediaType", "415: Unsupported Media Type"));
      },
    },
    {
      name: "what a patch makes is validated like anything else",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("merge", apps(namespace, "deployments", "web"), { spec: { replicas: -1 } });
        expect(answer).toMatchObject(
          failure(422, "Invalid", 'Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'),
        );
      },
    },
    {
      name: "neither uid nor creation time can be patched",
      run: async (cluster, namespace) => {
        const before = await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        const path = core(namespace, "configmaps", "a");
        expect(await cluster.patch("merge", path, { metadata: { uid: "other" } })).toMatchObject(
          failure(422, "Invalid", 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable'),
        );
        const answer = await cluster.patch("merge", path, { metadata: { creationTimestamp: "2020-01-01T00:00:00Z" } });
        expect(answer.status).toBe(200);
        expect(answer.body.metadata.creationTimestamp).toBe(before.metadata.creationTimestamp);
      },
    },
    {
      name: "an apply makes what is not there and records its manager",
      run: async (cluster, namespace) => {
        const path = `${core(namespace, "configmaps", "a")}?fieldManager=one`;
        const answer = await cluster.patch("apply", path, configMap("a", { k: "1" }));
        expect(answer).toMatchObject({ status: 201, body: { data: { k: "1" } } });
        expect(answer.body.metadata.managedFields).toMatchObject([
          { manager: "one", operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: { "f:data": { "f:k": {} } } },
        ]);
        expect(await cluster.patch("apply", path, configMap("a", { k: "2" }))).toMatchObject({ status: 200, body: { data: { k: "2" } } });
      },
    },
    {
      name: "an apply that changes a value is dated anew, one that changes nothing is not",
      run: async (cluster, namespace) => {
        const path = `${core(namespace, "configmaps", "a")}?fieldManager=one`;
        const dated = async (value: string): Promise<unknown> =>
          (await ok(cluster.patch("apply", path, configMap("a", { k: value })))).metadata.managedFields[0]?.["time"];
        // Times have whole seconds; the server itself lets two of them pass.
        const later = async (): Promise<unknown> => (await cluster.watch(`${core(namespace, "configmaps")}?timeoutSeconds=2`)).rest();
        const first = await dated("1");
        await later();
        expect(await dated("1")).toBe(first);
        expect(await dated("2")).not.toBe(first);
      },
    },
    {
      name: "an apply removes what its manager applied before and leaves what others wrote",
      run: async (cluster, namespace) => {
        const path = `${core(namespace, "configmaps", "a")}?fieldManager=one`;
        await ok(cluster.patch("apply", path, configMap("a", { x: "1", y: "1" })));
        await ok(cluster.patch("merge", `${core(namespace, "configmaps", "a")}?fieldManager=two`, { data: { z: "1" } }));
        const answer = await cluster.patch("apply", path, configMap("a", { y: "2" }));
        expect(answer.body.data).toEqual({ y: "2", z: "1" });
      },
    },
    {
      name: "an apply over another manager's value is a Conflict, unless forced",
      run: async (cluster, namespace) => {
        const path = core(namespace, "configmaps", "a");
        await ok(cluster.patch("apply", `${path}?fieldManager=one`, configMap("a", { k: "1" })));
        const answer = await cluster.patch("apply", `${path}?fieldManager=two`, configMap("a", { k: "2" }));
        expect(answer).toMatchObject(failure(409, "Conflict", 'Apply failed with 1 conflict: conflict with "one": .data.k'));
        expect(answer.body).toMatchObject({
          details: { causes: [{ reason: "FieldManagerConflict", message: 'conflict with "one"', field: ".data.k" }] },
        });
        const forced = await cluster.patch("apply", `${path}?fieldManager=two&force=true`, configMap("a", { k: "2" }));
        expect(forced).toMatchObject({ status: 200, body: { data: { k: "2" } } });
      },
    },
    {
      name: "an apply without a manager is refused",
      run: async (cluster, namespace) => {
        const answer = await cluster.patch("apply", core(namespace, "configmaps", "a"), configMap("a"));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("fieldManager: Required value: is required for apply patch");
      },
    },
    {
      name: "an apply merges containers by name",
      run: async (cluster, namespace) => {
        const path = apps(namespace, "deployments", "web");
        await ok(cluster.patch("apply", `${path}?fieldManager=one`, deployment("web")));
        const answer = await cluster.patch("apply", `${path}?fieldManager=two`, {
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name: "web" },
          spec: { template: { spec: { containers: [{ name: "web", env: [{ name: "A", value: "1" }] }] } } },
        });
        expect(answer.status).toBe(200);
        expect(containersOf(answer.body.spec)).toMatchObject([
          { name: "web", image: "registry.example/web:1.0", env: [{ name: "A", value: "1" }] },
        ]);
      },
    },
    {
      name: "writes other than apply record their manager too, by the user agent where it names none",
      run: async (cluster, namespace) => {
        const answer = await cluster.request("POST", core(namespace, "configmaps"), configMap("a", { k: "1" }), {
          "user-agent": "shop/1.0 (linux)",
        });
        expect(answer.body.metadata.managedFields).toMatchObject([{ manager: "shop", operation: "Update", fieldsV1: { "f:data": {} } }]);
      },
    },
    {
      name: "of a pod only a few fields may change",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        const path = core(namespace, "pods", "a");
        const image = [{ op: "replace", path: "/spec/containers/0/image", value: "registry.example/web:2.0" }];
        expect(await cluster.patch("json", path, image)).toMatchObject({ status: 200 });
        const command = [{ op: "add", path: "/spec/containers/0/command", value: ["sh"] }];
        const answer = await cluster.patch("json", path, command);
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('Pod "a" is invalid: spec: Forbidden: pod updates may not change fields other than');
      },
    },
  ],
};
