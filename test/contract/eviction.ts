// Evictions: a deletion that asks the disruption budget first.
import { expect, vi } from "vitest";
import { type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { core, failure, type Part, pod, policy } from "#test/contract/samples.ts";

const evict = (name: string, options: Part = {}): Part => ({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, ...options });

const budget = (spec: Part): Part => ({
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata: { name: "web" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});

/** A healthy pod of `app: web` on a node. */
const runningPod = async (cluster: ContractCluster, namespace: string, name: string): Promise<void> => {
  await ok(cluster.create(core(namespace, "pods"), pod(name, { nodeName: "node-1" }, { labels: { app: "web" } })));
  await ok(
    cluster.patch("merge", core(namespace, "pods", name, "status"), {
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    }),
  );
};

const allowed = (cluster: ContractCluster, namespace: string, count: number): Promise<void> =>
  vi.waitFor(
    async () => {
      const { status, metadata } = await ok(cluster.get(policy(namespace, "poddisruptionbudgets", "web")));
      expect(status).toMatchObject({
        observedGeneration: metadata.generation,
        disruptionsAllowed: count,
        currentHealthy: expect.any(Number),
      });
    },
    { timeout: 20_000, interval: 50 },
  );

export const eviction: Topic = {
  title: "Evictions",
  cases: [
    {
      name: "an eviction without a budget deletes the pod",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        expect(await cluster.create(core(namespace, "pods", "a", "eviction"), evict("a"))).toMatchObject({
          status: 201,
          body: { kind: "Status", status: "Success", code: 201 },
        });
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "an eviction of what is not there is NotFound",
      run: async (cluster, namespace) => {
        expect(await cluster.create(core(namespace, "pods", "a", "eviction"), evict("a"))).toMatchObject(
          failure(404, "NotFound", 'pods "a" not found'),
        );
      },
    },
    {
      name: "a dry eviction leaves the pod",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        const answer = await cluster.create(`${core(namespace, "pods", "a", "eviction")}?dryRun=All`, evict("a"));
        expect(answer).toMatchObject({ status: 201 });
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "an eviction that names another uid is a Conflict",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        const options = { deleteOptions: { preconditions: { uid: "other" } } };
        expect(await cluster.create(core(namespace, "pods", "a", "eviction"), evict("a", options))).toMatchObject(failure(409, "Conflict"));
      },
    },
    {
      name: "a budget with room lets one go and then has none",
      run: async (cluster, namespace) => {
        for (const name of ["a", "b"]) await runningPod(cluster, namespace, name);
        await ok(cluster.create(policy(namespace, "poddisruptionbudgets"), budget({ minAvailable: 1 })));
        await allowed(cluster, namespace, 1);
        expect(await cluster.create(core(namespace, "pods", "a", "eviction"), evict("a"))).toMatchObject({ status: 201 });
        expect(await cluster.create(core(namespace, "pods", "b", "eviction"), evict("b"))).toMatchObject({ status: 429 });
      },
    },
    {
      name: "a budget without room refuses with 429 and says why",
      run: async (cluster, namespace) => {
        await runningPod(cluster, namespace, "a");
        await ok(cluster.create(policy(namespace, "poddisruptionbudgets"), budget({ minAvailable: 1 })));
        await allowed(cluster, namespace, 0);
        const answer = await cluster.create(core(namespace, "pods", "a", "eviction"), evict("a"));
        expect(answer).toMatchObject(failure(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."));
        expect(answer.body).toMatchObject({
          details: {
            causes: [{ reason: "DisruptionBudget", message: "The disruption budget web needs 1 healthy pods and has 1 currently" }],
          },
        });
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a dry eviction asks the budget too",
      run: async (cluster, namespace) => {
        await runningPod(cluster, namespace, "a");
        await ok(cluster.create(policy(namespace, "poddisruptionbudgets"), budget({ minAvailable: 1 })));
        await allowed(cluster, namespace, 0);
        expect(await cluster.create(`${core(namespace, "pods", "a", "eviction")}?dryRun=All`, evict("a"))).toMatchObject({ status: 429 });
      },
    },
    {
      name: "a plain deletion asks no budget",
      run: async (cluster, namespace) => {
        await runningPod(cluster, namespace, "a");
        await ok(cluster.create(policy(namespace, "poddisruptionbudgets"), budget({ minAvailable: 1 })));
        await allowed(cluster, namespace, 0);
        expect(await cluster.delete(core(namespace, "pods", "a"))).toMatchObject({ status: 200 });
      },
    },
  ],
};
