// Who is behind a Service: Endpoints and EndpointSlices, and when a pod is in them.
import { expect } from "vitest";
import { type Body, type Caller, ok } from "#test/contract/cluster.ts";
import { core, type Part, service } from "#test/contract/samples.ts";
import { doing, podSpecOf } from "#test/contract/workloads/programs.ts";
import { until, untilObject, type WorkloadTopic } from "#test/contract/workloads/workload-cluster.ts";

const webPod = (container: Part = {}): Part => ({
  metadata: { name: "web-1", labels: { app: "web" } },
  spec: podSpecOf("runs", { containers: [doing("runs", { ports: [{ name: "http", containerPort: 8080 }], ...container })] }),
});
const never = { readinessProbe: { exec: { command: ["false"] }, periodSeconds: 1 } };

const slicesOf = (namespace: string, name = "web"): string =>
  `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=${name}`;
interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions: Part;
  readonly nodeName: string;
  readonly targetRef: Part;
}
const endpointsIn = (slices: readonly Body[]): readonly Endpoint[] =>
  slices.flatMap((slice) => (slice["endpoints"] ?? []) as readonly Endpoint[]);
const untilSlices = (cluster: Caller, namespace: string, fits: (endpoints: readonly Endpoint[]) => boolean): Promise<readonly Body[]> =>
  until(cluster, slicesOf(namespace), (slices) => slices.length > 0 && fits(endpointsIn(slices)));
const isReady = ({ status }: Body): boolean =>
  ((status["conditions"] ?? []) as readonly Part[]).some(({ type, status: value }) => type === "Ready" && value === "True");

export const serviceAddresses: WorkloadTopic = {
  title: "Addresses of Services",
  cases: [
    {
      name: "a ready pod that is selected is in the slice, with the port that its container names",
      run: async (cluster, namespace) => {
        const { metadata } = await ok(
          cluster.create(core(namespace, "services"), service("web", { ports: [{ port: 80, targetPort: "http" }] })),
        );
        await ok(cluster.create(core(namespace, "pods"), webPod()));
        const [slice] = await untilSlices(cluster, namespace, ([endpoint]) => endpoint?.conditions["ready"] === true);
        const pod = await ok(cluster.get(core(namespace, "pods", "web-1")));
        expect(slice).toMatchObject({
          metadata: {
            generateName: "web-",
            labels: { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io", "kubernetes.io/service-name": "web" },
            ownerReferences: [
              { apiVersion: "v1", kind: "Service", name: "web", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
            ],
          },
          addressType: "IPv4",
          ports: [{ name: "", port: 8080, protocol: "TCP" }],
        });
        expect(slice!["endpoints"]).toEqual([
          {
            addresses: [pod.status["podIP"]],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: pod.spec["nodeName"],
            targetRef: { kind: "Pod", name: "web-1", namespace, uid: pod.metadata.uid },
          },
        ]);
        const old = await untilObject(cluster, core(namespace, "endpoints"), "web", (object) => object["subsets"] !== undefined);
        expect(old.metadata.labels).toEqual({ "endpoints.kubernetes.io/managed-by": "endpoint-controller" });
        expect(old["subsets"]).toEqual([
          {
            addresses: [
              {
                ip: pod.status["podIP"],
                nodeName: pod.spec["nodeName"],
                targetRef: { kind: "Pod", name: "web-1", namespace, uid: pod.metadata.uid },
              },
            ],
            ports: [{ port: 8080, protocol: "TCP" }],
          },
        ]);
      },
    },
    {
      name: "a pod that is not ready is there, but not as ready",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), service("web")));
        await ok(cluster.create(core(namespace, "pods"), webPod(never)));
        const slices = await untilSlices(cluster, namespace, (endpoints) => endpoints.length === 1);
        expect(endpointsIn(slices)[0]!.conditions).toEqual({ ready: false, serving: false, terminating: false });
        const isThere = (object: Body): boolean => object["subsets"] !== undefined;
        const [subset] = (await untilObject(cluster, core(namespace, "endpoints"), "web", isThere))["subsets"] as readonly Part[];
        expect(subset).toMatchObject({ notReadyAddresses: [{ targetRef: { name: "web-1" } }] });
        expect(subset).not.toHaveProperty("addresses");
      },
    },
    {
      name: "publishNotReadyAddresses takes every pod for ready",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), service("web", { publishNotReadyAddresses: true })));
        await ok(cluster.create(core(namespace, "pods"), webPod(never)));
        const slices = await untilSlices(cluster, namespace, (endpoints) => endpoints.length === 1);
        expect(endpointsIn(slices)[0]!.conditions).toEqual({ ready: true, serving: false, terminating: false });
      },
    },
    {
      name: "a Service that selects nothing has one empty slice and no subsets",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), service("web")));
        const [slice] = await until(cluster, slicesOf(namespace), (slices) => slices.length === 1);
        expect(slice).toMatchObject({ endpoints: null, ports: null });
        const old = await untilObject(cluster, core(namespace, "endpoints"), "web", () => true);
        expect(old).not.toHaveProperty("subsets");
      },
    },
    {
      name: "a target port that no container names leaves the Service without a port to reach",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), service("web", { ports: [{ port: 80, targetPort: "admin" }] })));
        await ok(cluster.create(core(namespace, "pods"), webPod()));
        const [slice] = await untilSlices(cluster, namespace, ([endpoint]) => endpoint?.conditions["ready"] === true);
        expect(slice!["ports"] ?? []).toEqual([]);
        expect(await ok(cluster.get(core(namespace, "endpoints", "web")))).not.toHaveProperty("subsets");
      },
    },
    {
      name: "a Service without a selector gets neither",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), { metadata: { name: "outside" }, spec: { ports: [{ port: 80 }] } }));
        await ok(cluster.create(core(namespace, "services"), service("web")));
        await until(cluster, slicesOf(namespace), (slices) => slices.length === 1);
        expect((await ok(cluster.get(slicesOf(namespace, "outside")))).items).toEqual([]);
        expect((await cluster.get(core(namespace, "endpoints", "outside"))).status).toBe(404);
      },
    },
    {
      name: "a headless Service needs no ports and is marked as such",
      run: async (cluster, namespace) => {
        await ok(
          cluster.create(core(namespace, "services"), { metadata: { name: "web" }, spec: { clusterIP: "None", selector: { app: "web" } } }),
        );
        await ok(cluster.create(core(namespace, "pods"), webPod()));
        const [slice] = await untilSlices(cluster, namespace, ([endpoint]) => endpoint?.conditions["ready"] === true);
        expect(slice!.metadata.labels["service.kubernetes.io/headless"]).toBe("");
        expect(slice!["ports"] ?? []).toEqual([]);
      },
    },
    {
      name: "what is behind a Service goes with its pods, and the slices with the Service",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "services"), service("web")));
        await ok(cluster.create(core(namespace, "pods"), webPod()));
        await untilObject(cluster, core(namespace, "pods"), "web-1", isReady);
        await untilSlices(cluster, namespace, (endpoints) => endpoints.length === 1);
        await ok(cluster.patch("merge", core(namespace, "pods", "web-1"), { metadata: { labels: { app: "aside" } } }));
        await untilSlices(cluster, namespace, (endpoints) => endpoints.length === 0);
        await untilObject(cluster, core(namespace, "endpoints"), "web", (object) => object["subsets"] === undefined);
        await ok(cluster.delete(core(namespace, "services", "web")));
        await until(cluster, slicesOf(namespace), (slices) => slices.length === 0);
        await until(cluster, core(namespace, "endpoints"), (items) => items.length === 0);
      },
    },
  ],
};
