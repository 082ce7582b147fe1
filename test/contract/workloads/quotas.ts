// ResourceQuotas, LimitRanges and PriorityClasses: what is refused, in which words, and what a pod is given that it did not ask for.
import { expect, vi } from "vitest";
import { type Answer, type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { apps, core, failure, type Part } from "#test/contract/samples.ts";
import { doing, podSpecOf, templateOf } from "#test/contract/workloads/programs.ts";
import { conditionOf, untilEvent, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const quota = async (cluster: Caller, namespace: string, hard: Part): Promise<void> => {
  const create = async (name: string, limited: Part): Promise<void> => {
    await ok(cluster.create(core(namespace, "resourcequotas"), { metadata: { name }, spec: { hard: limited } }));
    await untilObject(cluster, core(namespace, "resourcequotas"), name, ({ status }) => status["used"] !== undefined);
  };
  await create("most", hard);
  // Admission looks at its own copy of the quotas, which it gets in the order of their writes: when it knows of a later one, it knows of this one.
  await create("later", { secrets: "0" });
  const secret = { metadata: { name: "probe" } };
  await vi.waitFor(async () => expect((await cluster.create(`${core(namespace, "secrets")}?dryRun=All`, secret)).status).toBe(403), soon);
};
const untilUsed = (cluster: Caller, namespace: string, fits: (used: Part) => boolean): Promise<Body> =>
  untilObject(
    cluster,
    core(namespace, "resourcequotas"),
    "most",
    ({ status }) => status["used"] !== undefined && fits(status["used"] as Part),
  );

const pod = (cluster: Caller, namespace: string, name: string, resources?: Part, spec: Part = {}): Promise<Answer> =>
  cluster.create(core(namespace, "pods"), {
    metadata: { name },
    spec: podSpecOf("runs", { containers: [doing("runs", resources === undefined ? {} : { resources })], ...spec }),
  });
const soon = { timeout: 10_000, interval: 20 };
const refused = (name: string, why: string): Part => failure(403, "Forbidden", `pods "${name}" is forbidden: ${why}`);

const limits = (cluster: Caller, namespace: string, limit: Part): Promise<Body> =>
  ok(cluster.create(core(namespace, "limitranges"), { metadata: { name: "range" }, spec: { limits: [{ type: "Container", ...limit }] } }));
const resourcesOf = ({ spec }: Body): unknown => (spec["containers"] as readonly Part[])[0]!["resources"];

export const quotas: WorkloadTopic = {
  title: "Quotas and limits",
  cases: [
    {
      name: "what is over the quota is refused, and what is used is counted",
      run: async (cluster, namespace) => {
        await quota(cluster, namespace, { pods: "1" });
        await ok(pod(cluster, namespace, "one"));
        expect(await pod(cluster, namespace, "two")).toMatchObject(
          refused("two", "exceeded quota: most, requested: pods=1, used: pods=1, limited: pods=1"),
        );
        const { status } = await untilUsed(cluster, namespace, (used) => used["pods"] === "1");
        expect(status).toEqual({ hard: { pods: "1" }, used: { pods: "1" } });
        await ok(cluster.delete(core(namespace, "pods", "one")));
        await untilUsed(cluster, namespace, (used) => used["pods"] === "0");
        // Admission looks at its own copy of the quota, which may be older than the one that was just read.
        await vi.waitFor(() => ok(pod(cluster, namespace, "two")), soon);
      },
    },
    {
      name: "all that is over is named, in the notation of the limit",
      run: async (cluster, namespace) => {
        await quota(cluster, namespace, { "requests.cpu": "1", "limits.memory": "1Gi" });
        await ok(pod(cluster, namespace, "one", { requests: { cpu: "500m" }, limits: { memory: "512Mi" } }));
        const { status } = await untilUsed(cluster, namespace, (used) => used["requests.cpu"] === "500m");
        expect(status["used"]).toEqual({ "requests.cpu": "500m", "limits.memory": "512Mi" });
        expect(await pod(cluster, namespace, "two", { requests: { cpu: "2" }, limits: { memory: "2Gi" } })).toMatchObject(
          refused(
            "two",
            "exceeded quota: most, requested: limits.memory=2Gi,requests.cpu=2, used: limits.memory=512Mi,requests.cpu=500m, limited: limits.memory=1Gi,requests.cpu=1",
          ),
        );
      },
    },
    {
      name: "where a resource is limited, a pod must say how much of it it needs",
      run: async (cluster, namespace) => {
        await quota(cluster, namespace, { "requests.cpu": "1", "limits.memory": "1Gi" });
        expect(await pod(cluster, namespace, "silent")).toMatchObject(
          refused("silent", "failed quota: most: must specify limits.memory for: web; requests.cpu for: web"),
        );
      },
    },
    {
      name: "objects of any kind can be counted",
      run: async (cluster, namespace) => {
        await quota(cluster, namespace, { "count/deployments.apps": "1", services: "0" });
        const deployment = (name: string): Part => ({
          metadata: { name },
          spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: templateOf(name, "runs") },
        });
        await ok(cluster.create(apps(namespace, "deployments"), deployment("one")));
        const answer = await cluster.create(apps(namespace, "deployments"), deployment("two"));
        expect(answer).toMatchObject(
          failure(
            403,
            "Forbidden",
            'deployments.apps "two" is forbidden: exceeded quota: most, requested: count/deployments.apps=1, used: count/deployments.apps=1, limited: count/deployments.apps=1',
          ),
        );
        const refusal = await cluster.create(core(namespace, "services"), { metadata: { name: "web" }, spec: { ports: [{ port: 80 }] } });
        expect(refusal.body.message).toBe(
          'services "web" is forbidden: exceeded quota: most, requested: services=1, used: services=0, limited: services=0',
        );
      },
    },
    {
      name: "a Deployment that its quota does not let grow says so",
      run: async (cluster, namespace) => {
        await quota(cluster, namespace, { pods: "1" });
        const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template: templateOf("web", "runs") };
        await ok(cluster.create(apps(namespace, "deployments"), { metadata: { name: "web" }, spec }));
        const short = await untilObject(
          cluster,
          apps(namespace, "deployments"),
          "web",
          (object) => conditionOf(object, "ReplicaFailure") !== undefined && object.status["availableReplicas"] === 1,
        );
        const why = /^pods "web-[a-z0-9]+-.{5}" is forbidden: exceeded quota: most, requested: pods=1, used: pods=1, limited: pods=1$/;
        expect(conditionOf(short, "ReplicaFailure")).toMatchObject({ status: "True", reason: "FailedCreate" });
        expect(conditionOf(short, "ReplicaFailure")!.message).toMatch(why);
        expect(conditionOf(short, "Available")).toMatchObject({ status: "False", reason: "MinimumReplicasUnavailable" });
        const [set] = (await ok(cluster.get(apps(namespace, "replicasets")))).items;
        const event = await untilEvent(cluster, namespace, { kind: "ReplicaSet", name: set!.metadata.name }, "FailedCreate");
        expect(event.message.replace(/^Error creating: /, "")).toMatch(why);
      },
    },
    {
      name: "a LimitRange gives containers the requests and limits that they do not name",
      run: async (cluster, namespace) => {
        const { spec } = await limits(cluster, namespace, { default: { memory: "64Mi", cpu: "200m" }, defaultRequest: { memory: "32Mi" } });
        expect(spec["limits"]).toEqual([
          { type: "Container", default: { memory: "64Mi", cpu: "200m" }, defaultRequest: { memory: "32Mi", cpu: "200m" } },
        ]);
        const made = await ok(pod(cluster, namespace, "bare"));
        expect(resourcesOf(made)).toEqual({ limits: { memory: "64Mi", cpu: "200m" }, requests: { memory: "32Mi", cpu: "200m" } });
        expect(made.metadata.annotations["kubernetes.io/limit-ranger"]).toBe(
          "LimitRanger plugin set: cpu, memory request for container web; cpu, memory limit for container web",
        );
        expect(made.status["qosClass"]).toBe("Burstable");
        const partly = await ok(pod(cluster, namespace, "partly", { limits: { cpu: "1" } }));
        expect(resourcesOf(partly)).toEqual({ limits: { memory: "64Mi", cpu: "1" }, requests: { memory: "32Mi", cpu: "1" } });
      },
    },
    {
      name: "a container outside its LimitRange is refused, all reasons at once",
      run: async (cluster, namespace) => {
        await limits(cluster, namespace, { max: { memory: "128Mi" }, min: { memory: "16Mi" } });
        expect(await pod(cluster, namespace, "odd", { requests: { memory: "8Mi" }, limits: { memory: "2Gi" } })).toMatchObject(
          refused(
            "odd",
            "[minimum memory usage per Container is 16Mi, but request is 8Mi, maximum memory usage per Container is 128Mi, but limit is 2Gi]",
          ),
        );
        expect(await pod(cluster, namespace, "large", { limits: { memory: "256Mi" } })).toMatchObject(
          refused("large", "maximum memory usage per Container is 128Mi, but limit is 256Mi"),
        );
      },
    },
    {
      name: "a priority class gives its pods their priority, and must be there",
      run: async (cluster, namespace) => {
        const name = `urgent-${namespace}`;
        await ok(
          cluster.create("/apis/scheduling.k8s.io/v1/priorityclasses", { metadata: { name }, value: 1000, preemptionPolicy: "Never" }),
        );
        // Admission looks at its own copies, here and below.
        const made = await vi.waitFor(() => ok(pod(cluster, namespace, "one", undefined, { priorityClassName: name })), soon);
        expect(made.spec).toMatchObject({ priorityClassName: name, priority: 1000, preemptionPolicy: "Never" });
        await ok(cluster.delete(`/apis/scheduling.k8s.io/v1/priorityclasses/${name}`));
        const without = core(namespace, "pods?dryRun=All");
        const next = { metadata: { name: "two" }, spec: podSpecOf("runs", { priorityClassName: name }) };
        await vi.waitFor(
          async () =>
            expect(await cluster.create(without, next)).toMatchObject(refused("two", `no PriorityClass with name ${name} was found`)),
          soon,
        );
      },
    },
  ],
};
