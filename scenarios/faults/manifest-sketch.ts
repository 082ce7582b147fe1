// Manifests from a few words: programs of the one small image that every testbed has.

const image = "testbed.local/busybox:1";
export const serve = (greeting: string): string =>
  `echo "${greeting}"; mkdir -p /tmp/www; echo ok > /tmp/www/health; exec httpd -f -p 8080 -h /tmp/www`;

interface Parts {
  readonly kind?: "Deployment" | "StatefulSet";
  readonly replicas?: number;
  readonly run?: string;
  readonly image?: string;
  readonly container?: object;
  readonly pod?: object;
  readonly spec?: object;
}

export const workload = (name: string, parts: Parts = {}): string =>
  JSON.stringify({
    apiVersion: "apps/v1",
    kind: parts.kind ?? "Deployment",
    metadata: { name, labels: { app: name } },
    spec: {
      replicas: parts.replicas ?? 1,
      selector: { matchLabels: { app: name } },
      ...(parts.kind === "StatefulSet" ? { serviceName: name } : {}),
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name,
              image: parts.image ?? image,
              command: ["sh", "-c", parts.run ?? serve(`${name} listening on :8080`)],
              ports: [{ name: "http", containerPort: 8080 }],
              ...parts.container,
            },
          ],
          ...parts.pod,
        },
      },
      ...parts.spec,
    },
  });

export const object = (apiVersion: string, kind: string, name: string, rest: object): string =>
  JSON.stringify({ apiVersion, kind, metadata: { name }, ...rest });
export const service = (name: string, spec: object): string => object("v1", "Service", name, { spec });
export const together = (...documents: string[]): string => documents.join("\n---\n");

export const ready = (port: number | string, path = "/health"): object => ({
  readinessProbe: { httpGet: { path, port }, periodSeconds: 1 },
});
