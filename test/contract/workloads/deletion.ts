// How pods are deleted: grace period, force, eviction.
import { expect } from "vitest";
import { ok, type WatchEvent } from "#test/contract/cluster.ts";
import { core, type Part, policy } from "#test/contract/samples.ts";
import {
  containerOf,
  createPod,
  isRunning,
  isWaiting,
  podOf,
  runs,
  scripted,
  untilPod,
} from "#test/contract/workloads/scripted-containers.ts";
import { missingImage } from "#test/contract/workloads/programs.ts";
import {
  conditionOf,
  until,
  untilEvent,
  untilObject,
  type WorkloadCluster,
  type WorkloadTopic,
} from "#test/contract/workloads/workload-cluster.ts";

const about = { kind: "Pod", name: "a" };

/** The pod's last states, from a wish until it is gone. */
const endOf = async (cluster: WorkloadCluster, namespace: string, wish: () => Promise<unknown>): Promise<readonly WatchEvent[]> => {
  const { metadata } = await ok(cluster.get(core(namespace, "pods")));
  const watch = await cluster.watch(`${core(namespace, "pods")}?resourceVersion=${metadata.resourceVersion}&timeoutSeconds=60`);
  try {
    await wish();
    return await watch.until(({ type }) => type === "DELETED");
  } finally {
    watch.close();
  }
};

const lastEnd = (events: readonly WatchEvent[]): unknown =>
  events.flatMap(({ object }) => containerOf(object)?.state.terminated ?? []).at(-1);

const evict = (cluster: WorkloadCluster, namespace: string, name = "a"): ReturnType<WorkloadCluster["create"]> =>
  cluster.create(core(namespace, "pods", name, "eviction"), { apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });

export const deletion: WorkloadTopic = {
  title: "Pods are deleted",
  cases: [
    {
      name: "a container gets SIGTERM and ends with its own code",
      run: async (cluster, namespace) => {
        const script = "trap 'exit 7' TERM; sleep 3600 & wait";
        await createPod(cluster, namespace, podOf(scripted(script, { onTerm: { code: 7 } }), { terminationGracePeriodSeconds: 30 }));
        await untilPod(cluster, namespace, isRunning);
        const events = await endOf(cluster, namespace, () => ok(cluster.delete(core(namespace, "pods", "a"))));
        expect(events[0]?.object.metadata).toMatchObject({ deletionTimestamp: expect.any(String), deletionGracePeriodSeconds: 30 });
        expect(lastEnd(events)).toMatchObject({ exitCode: 7, reason: "Error" });
        expect(events.at(-1)?.object.status).toMatchObject({ phase: "Failed" });
        const killing = await untilEvent(cluster, namespace, about, "Killing");
        expect(killing).toMatchObject({
          type: "Normal",
          message: "Stopping container web",
        });
      },
    },
    {
      name: "a container that ignores SIGTERM is killed after the grace period",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(scripted("sleep 3600", { onTerm: "ignored" }), { terminationGracePeriodSeconds: 2 }));
        await untilPod(cluster, namespace, isRunning);
        const events = await endOf(cluster, namespace, () => ok(cluster.delete(core(namespace, "pods", "a"))));
        expect(lastEnd(events)).toMatchObject({ exitCode: 137, reason: "Error" });
      },
    },
    {
      name: "without grace it is gone at once",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs(), { terminationGracePeriodSeconds: 30 }));
        await untilPod(cluster, namespace, isRunning);
        await ok(cluster.delete(core(namespace, "pods", "a"), { gracePeriodSeconds: 0 }));
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 404 });
      },
    },
    {
      name: "a pod that never started goes too",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs({ image: missingImage }), { terminationGracePeriodSeconds: 30 }));
        await untilPod(cluster, namespace, isWaiting("ErrImagePull"));
        const events = await endOf(cluster, namespace, () => ok(cluster.delete(core(namespace, "pods", "a"))));
        expect(events.length).toBeGreaterThan(1);
      },
    },
    {
      name: "a pod that is over goes at once, grace or not",
      run: async (cluster, namespace) => {
        await createPod(
          cluster,
          namespace,
          podOf(scripted("exit 0", { exit: { code: 0 } }), { restartPolicy: "Never", terminationGracePeriodSeconds: 30 }),
        );
        await untilPod(cluster, namespace, ({ status }) => status["phase"] === "Succeeded");
        await ok(cluster.delete(core(namespace, "pods", "a")));
        await until(cluster, core(namespace, "pods"), (items) => items.length === 0);
      },
    },
    {
      name: "a namespace goes with its pods",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        await untilPod(cluster, namespace, isRunning);
        await ok(cluster.delete(`/api/v1/namespaces/${namespace}`));
        await until(cluster, `/api/v1/namespaces?fieldSelector=metadata.name=${namespace}`, (items) => items.length === 0);
      },
    },
    {
      name: "an eviction sets a condition of the pod and ends it like a deletion",
      run: async (cluster, namespace) => {
        await createPod(cluster, namespace, podOf(runs()));
        await untilPod(cluster, namespace, isRunning);
        const events = await endOf(cluster, namespace, () => ok(evict(cluster, namespace)));
        const marked = events.map(({ object }) => conditionOf(object, "DisruptionTarget")).find((condition) => condition !== undefined);
        expect(marked).toMatchObject({ status: "True", reason: "EvictionByEvictionAPI", message: "Eviction API: evicting" });
      },
    },
    {
      name: "an eviction that a budget forbids leaves the pod",
      run: async (cluster, namespace) => {
        const labels = { labels: { app: "web" } };
        const spec: Part = { minAvailable: 1, selector: { matchLabels: { app: "web" } } };
        await ok(cluster.create(policy(namespace, "poddisruptionbudgets"), { metadata: { name: "web" }, spec }));
        for (const name of ["a", "b"]) await createPod(cluster, namespace, podOf(runs(), {}, { name, ...labels }));
        await untilObject(cluster, policy(namespace, "poddisruptionbudgets"), "web", ({ status }) => status["disruptionsAllowed"] === 1);
        await ok(evict(cluster, namespace));
        expect(await evict(cluster, namespace, "b")).toMatchObject({
          status: 429,
          body: { reason: "TooManyRequests", message: "Cannot evict pod as it would violate the pod's disruption budget." },
        });
        expect(await cluster.get(core(namespace, "pods", "b"))).toMatchObject({ body: { status: { phase: "Running" } } });
      },
    },
  ],
};
