// ReplicaSets: how many pods there are, whose they are, what is told when one cannot be made.
import { expect } from "vitest";
import { ok } from "#test/contract/cluster.ts";
import { apps, type Part } from "#test/contract/samples.ts";
import { templateOf } from "#test/contract/workloads/programs.ts";
import { conditionOf, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const replicaSet = (name: string, spec: Part = {}): Part => ({
  metadata: { name },
  spec: { replicas: 1, selector: { matchLabels: { app: name } }, template: templateOf(name, "runs"), ...spec },
});

export const replicaSets: WorkloadTopic = {
  title: "ReplicaSets",
  cases: [
    {
      name: "pods whose account is missing are not made, and the ReplicaSet says so",
      run: async (cluster, namespace) => {
        const template = templateOf("web", "runs", { serviceAccountName: "nobody" });
        await ok(cluster.create(apps(namespace, "replicasets"), replicaSet("web", { template })));
        const set = await untilObject(
          cluster,
          apps(namespace, "replicasets"),
          "web",
          (object) => conditionOf(object, "ReplicaFailure") !== undefined,
        );
        const refusal = `error looking up service account ${namespace}/nobody: serviceaccount "nobody" not found`;
        expect(conditionOf(set, "ReplicaFailure")).toMatchObject({ status: "True", reason: "FailedCreate" });
        expect(conditionOf(set, "ReplicaFailure")?.message).toMatch(new RegExp(`^pods "web-" is forbidden: ${refusal}$`));
        const event = await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: "web" }, "FailedCreate");
        expect(event).toMatchObject({
          type: "Warning",
          message: `Error creating: pods "web-" is forbidden: ${refusal}`,
          source: { component: "replicaset-controller" },
        });
      },
    },
  ],
};
