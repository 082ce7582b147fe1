// StatefulSets and DaemonSets: pods that have a number, or a node, of their own; how they are replaced, and what holds that up.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { apps, core, type Part } from "#test/contract/samples.ts";
import { doing, missingImage, templateOf } from "#test/contract/workloads/programs.ts";
import { until, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const statefulSet = (spec: Part = {}): Part => ({
  metadata: { name: "db" },
  spec: { replicas: 2, serviceName: "db", selector: { matchLabels: { app: "db" } }, template: templateOf("db", "runs"), ...spec },
});
const create = (cluster: Caller, namespace: string, spec: Part = {}): Promise<Body> =>
  ok(cluster.create(apps(namespace, "statefulsets"), statefulSet(spec)));
const release = (cluster: Caller, namespace: string, extra: Part): Promise<Body> =>
  ok(
    cluster.patch("strategic", apps(namespace, "statefulsets", "db"), {
      spec: { template: { spec: { containers: [doing("runs", extra)] } } },
    }),
  );
const untilSet = (cluster: Caller, namespace: string, fits: (set: Body) => boolean): Promise<Body> =>
  untilObject(cluster, apps(namespace, "statefulsets"), "db", fits);
const isSteady =
  (count: number) =>
  ({ metadata, status }: Body): boolean =>
    status["observedGeneration"] === metadata.generation &&
    status["replicas"] === count &&
    status["availableReplicas"] === count &&
    status["updatedReplicas"] === count &&
    status["currentRevision"] === status["updateRevision"];
const about = { kind: "StatefulSet", name: "db" };
const podsOf = async (cluster: Caller, namespace: string): Promise<readonly Body[]> =>
  (await ok(cluster.get(core(namespace, "pods")))).items;

export const statefulSets: WorkloadTopic = {
  title: "StatefulSets",
  cases: [
    {
      name: "pods are numbered, named, and made one after the other",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        await until(cluster, core(namespace, "pods"), (pods) => {
          const second = pods.find(({ metadata }) => metadata.name === "db-1");
          if (second === undefined) return false;
          const first = pods.find(({ metadata }) => metadata.name === "db-0");
          const ready = (first!.status["conditions"] as readonly Part[]).find(({ type }) => type === "Ready");
          expect(ready).toMatchObject({ status: "True" });
          return true;
        });
        const done = await untilSet(cluster, namespace, isSteady(2));
        const revision = done.status["updateRevision"] as string;
        expect(done.status).toMatchObject({ replicas: 2, readyReplicas: 2, currentReplicas: 2, updatedReplicas: 2, collisionCount: 0 });
        const [pod] = await podsOf(cluster, namespace);
        expect(pod!.metadata).toMatchObject({
          name: "db-0",
          generateName: "db-",
          labels: {
            app: "db",
            "apps.kubernetes.io/pod-index": "0",
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": "db-0",
          },
        });
        expect(pod!.spec).toMatchObject({ hostname: "db-0", subdomain: "db" });
        expect(await untilEvent(cluster, namespace, about, "SuccessfulCreate", /db-0/)).toMatchObject({
          type: "Normal",
          message: "create Pod db-0 in StatefulSet db successful",
          source: { component: "statefulset-controller" },
        });
      },
    },
    {
      name: "a template's revision is kept as a ControllerRevision",
      run: async (cluster, namespace) => {
        const { metadata } = await create(cluster, namespace, { replicas: 1 });
        const { status } = await untilSet(cluster, namespace, isSteady(1));
        const [revision] = (await ok(cluster.get(apps(namespace, "controllerrevisions")))).items;
        expect(revision).toMatchObject({
          metadata: {
            name: status["updateRevision"],
            labels: { app: "db", "controller.kubernetes.io/hash": (status["updateRevision"] as string).slice(3) },
            ownerReferences: [{ kind: "StatefulSet", uid: metadata.uid, controller: true, blockOwnerDeletion: true }],
          },
          revision: 1,
          data: { spec: { template: { $patch: "replace", metadata: { labels: { app: "db" } } } } },
        });
      },
    },
    {
      name: "an update replaces the pods from the highest number down",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        const before = await untilSet(cluster, namespace, isSteady(2));
        await release(cluster, namespace, { env: [{ name: "VERSION", value: "2" }] });
        const after = await untilSet(
          cluster,
          namespace,
          (set) => isSteady(2)(set) && set.status["updateRevision"] !== before.status["updateRevision"],
        );
        for (const pod of await podsOf(cluster, namespace))
          expect(pod.metadata.labels["controller-revision-hash"]).toBe(after.status["updateRevision"]);
        const first = await untilEvent(cluster, namespace, about, "SuccessfulDelete", /db-1/);
        const second = await untilEvent(cluster, namespace, about, "SuccessfulDelete", /db-0/);
        expect(first.message).toBe("delete Pod db-1 in StatefulSet db successful");
        expect(Date.parse(first["firstTimestamp"] as string)).toBeLessThanOrEqual(Date.parse(second["firstTimestamp"] as string));
        expect((await ok(cluster.get(apps(namespace, "controllerrevisions")))).items.map((item) => item["revision"]).toSorted()).toEqual([
          1, 2,
        ]);
      },
    },
    {
      name: "an update stops at a partition",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } });
        const before = await untilSet(cluster, namespace, ({ status }) => status["availableReplicas"] === 2);
        await release(cluster, namespace, { env: [{ name: "VERSION", value: "2" }] });
        const half = await untilSet(
          cluster,
          namespace,
          ({ status }) =>
            status["updatedReplicas"] === 1 && status["availableReplicas"] === 2 && status["updateRevision"] !== status["currentRevision"],
        );
        expect(half.status).toMatchObject({ currentRevision: before.status["currentRevision"], currentReplicas: 1 });
        const revisions = (await podsOf(cluster, namespace)).map(({ metadata }) => metadata.labels["controller-revision-hash"]);
        expect(revisions).toEqual([half.status["currentRevision"], half.status["updateRevision"]]);
      },
    },
    {
      name: "a pod that does not get well holds up the update, and a template that is put right does not help by itself",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        const good = await untilSet(cluster, namespace, isSteady(2));
        await release(cluster, namespace, { image: missingImage });
        const isBroken = ({ metadata, status }: Body): boolean =>
          metadata.name === "db-1" &&
          metadata.labels["controller-revision-hash"] !== good.status["updateRevision"] &&
          status["containerStatuses"] !== undefined;
        const pods = await until(cluster, core(namespace, "pods"), (items) => items.some(isBroken));
        const broken = pods.find(isBroken)!;
        const { metadata } = await release(cluster, namespace, { image: "testbed.local/busybox:1" });
        const stuck = await untilSet(
          cluster,
          namespace,
          (set) =>
            set.status["observedGeneration"] === metadata.generation && set.status["updateRevision"] === good.status["updateRevision"],
        );
        expect(stuck.status).toMatchObject({ replicas: 2, readyReplicas: 1 });
        // It has to be deleted by hand.
        expect((await podsOf(cluster, namespace)).map((pod) => pod.metadata.uid)).toContain(broken.metadata.uid);
        await ok(cluster.delete(core(namespace, "pods", "db-1")));
        await untilSet(cluster, namespace, isSteady(2));
      },
    },
    {
      name: "Parallel makes all pods at once",
      run: async (cluster, namespace) => {
        const containers = [doing("runs", { readinessProbe: { exec: { command: ["false"] }, periodSeconds: 1 } })];
        await create(cluster, namespace, { podManagementPolicy: "Parallel", template: templateOf("db", "runs", { containers }) });
        await until(cluster, core(namespace, "pods"), (pods) => pods.length === 2);
      },
    },
    {
      name: "fewer replicas take away the highest number",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        await untilSet(cluster, namespace, isSteady(2));
        await ok(cluster.patch("merge", apps(namespace, "statefulsets", "db", "scale"), { spec: { replicas: 1 } }));
        await untilSet(cluster, namespace, isSteady(1));
        expect((await podsOf(cluster, namespace)).map(({ metadata }) => metadata.name)).toEqual(["db-0"]);
      },
    },
    {
      name: "each pod gets a claim of its own, which stays when the pod goes",
      run: async (cluster, namespace) => {
        const spec = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } };
        await create(cluster, namespace, { replicas: 1, volumeClaimTemplates: [{ metadata: { name: "data" }, spec }] });
        const [claim] = await until(cluster, core(namespace, "persistentvolumeclaims"), (items) => items.length === 1);
        expect(claim!.metadata).toMatchObject({ name: "data-db-0", labels: { app: "db" } });
        await untilEvent(cluster, namespace, about, "SuccessfulCreate", /^create Claim data-db-0 Pod db-0 in StatefulSet db success$/);
        const [pod] = await until(cluster, core(namespace, "pods"), (items) => items.length === 1);
        expect((pod!.spec["volumes"] as readonly Part[])[0]).toEqual({ name: "data", persistentVolumeClaim: { claimName: "data-db-0" } });
        await ok(cluster.patch("merge", apps(namespace, "statefulsets", "db", "scale"), { spec: { replicas: 0 } }));
        await until(cluster, core(namespace, "pods"), (items) => items.length === 0);
        expect((await ok(cluster.get(core(namespace, "persistentvolumeclaims")))).items).toHaveLength(1);
      },
    },
    {
      name: "what keeps a pod from being made is told in an event",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, { template: templateOf("db", "runs", { serviceAccountName: "nobody" }) });
        const event = await untilEvent(cluster, namespace, about, "FailedCreate");
        expect(event.message).toBe(
          `create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: error looking up service account ${namespace}/nobody: serviceaccount "nobody" not found`,
        );
      },
    },
  ],
};

