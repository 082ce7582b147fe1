// The scale subresource: one small object in front of everything that has replicas.
import { expect } from "vitest";
import { ok, type Topic } from "#test/contract/cluster.ts";
import { apps, deployment, failure } from "#test/contract/samples.ts";

export const scale: Topic = {
  title: "Scale",
  cases: [
    {
      name: "the scale of a Deployment shows wanted and present replicas and the selector as text",
      run: async (cluster, namespace) => {
        const made = await ok(cluster.create(apps(namespace, "deployments"), deployment("web", { replicas: 2 })));
        await ok(cluster.patch("merge", apps(namespace, "deployments", "web", "status"), { status: { replicas: 1 } }));
        const answer = await cluster.get(apps(namespace, "deployments", "web", "scale"));
        expect(answer).toMatchObject({
          status: 200,
          body: {
            apiVersion: "autoscaling/v1",
            kind: "Scale",
            metadata: { name: "web", namespace, uid: made.metadata.uid },
            spec: { replicas: 2 },
            status: { replicas: 1, selector: "app=web" },
          },
        });
      },
    },
    {
      name: "a patch of the scale changes the replicas and makes a new generation",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        expect(await cluster.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: 3 } })).toMatchObject({
          status: 200,
          body: { kind: "Scale", spec: { replicas: 3 } },
        });
        expect(await ok(cluster.get(apps(namespace, "deployments", "web")))).toMatchObject({
          metadata: { generation: 2 },
          spec: { replicas: 3 },
        });
      },
    },
    {
      name: "a JSON Patch of the scale can guard what it replaces",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web", { replicas: 2 })));
        const path = apps(namespace, "deployments", "web", "scale");
        const change = (from: number): unknown => [
          { op: "test", path: "/spec/replicas", value: from },
          { op: "replace", path: "/spec/replicas", value: 5 },
        ];
        expect(await cluster.patch("json", path, change(1))).toMatchObject(failure(422, "Invalid"));
        expect(await cluster.patch("json", path, change(2))).toMatchObject({ status: 200, body: { spec: { replicas: 5 } } });
      },
    },
    {
      name: "zero replicas read as no replicas field at all",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web", { replicas: 0 })));
        const answer = await ok(cluster.get(apps(namespace, "deployments", "web", "scale")));
        expect(answer.spec).toEqual({});
      },
    },
    {
      name: "a replace of an old version of the scale is a Conflict",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const path = apps(namespace, "deployments", "web", "scale");
        const before = await ok(cluster.get(path));
        expect(await cluster.replace(path, { ...before, spec: { replicas: 2 } })).toMatchObject({ status: 200 });
        expect(await cluster.replace(path, { ...before, spec: { replicas: 3 } })).toMatchObject(failure(409, "Conflict"));
      },
    },
    {
      name: "a scale below zero is Invalid",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const answer = await cluster.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: -1 } });
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("spec.replicas: Invalid value: -1: must be greater than or equal to 0");
      },
    },
    {
      name: "what has no replicas has no scale",
      run: async (cluster, namespace) => {
        expect(await cluster.get(apps(namespace, "daemonsets", "agent", "scale"))).toMatchObject(
          failure(404, "NotFound", "the server could not find the requested resource"),
        );
      },
    },
  ],
};
