// ReplicaSets: how many pods there are, their owner, the event when one cannot be created.
import { expect } from "vitest";
import { type Body, ok } from "#test/contract/cluster.ts";
import { apps, core, type Part } from "#test/contract/samples.ts";
import { templateOf } from "#test/contract/workloads/programs.ts";
import { until, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

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
      name: "pods whose account is missing are not created, and an event reports it",
      run: async (cluster, namespace) => {
        const template = templateOf("web", "runs", { serviceAccountName: "missing" });
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web", { template })));
        const refusal = `pods "web-" is forbidden: error looking up service account ${namespace}/missing: serviceaccount "missing" not found`;
        expect(await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: "web" }, "FailedCreate")).toMatchObject({
          type: "Warning",
          message: `Error creating: ${refusal}`,
          source: { component: "replicaset-controller" },
        });
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
  ],
};
