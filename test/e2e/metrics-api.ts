// The resource metrics API (metrics.k8s.io), as metrics-server would serve it behind the aggregation layer: says of every pod the use that a test gives
// it. The autoscaler that reads it is the real one.
import { createServer } from "node:https";
import { networkInterfaces } from "node:os";
import { Pods } from "#api/kubernetes.ts";
import { selfSignedCertificate } from "#scenarios/self-signed-certificate.ts";
import type { Kube } from "#kube/client.ts";
import type { UserActions } from "#scenarios/user-actions.ts";

export interface MetricsApi {
  close(): void;
}

const group = "metrics.k8s.io";
const version = "v1beta1";
const apiVersion = `${group}/${version}`;

/** `cpuOf`: the use of each container of the pods in a namespace, as a quantity; undefined where nothing is measured. */
export const serveMetrics = async (
  kube: Kube,
  userActions: UserActions,
  cpuOf: (namespace: string) => string | undefined,
): Promise<MetricsApi> => {
  const { certPem: cert, keyPem: key } = selfSignedCertificate(Date.now());
  const answer = async (url: URL): Promise<object> => {
    const [, measured] = /\/namespaces\/([^/]+)\/pods$/.exec(url.pathname) ?? [];
    if (measured === undefined) return resources;
    const cpu = cpuOf(measured);
    const labelSelector = url.searchParams.get("labelSelector") ?? undefined;
    const pods =
      cpu === undefined ? [] : await kube.list(Pods, { namespace: measured, ...(labelSelector === undefined ? {} : { labelSelector }) });
    return {
      apiVersion,
      kind: "PodMetricsList",
      metadata: {},
      items: pods.map(({ metadata, spec }) => ({
        metadata: { name: metadata.name, namespace: measured, labels: metadata.labels },
        timestamp: new Date().toISOString(),
        window: "30s",
        containers: spec.containers.map(({ name }) => ({ name, usage: { cpu, memory: "8Mi" } })),
      })),
    };
  };
  const server = createServer({ cert, key }, (request, response) => {
    answer(new URL(request.url ?? "/", "https://metrics")).then(
      (body) => response.setHeader("Content-Type", "application/json").end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, "0.0.0.0", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  // Endpoints must not be loopback addresses.
  const ip = Object.values(networkInterfaces()).flatMap((each = []) =>
    each.filter(({ family, internal }) => family === "IPv4" && !internal),
  )[0]?.address;
  await userActions.apply(
    [
      { apiVersion: "v1", kind: "Service", metadata: { name: "metrics-server" }, spec: { ports: [{ port: 443, targetPort: port }] } },
      { apiVersion: "v1", kind: "Endpoints", metadata: { name: "metrics-server" }, subsets: [{ addresses: [{ ip }], ports: [{ port }] }] },
      {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name: `${version}.${group}` },
        spec: {
          group,
          version,
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { namespace: "kube-system", name: "metrics-server", port: 443 },
        },
      },
    ],
    "kube-system",
  );
  return { close: () => void server.close() };
};

const resources = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: apiVersion,
  resources: [{ name: "pods", singularName: "", namespaced: true, kind: "PodMetrics", verbs: ["get", "list"] }],
};
