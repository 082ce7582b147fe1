// Deployments: how a rollout proceeds, ends, stalls and is undone, and its status meanwhile.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { apps, core, type Part } from "#test/contract/samples.ts";
import { doing, missingImage, type ProgramName, templateOf } from "#test/contract/workloads/programs.ts";
import { conditionOf, until, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const deployment = (spec: Part = {}): Part => ({
  metadata: { name: "web" },
  spec: { replicas: 2, selector: { matchLabels: { app: "web" } }, template: templateOf("web", "runs"), ...spec },
});

const revisionOf = (object: Body | undefined): string | undefined => object?.metadata.annotations?.["deployment.kubernetes.io/revision"];

const isRolledOut = ({ metadata, spec, status }: Body): boolean =>
  status["observedGeneration"] === metadata.generation &&
  status["updatedReplicas"] === spec["replicas"] &&
  status["replicas"] === spec["replicas"] &&
  status["availableReplicas"] === spec["replicas"];

const rolledOut = (cluster: Caller, namespace: string): Promise<Body> =>
  untilObject(cluster, apps(namespace, "deployments"), "web", isRolledOut);

const create = (cluster: Caller, namespace: string, spec: Part = {}): Promise<Body> =>
  ok(cluster.create(apps(namespace, "deployments"), deployment(spec)));

const change = (cluster: Caller, namespace: string, spec: Part): Promise<Body> =>
  ok(cluster.patch("strategic", apps(namespace, "deployments", "web"), { spec }));

const release = (cluster: Caller, namespace: string, program: ProgramName, extra: Part = {}): Promise<Body> =>
  change(cluster, namespace, { template: { spec: { containers: [doing(program, extra)] } } });

const setsOf = async (cluster: Caller, namespace: string): Promise<readonly Body[]> =>
  [...(await ok(cluster.get(apps(namespace, "replicasets")))).items].toSorted((a, b) => Number(revisionOf(a)) - Number(revisionOf(b)));

export const rollouts: WorkloadTopic = {
  title: "Rollouts",
  cases: [
    {
      name: "a Deployment makes a ReplicaSet named after its template, which makes the pods",
      run: async (cluster, namespace) => {
        const { metadata } = await create(cluster, namespace);
        const done = await rolledOut(cluster, namespace);
        expect(revisionOf(done)).toBe("1");
        const [set] = await setsOf(cluster, namespace);
        const hash = set!.metadata.labels["pod-template-hash"]!;
        expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{6,10}$/);
        expect(set!.metadata).toMatchObject({
          name: `web-${hash}`,
          labels: { app: "web", "pod-template-hash": hash },
          annotations: {
            "deployment.kubernetes.io/desired-replicas": "2",
            "deployment.kubernetes.io/max-replicas": "3",
            "deployment.kubernetes.io/revision": "1",
          },
          ownerReferences: [
            { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
          ],
        });
        expect(set!.spec).toMatchObject({
          replicas: 2,
          selector: { matchLabels: { app: "web", "pod-template-hash": hash } },
          template: { metadata: { labels: { app: "web", "pod-template-hash": hash } } },
        });
        const pods = (await ok(cluster.get(core(namespace, "pods")))).items;
        expect(pods).toHaveLength(2);
        for (const { metadata: pod } of pods) {
          expect(pod.name).toMatch(new RegExp(`^web-${hash}-[bcdfghjklmnpqrstvwxz2456789]{5}$`));
          expect(pod).toMatchObject({ generateName: `web-${hash}-`, ownerReferences: [{ kind: "ReplicaSet", name: `web-${hash}` }] });
        }
      },
    },
    {
      name: "one that is done says so in its counts, conditions and events",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        const done = await rolledOut(cluster, namespace);
        const [set] = await setsOf(cluster, namespace);
        expect(done.status).toMatchObject({
          replicas: 2,
          updatedReplicas: 2,
          readyReplicas: 2,
          availableReplicas: 2,
          observedGeneration: 1,
        });
        expect(done.status).not.toHaveProperty("unavailableReplicas");
        expect(conditionOf(done, "Available")).toMatchObject({
          status: "True",
          reason: "MinimumReplicasAvailable",
          message: "Deployment has minimum availability.",
        });
        expect(conditionOf(done, "Progressing")).toMatchObject({
          status: "True",
          reason: "NewReplicaSetAvailable",
          message: `ReplicaSet "${set!.metadata.name}" has successfully progressed.`,
        });
        expect(await untilEvent(cluster, namespace, { kind: "Deployment", name: "web" }, "ScalingReplicaSet")).toMatchObject({
          type: "Normal",
          message: `Scaled up replica set ${set!.metadata.name} from 0 to 2`,
          source: { component: "deployment-controller" },
        });
        const made = await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: set!.metadata.name }, "SuccessfulCreate");
        expect(made.message).toMatch(new RegExp(`^Created pod: ${set!.metadata.name}-.{5}$`));
      },
    },
    {
      name: "a new template goes out pod by pod, within maxSurge and maxUnavailable",
      run: async (cluster, namespace) => {
        const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
        await create(cluster, namespace, { strategy });
        await rolledOut(cluster, namespace);
        await release(cluster, namespace, "runsToo");
        // Of maxSurge the order of the steps speaks: pods that are counted trail what was asked for, and may be one more for a moment.
        const counts: number[] = [];
        const done = await untilObject(cluster, apps(namespace, "deployments"), "web", (object) => {
          counts.push(Number(object.status["availableReplicas"] ?? 0));
          return isRolledOut(object);
        });
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
        expect(revisionOf(done)).toBe("2");
        const [old, next] = await setsOf(cluster, namespace);
        expect([old!.spec["replicas"], next!.spec["replicas"]]).toEqual([0, 2]);
        const selector = "involvedObject.kind=Deployment,reason=ScalingReplicaSet";
        const events = await until(cluster, `${core(namespace, "events")}?fieldSelector=${selector}`, (items) => items.length >= 5);
        expect(events.map(({ message }) => message).toSorted()).toEqual(
          [
            `Scaled up replica set ${old!.metadata.name} from 0 to 2`,
            `Scaled up replica set ${next!.metadata.name} from 0 to 1`,
            `Scaled down replica set ${old!.metadata.name} from 2 to 1`,
            `Scaled up replica set ${next!.metadata.name} from 1 to 2`,
            `Scaled down replica set ${old!.metadata.name} from 1 to 0`,
          ].toSorted(),
        );
      },
    },
    {
      name: "Recreate ends all old pods before it makes a new one",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, { strategy: { type: "Recreate" } });
        await rolledOut(cluster, namespace);
        await release(cluster, namespace, "runsToo");
        const together = new Set<string>();
        const commandOf = (pod: Body): string => JSON.stringify((pod.spec["containers"] as Part[])[0]!["command"]);
        await until(cluster, core(namespace, "pods"), (pods) => {
          const kinds = new Set(pods.map(commandOf));
          if (kinds.size > 1) for (const kind of kinds) together.add(kind);
          return pods.length === 2 && pods.every((pod) => commandOf(pod).includes("true"));
        });
        expect([...together]).toEqual([]);
        await rolledOut(cluster, namespace);
      },
    },
    {
      name: "an image that is not there stops a rollout; after progressDeadlineSeconds it says so",
      run: async (cluster, namespace) => {
        await create(cluster, namespace, { progressDeadlineSeconds: 4 });
        await rolledOut(cluster, namespace);
        await release(cluster, namespace, "runs", { image: missingImage });
        const stuck = await untilObject(
          cluster,
          apps(namespace, "deployments"),
          "web",
          (object) => conditionOf(object, "Progressing")?.reason === "ProgressDeadlineExceeded",
        );
        const [old, next] = await setsOf(cluster, namespace);
        expect(conditionOf(stuck, "Progressing")).toMatchObject({
          status: "False",
          message: `ReplicaSet "${next!.metadata.name}" has timed out progressing.`,
        });
        // Of two, 25 % may be missing: rounded down, none.
        expect(conditionOf(stuck, "Available")).toMatchObject({ status: "True", reason: "MinimumReplicasAvailable" });
        expect(stuck.status).toMatchObject({
          replicas: 3,
          updatedReplicas: 1,
          readyReplicas: 2,
          availableReplicas: 2,
          unavailableReplicas: 1,
        });
        expect([old!.spec["replicas"], next!.spec["replicas"]]).toEqual([2, 1]);
      },
    },
    {
      name: "going back to an old template takes its ReplicaSet again and gives it a new revision",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        await rolledOut(cluster, namespace);
        const [first] = await setsOf(cluster, namespace);
        await release(cluster, namespace, "fails");
        await untilObject(cluster, apps(namespace, "deployments"), "web", (object) => revisionOf(object) === "2");
        await release(cluster, namespace, "runs");
        const done = await untilObject(
          cluster,
          apps(namespace, "deployments"),
          "web",
          (object) => revisionOf(object) === "3" && isRolledOut(object),
        );
        expect(done.metadata.annotations["deployment.kubernetes.io/revision"]).toBe("3");
        const sets = await setsOf(cluster, namespace);
        expect(sets.map(({ metadata }) => metadata.annotations["deployment.kubernetes.io/revision"])).toEqual(["2", "3"]);
        expect(sets[1]!.metadata.uid).toBe(first!.metadata.uid);
        expect(sets[1]!.metadata.annotations["deployment.kubernetes.io/revision-history"]).toBe("1");
      },
    },
    {
      name: "a Deployment is made larger and smaller without a new revision",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        await rolledOut(cluster, namespace);
        await ok(cluster.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: 4 } }));
        await rolledOut(cluster, namespace);
        await ok(cluster.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: 1 } }));
        const done = await rolledOut(cluster, namespace);
        expect(revisionOf(done)).toBe("1");
        const [set] = await setsOf(cluster, namespace);
        expect(set!.metadata.annotations).toMatchObject({
          "deployment.kubernetes.io/desired-replicas": "1",
          "deployment.kubernetes.io/max-replicas": "2",
        });
        await untilEvent(cluster, namespace, { kind: "Deployment", name: "web" }, "ScalingReplicaSet", / from 2 to 4$/);
        await untilEvent(cluster, namespace, { kind: "Deployment", name: "web" }, "ScalingReplicaSet", /^Scaled down .* from 4 to 1$/);
        await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: set!.metadata.name }, "SuccessfulDelete", /^Deleted pod: /);
      },
    },
    {
      name: "the status names the generation that it speaks of",
      run: async (cluster, namespace) => {
        await create(cluster, namespace);
        await rolledOut(cluster, namespace);
        const { metadata } = await change(cluster, namespace, { replicas: 1 });
        const seen = await untilObject(
          cluster,
          apps(namespace, "deployments"),
          "web",
          ({ status }) => status["observedGeneration"] === metadata.generation,
        );
        expect(metadata.generation).toBe(2);
        expect(seen.metadata.generation).toBe(2);
      },
    },
  ],
};