const daemonSet = (spec: Part = {}): Part => ({
  metadata: { name: "agent" },
  spec: { selector: { matchLabels: { app: "agent" } }, template: templateOf("agent", "runs"), ...spec },
});
const untilDaemons = (cluster: Caller, namespace: string, fits: (set: Body) => boolean): Promise<Body> =>
  untilObject(cluster, apps(namespace, "daemonsets"), "agent", fits);

export const daemonSets: WorkloadTopic = {
  title: "DaemonSets",
  cases: [
    {
      name: "every node gets a pod, bound to it by its affinity",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "daemonsets"), daemonSet()));
        const done = await untilDaemons(cluster, namespace, ({ status }) => status["numberAvailable"] === 2);
        expect(done.status).toEqual({
          currentNumberScheduled: 2,
          desiredNumberScheduled: 2,
          numberMisscheduled: 0,
          numberReady: 2,
          numberAvailable: 2,
          updatedNumberScheduled: 2,
          observedGeneration: 1,
        });
        const pods = await podsOf(cluster, namespace);
        expect(pods.map(({ spec }) => spec["nodeName"]).toSorted()).toEqual(["n1", "n2"]);
        const matchFields = [{ key: "metadata.name", operator: "In", values: [pods[0]!.spec["nodeName"]] }];
        expect(pods[0]!.spec["affinity"]).toEqual({
          nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } },
        });
        expect((pods[0]!.spec["tolerations"] as readonly Part[]).map(({ key, effect }) => `${String(key)}:${String(effect)}`)).toEqual([
          "node.kubernetes.io/not-ready:NoExecute",
          "node.kubernetes.io/unreachable:NoExecute",
          "node.kubernetes.io/disk-pressure:NoSchedule",
          "node.kubernetes.io/memory-pressure:NoSchedule",
          "node.kubernetes.io/pid-pressure:NoSchedule",
          "node.kubernetes.io/unschedulable:NoSchedule",
        ]);
        await untilEvent(cluster, namespace, { kind: "DaemonSet", name: "agent" }, "SuccessfulCreate", /^Created pod: agent-.{5}$/);
      },
    },
    {
      name: "a node selector that fits no node leaves nothing to do",
      run: async (cluster, namespace) => {
        await ok(
          cluster.create(
            apps(namespace, "daemonsets"),
            daemonSet({ template: templateOf("agent", "runs", { nodeSelector: { disk: "none" } }) }),
          ),
        );
        const idle = await untilDaemons(cluster, namespace, ({ status }) => status["observedGeneration"] === 1);
        expect(idle.status).toMatchObject({ desiredNumberScheduled: 0, currentNumberScheduled: 0, numberReady: 0 });
        expect(await podsOf(cluster, namespace)).toEqual([]);
      },
    },
    {
      name: "an update goes from node to node and stops at a pod that does not get well",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "daemonsets"), daemonSet()));
        await untilDaemons(cluster, namespace, ({ status }) => status["numberAvailable"] === 2);
        const update = (extra: Part): Promise<Body> =>
          ok(
            cluster.patch("strategic", apps(namespace, "daemonsets", "agent"), {
              spec: { template: { spec: { containers: [doing("runs", extra)] } } },
            }),
          );
        await update({ env: [{ name: "VERSION", value: "2" }] });
        await untilDaemons(
          cluster,
          namespace,
          ({ status }) => status["observedGeneration"] === 2 && status["updatedNumberScheduled"] === 2 && status["numberAvailable"] === 2,
        );
        await update({ image: missingImage });
        const stuck = await untilDaemons(
          cluster,
          namespace,
          ({ status }) => status["observedGeneration"] === 3 && status["updatedNumberScheduled"] === 1 && status["numberUnavailable"] === 1,
        );
        expect(stuck.status).toMatchObject({ numberAvailable: 1, numberReady: 1, desiredNumberScheduled: 2 });
        const revisions = (await ok(cluster.get(apps(namespace, "controllerrevisions")))).items;
        expect(revisions.map((item) => item["revision"]).toSorted()).toEqual([1, 2, 3]);
      },
    },
  ],
};
