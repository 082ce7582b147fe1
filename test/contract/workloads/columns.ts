// What `kubectl get` shows of workloads: the columns of every kind, those of `-o wide` after a bar, and the rows of some that run.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { apps, core } from "#test/contract/samples.ts";
import { templateOf, workloadImage } from "#test/contract/workloads/programs.ts";
import { untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const asTable = { accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json" };
const tableOf = (cluster: Caller, path: string): Promise<Body> => ok(cluster.get(path, asTable));

interface Definition {
  readonly name: string;
  readonly priority: number;
}
const columnsOf = (table: Body): string => {
  const all = table["columnDefinitions"] as readonly Definition[];
  const named = (isWide: boolean): string =>
    all
      .filter(({ priority }) => priority > 0 === isWide)
      .map(({ name }) => name)
      .join(" ");
  return named(true) === "" ? named(false) : `${named(false)} | ${named(true)}`;
};
/** Without what differs from run to run. */
const rowOf = (table: Body): readonly unknown[] => {
  const names = (table["columnDefinitions"] as readonly Definition[]).map(({ name }) => name);
  const [row] = table["rows"] as readonly { cells: readonly unknown[] }[];
  return (row?.cells ?? []).filter((_cell, index) => !["Age", "Duration", "IP", "Node", "Last Schedule"].includes(names[index]!));
};

const kinds: readonly (readonly [group: string, plural: string, columns: string])[] = [
  ["api/v1", "pods", "Name Ready Status Restarts Age | IP Node Nominated Node Readiness Gates"],
  ["api/v1", "services", "Name Type Cluster-IP External-IP Port(s) Age | Selector"],
  ["api/v1", "endpoints", "Name Endpoints Age"],
  ["api/v1", "resourcequotas", "Name Request Limit Age"],
  ["api/v1", "persistentvolumeclaims", "Name Status Volume Capacity Access Modes StorageClass VolumeAttributesClass Age | VolumeMode"],
  ["apis/apps/v1", "deployments", "Name Ready Up-to-date Available Age | Containers Images Selector"],
  ["apis/apps/v1", "replicasets", "Name Desired Current Ready Age | Containers Images Selector"],
  ["apis/apps/v1", "statefulsets", "Name Ready Age | Containers Images"],
  ["apis/apps/v1", "daemonsets", "Name Desired Current Ready Up-to-date Available Node Selector Age | Containers Images Selector"],
  ["apis/apps/v1", "controllerrevisions", "Name Controller Revision Age"],
  ["apis/batch/v1", "jobs", "Name Status Completions Duration Age | Containers Images Selector"],
  ["apis/batch/v1", "cronjobs", "Name Schedule Timezone Suspend Active Last Schedule Age | Containers Images Selector"],
  ["apis/autoscaling/v2", "horizontalpodautoscalers", "Name Reference Targets MinPods MaxPods Replicas Age"],
  ["apis/policy/v1", "poddisruptionbudgets", "Name Min Available Max Unavailable Allowed Disruptions Age"],
  ["apis/discovery.k8s.io/v1", "endpointslices", "Name AddressType Ports Endpoints Age"],
];

export const columns: WorkloadTopic = {
  title: "What kubectl shows of workloads",
  cases: [
    {
      name: "each kind has its columns",
      run: async (cluster, namespace) => {
        for (const [group, plural, expected] of kinds)
          expect([plural, columnsOf(await tableOf(cluster, `/${group}/namespaces/${namespace}/${plural}`))]).toEqual([plural, expected]);
        const nodes = "Name Status Roles Age Version | Internal-IP External-IP OS-Image Kernel-Version Container-Runtime";
        expect(columnsOf(await tableOf(cluster, "/api/v1/nodes"))).toBe(nodes);
        const volumes = "Name Capacity Access Modes Reclaim Policy Status Claim StorageClass VolumeAttributesClass Reason Age | VolumeMode";
        expect(columnsOf(await tableOf(cluster, "/api/v1/persistentvolumes"))).toBe(volumes);
        const classes = "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age";
        expect(columnsOf(await tableOf(cluster, "/apis/storage.k8s.io/v1/storageclasses"))).toBe(classes);
      },
    },
    {
      name: "a Deployment that runs, its ReplicaSet and its pod",
      run: async (cluster, namespace) => {
        const spec = { replicas: 1, selector: { matchLabels: { app: "web" } }, template: templateOf("web", "runs") };
        await ok(cluster.create(apps(namespace, "deployments"), { metadata: { name: "web" }, spec }));
        await untilObject(cluster, apps(namespace, "deployments"), "web", ({ status }) => status["availableReplicas"] === 1);
        expect(rowOf(await tableOf(cluster, apps(namespace, "deployments", "web")))).toEqual([
          "web",
          "1/1",
          1,
          1,
          "web",
          workloadImage,
          "app=web",
        ]);
        const [set] = (await ok(cluster.get(apps(namespace, "replicasets")))).items;
        const { name, labels } = set!.metadata;
        expect(rowOf(await tableOf(cluster, apps(namespace, "replicasets")))).toEqual([
          ...[name, 1, 1, 1, "web", workloadImage],
          `app=web,pod-template-hash=${labels["pod-template-hash"]!}`,
        ]);
        const pod = rowOf(await tableOf(cluster, core(namespace, "pods")));
        expect(pod.slice(1)).toEqual(["1/1", "Running", "0", "<none>", "<none>"]);
      },
    },
  ],
};
