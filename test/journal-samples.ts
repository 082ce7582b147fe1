// Objects as the API server would show them to the change journal, with the record of who wrote them. Data for tests only.
import type { KubeObject } from "#api/object.ts";
import { toTimestamp } from "#lib/clock.ts";

export const createdAt = Date.UTC(2030, 0, 1, 12, 0, 0);

const versionOf: Readonly<Record<string, string>> = {
  Deployment: "apps/v1",
  StatefulSet: "apps/v1",
  ReplicaSet: "apps/v1",
  RoleBinding: "rbac.authorization.k8s.io/v1",
  Role: "rbac.authorization.k8s.io/v1",
  HorizontalPodAutoscaler: "autoscaling/v2",
  PodDisruptionBudget: "policy/v1",
  NetworkPolicy: "networking.k8s.io/v1",
  Ingress: "networking.k8s.io/v1",
  StorageClass: "storage.k8s.io/v1",
};
const clusterScoped = new Set(["Node", "StorageClass", "ClusterRoleBinding"]);

export const object = (kind: string, name: string, content: object, namespace = "shop"): KubeObject => ({
  apiVersion: versionOf[kind] ?? "v1",
  kind,
  metadata: {
    name,
    ...(clusterScoped.has(kind) ? {} : { namespace }),
    uid: `uid-${kind}-${name}`,
    resourceVersion: "1",
    creationTimestamp: toTimestamp(createdAt),
  },
  ...content,
});

/** The same object, as its n-th version. */
export const edited = (of: KubeObject, version: number): KubeObject => ({
  ...of,
  metadata: { ...of.metadata, resourceVersion: String(version + 2) },
});

export const managedBy = (of: KubeObject, ...entries: readonly (readonly [manager: string, at: number, fields: object])[]): KubeObject => ({
  ...of,
  metadata: {
    ...of.metadata,
    managedFields: entries.map(([manager, at, fieldsV1]) => ({
      manager,
      operation: "Update",
      time: toTimestamp(at),
      fieldsType: "FieldsV1",
      fieldsV1,
    })),
  },
});

export const deploymentObject = ({
  image,
  memory = "128Mi",
  name = "web",
}: {
  image: string;
  memory?: string;
  name?: string;
}): KubeObject =>
  object("Deployment", name, {
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          serviceAccountName: "web",
          containers: [
            {
              name: "web",
              image,
              envFrom: [{ configMapRef: { name: "web-config" } }],
              resources: { limits: { memory }, requests: { memory: "64Mi", cpu: "100m" } },
              readinessProbe: { httpGet: { path: "/ready", port: 8080 } },
              volumeMounts: [{ name: "files", mountPath: "/etc/web" }],
            },
          ],
          volumes: [{ name: "files", configMap: { name: "web-files", defaultMode: 420 } }],
        },
      },
    },
  });
