// ReplicaSets: how many pods there are, whose they are, what is told when one cannot be made.
import { expect, vi } from "vitest";
import { type Body, ok } from "#test/contract/cluster.ts";
import { apps, core, type Part } from "#test/contract/samples.ts";
import { podSpecOf, templateOf } from "#test/contract/workloads/programs.ts";
import { conditionOf, until, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const replicaSet = (name: string, spec: Part = {}): Part => ({
  metadata: { name },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: templateOf(name, "runs"), ...spec },
});

const isSteady =
  (count: number) =>
  ({ status }: Body): boolean =>
    (status["replicas"] ?? 0) === count && (status["availableReplicas"] ?? 0) === count;

export const replicaSets: WorkloadTopic = {
  title: "ReplicaSets",
  cases: [
    {
      name: "pods whose account is missing are not made, and the ReplicaSet says so",
      run: async (cluster, namespace) => {
        const template = templateOf("web", "runs", { serviceAccountName: "nobody" });
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web", { template })));
        const isFailing = (object: Body): boolean => conditionOf(object, "ReplicaFailure") !== undefined;
        const set = await untilObject(cluster, apps(namespace, "replicasets"), "web", isFailing);
        const refusal = `pods "web-" is forbidden: error looking up service account ${namespace}/nobody: serviceaccount "nobody" not found`;
        expect(conditionOf(set, "ReplicaFailure")).toMatchObject({ status: "True", reason: "FailedCreate", message: refusal });
        expect(await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: "web" }, "FailedCreate")).toMatchObject({
          type: "Warning",
          message: `Error creating: ${refusal}`,
          source: { component: "replicaset-controller" },
        });
        await ok(cluster.create(core(namespace, "serviceaccounts"), { metadata: { name: "nobody" } }));
        const mended = await untilObject(cluster, apps(namespace, "replicasets"), "web", isSteady(1));
        expect(conditionOf(mended, "ReplicaFailure")).toBeUndefined();
      },
    },
    {
      name: "a pod that is deleted is replaced",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web")));
        await untilObject(cluster, apps(namespace, "replicasets"), "web", isSteady(1));
        const [first] = (await ok(cluster.get(core(namespace, "pods")))).items;
        await ok(cluster.delete(core(namespace, "pods", first!.metadata.name)));
        const [second] = await until(
          cluster,
          core(namespace, "pods"),
          (pods) => pods.length === 1 && pods[0]!.metadata.uid !== first!.metadata.uid,
        );
        expect(second!.metadata.name).not.toBe(first!.metadata.name);
      },
    },
    {
      name: "a pod of nobody that fits the selector is adopted and counted",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), { metadata: { name: "stray", labels: { app: "web" } }, spec: podSpecOf("runs") }));
        const { metadata } = await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web")));
        await untilObject(cluster, apps(namespace, "replicasets"), "web", isSteady(1));
        const pods = (await ok(cluster.get(core(namespace, "pods")))).items;
        expect(pods.map((pod) => pod.metadata.name)).toEqual(["stray"]);
        expect(pods[0]!.metadata["ownerReferences"]).toEqual([
          { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
        ]);
      },
    },
    {
      name: "a pod whose label is taken away is let go, kept, and replaced",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web")));
        await untilObject(cluster, apps(namespace, "replicasets"), "web", isSteady(1));
        const [pod] = (await ok(cluster.get(core(namespace, "pods")))).items;
        await ok(cluster.patch("merge", core(namespace, "pods", pod!.metadata.name), { metadata: { labels: { app: "aside" } } }));
        const pods = await until(cluster, core(namespace, "pods"), (items) => items.length === 2);
        await untilObject(
          cluster,
          core(namespace, "pods"),
          pod!.metadata.name,
          ({ metadata }) => metadata["ownerReferences"] === undefined,
        );
        expect(pods.filter(({ metadata }) => metadata.labels["app"] === "web")).toHaveLength(1);
      },
    },
    {
      name: "of several pods, the one that is not ready goes first, then the one that costs least",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web", { replicas: 3 })));
        await untilObject(cluster, apps(namespace, "replicasets"), "web", isSteady(3));
        const pods = (await ok(cluster.get(core(namespace, "pods")))).items;
        const cheap = pods[1]!.metadata.name;
        const cost = { "controller.kubernetes.io/pod-deletion-cost": "-5" };
        await ok(cluster.patch("merge", core(namespace, "pods", cheap), { metadata: { annotations: cost } }));
        // The controller looks at its own copy of the pods, which trails what was just written, and nothing tells when it has caught up.
        const writtenAt = Date.now();
        await vi.waitFor(() => expect(Date.now() - writtenAt).toBeGreaterThan(1000), { timeout: 5000, interval: 20 });
        await ok(cluster.patch("merge", apps(namespace, "replicasets", "web", "scale"), { spec: { replicas: 2 } }));
        await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: "web" }, "SuccessfulDelete", `Deleted pod: ${cheap}`);
        const left = await until(cluster, core(namespace, "pods"), (items) => items.length === 2);
        expect(left.map(({ metadata }) => metadata.name)).not.toContain(cheap);
      },
    },
    {
      name: "a ReplicaSet that is deleted without its pods leaves them to nobody",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web")));
        await untilObject(cluster, apps(namespace, "replicasets"), "web", isSteady(1));
        await ok(cluster.delete(apps(namespace, "replicasets", "web"), { propagationPolicy: "Orphan" }));
        await until(cluster, apps(namespace, "replicasets"), (sets) => sets.length === 0);
        const [pod] = await until(cluster, core(namespace, "pods"), ([item]) => item?.metadata["ownerReferences"] === undefined);
        expect(pod!.metadata["deletionTimestamp"]).toBeUndefined();
      },
    },
  ],
};
