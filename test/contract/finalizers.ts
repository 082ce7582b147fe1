// The end of an object: finalizers, owners, graceful deletion, and the end of a namespace with everything in it.
import { expect } from "vitest";
import { type Body, type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, configMap, core, deployment, failure, type Part, pod } from "#test/contract/samples.ts";

const owned = (owner: Body, extra: Part = {}): Part => ({
  ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: owner.metadata.name, uid: owner.metadata.uid, ...extra }],
});

/** Resolves when this object is gone for good. */
const gone = async (cluster: ContractCluster, collection: string, name: string): Promise<void> => {
  const watching = await cluster.watch(`${collection}?fieldSelector=metadata.name%3D${name}`);
  try {
    if ((await cluster.get(`${collection}/${name}`)).status === 404) return;
    await watching.until(({ type }) => type === "DELETED");
  } finally {
    watching.close();
  }
};

export const finalizers: Topic = {
  title: "Finalizers, owners and the end of things",
  cases: [
    {
      name: "a delete of what has a finalizer answers the object, which is only marked",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/keep"] })));
        const answer = await cluster.delete(core(namespace, "configmaps", "a"));
        expect(answer).toMatchObject({ status: 200, body: { kind: "ConfigMap", metadata: { deletionGracePeriodSeconds: 0 } } });
        expect(answer.body.metadata["deletionTimestamp"]).toMatch(/Z$/);
        expect(await cluster.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "the removal of the last finalizer of what is marked deletes it",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/keep"] })));
        await ok(cluster.delete(core(namespace, "configmaps", "a")));
        expect(await cluster.patch("merge", core(namespace, "configmaps", "a"), { metadata: { finalizers: null } })).toMatchObject({
          status: 200,
        });
        expect(await cluster.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a watch sees the mark as a change and the end as a deletion",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(
          cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/keep"] })),
        );
        const watching = await cluster.watch(`${core(namespace, "configmaps")}?resourceVersion=${metadata.resourceVersion}`);
        await ok(cluster.delete(core(namespace, "configmaps", "a")));
        await ok(cluster.patch("merge", core(namespace, "configmaps", "a"), { metadata: { finalizers: null } }));
        expect((await watching.take(2)).map(({ type }) => type)).toEqual(["MODIFIED", "DELETED"]);
        watching.close();
      },
    },
    {
      name: "a second delete of what is marked changes nothing",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/keep"] })));
        const first = await ok(cluster.delete(core(namespace, "configmaps", "a")));
        const second = await ok(cluster.delete(core(namespace, "configmaps", "a")));
        expect(second.metadata).toMatchObject({
          deletionTimestamp: first.metadata["deletionTimestamp"],
          resourceVersion: first.metadata.resourceVersion,
        });
      },
    },
    {
      name: "what is marked takes no new finalizer",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/keep"] })));
        await ok(cluster.delete(core(namespace, "configmaps", "a")));
        const answer = await cluster.patch("merge", core(namespace, "configmaps", "a"), {
          metadata: { finalizers: ["example.com/keep", "example.com/new"] },
        });
        expect(answer).toMatchObject(
          failure(
            422,
            "Invalid",
            'ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"example.com/new"}',
          ),
        );
      },
    },
    {
      name: "the mark cannot be taken off",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["example.com/keep"] })));
        const marked = await ok(cluster.delete(core(namespace, "configmaps", "a")));
        const answer = await cluster.patch("merge", core(namespace, "configmaps", "a"), { metadata: { deletionTimestamp: null } });
        expect(answer).toMatchObject({ status: 200, body: { metadata: { deletionTimestamp: marked.metadata["deletionTimestamp"] } } });
      },
    },
    {
      name: "a deletion of what has a spec is a new generation",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web", {}, { finalizers: ["example.com/keep"] })));
        expect(await ok(cluster.delete(apps(namespace, "deployments", "web")))).toMatchObject({ metadata: { generation: 2 } });
      },
    },
    {
      name: "a finalizer without a domain is Invalid",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("a", {}, { finalizers: ["keep"] }));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain(
          'metadata.finalizers[0]: Invalid value: "keep": name is neither a standard finalizer name nor is it fully qualified',
        );
      },
    },
    {
      name: "a child goes after its owner",
      run: async (cluster, namespace) => {
        const owner = await ok(cluster.create(core(namespace, "configmaps"), configMap("owner")));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("child", {}, owned(owner))));
        await ok(cluster.delete(core(namespace, "configmaps", "owner")));
        await gone(cluster, core(namespace, "configmaps"), "child");
      },
    },
    {
      name: "a grandchild goes too, and another's child stays",
      run: async (cluster, namespace) => {
        const owner = await ok(cluster.create(core(namespace, "configmaps"), configMap("owner")));
        const other = await ok(cluster.create(core(namespace, "configmaps"), configMap("other")));
        const child = await ok(cluster.create(core(namespace, "configmaps"), configMap("child", {}, owned(owner))));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("grandchild", {}, owned(child))));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("others-child", {}, owned(other))));
        await ok(cluster.delete(core(namespace, "configmaps", "owner")));
        await gone(cluster, core(namespace, "configmaps"), "grandchild");
        expect(await cluster.get(core(namespace, "configmaps", "others-child"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a child whose owner never was, by uid, goes",
      run: async (cluster, namespace) => {
        const owner = await ok(cluster.create(core(namespace, "configmaps"), configMap("owner")));
        const otherOwner = { ...owner, metadata: { ...owner.metadata, uid: "11111111-1111-4111-8111-111111111111" } };
        await ok(cluster.create(core(namespace, "configmaps"), configMap("child", {}, owned(otherOwner))));
        await gone(cluster, core(namespace, "configmaps"), "child");
      },
    },
    {
      name: "an owner reference needs all of its parts, and only one may be the controller",
      run: async (cluster, namespace) => {
        const partial = { ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: "owner" }] };
        const answer = await cluster.create(core(namespace, "configmaps"), configMap("child", {}, partial));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain('metadata.ownerReferences.uid: Invalid value: "": must not be empty');
        const controller = (name: string): Part => ({ apiVersion: "v1", kind: "ConfigMap", name, uid: name, controller: true });
        const two = await cluster.create(
          core(namespace, "configmaps"),
          configMap("child", {}, { ownerReferences: [controller("a"), controller("b")] }),
        );
        expect(two).toMatchObject(failure(422, "Invalid"));
        expect(two.body.message).toContain("Only one reference can have Controller set to true");
      },
    },
    {
      name: "a pod that runs nowhere is gone at once",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        expect(await cluster.delete(core(namespace, "pods", "a"))).toMatchObject({ status: 200 });
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a pod on a node is marked with its grace period until the kubelet lets go of it",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a", { nodeName: "node-1" })));
        const marked = await cluster.delete(core(namespace, "pods", "a"));
        expect(marked).toMatchObject({ status: 200, body: { kind: "Pod", metadata: { deletionGracePeriodSeconds: 30 } } });
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 200 });
        expect(await cluster.delete(core(namespace, "pods", "a"), { gracePeriodSeconds: 0 })).toMatchObject({ status: 200 });
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a namespace starts Active, with a label of its own name and a finalizer",
      run: async (cluster, namespace) => {
        expect(await cluster.get(`/api/v1/namespaces/${namespace}`)).toMatchObject({
          status: 200,
          body: {
            metadata: { labels: { "kubernetes.io/metadata.name": namespace } },
            spec: { finalizers: ["kubernetes"] },
            status: { phase: "Active" },
          },
        });
      },
    },
    {
      name: "a new namespace soon has its default ServiceAccount",
      run: async (cluster, namespace) => {
        const watching = await cluster.watch(core(namespace, "serviceaccounts"));
        expect((await watching.take(1))[0]).toMatchObject({ type: "ADDED", object: { metadata: { name: "default" } } });
        watching.close();
      },
    },
    {
      name: "a namespace that is deleted is Terminating, takes nothing new, and goes with everything in it",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("kept", {}, { finalizers: ["example.com/keep"] })));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("other")));
        expect(await cluster.delete(`/api/v1/namespaces/${namespace}`)).toMatchObject({
          status: 200,
          body: { kind: "Namespace", status: { phase: "Terminating" } },
        });
        expect(await cluster.create(core(namespace, "configmaps"), configMap("late"))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `configmaps "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
          ),
        );
        await gone(cluster, core(namespace, "configmaps"), "other");
        expect(await cluster.get(`/api/v1/namespaces/${namespace}`)).toMatchObject({ status: 200 });
        await ok(cluster.patch("merge", core(namespace, "configmaps", "kept"), { metadata: { finalizers: null } }));
        await gone(cluster, "/api/v1/namespaces", namespace);
      },
    },
  ],
};
