// LimitRanges and PriorityClasses: which pods are refused, and what a pod is given by default.
import { expect, vi } from "vitest";
import { type Answer, type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { core, failure, type Part } from "#test/contract/samples.ts";
import { doing, podSpecOf } from "#test/contract/workloads/programs.ts";
import { type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

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
