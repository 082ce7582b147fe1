// A mix of objects as the API server returns them, defaults and field managers included; the n-th version differs in one field. Deterministic.
import { createHash } from "node:crypto";
import type { KubeObject } from "#api/object.ts";
import { toTimestamp } from "#lib/clock.ts";

/** Of ten objects four are Deployments, three ConfigMaps, two Services and one a RoleBinding. */
export const sampleObject = (index: number, version: number, now: number): KubeObject => {
  const make =
    [deployment, configMap, service, deployment, configMap, deployment, roleBinding, configMap, deployment, service][index % 10] ?? service;
  return make(index, version, now);
};

const word = (...of: readonly (string | number)[]): string => createHash("sha256").update(of.join("/")).digest("hex").slice(0, 16);

const base = (apiVersion: string, kind: string, index: number, version: number, now: number, fields: object): KubeObject => ({
  apiVersion,
  kind,
  metadata: {
    name: `${["checkout", "payments", "search", "catalogue"][index % 4]}-${word(kind, index).toLowerCase()}`,
    namespace: `team-${index % 40}`,
    uid: word("uid", kind, index),
    resourceVersion: String(1000 + version),
    generation: version,
    creationTimestamp: "2029-06-01T08:00:00Z",
    labels: {
      app: `app-${index}`,
      "app.kubernetes.io/managed-by": "Helm",
      "app.kubernetes.io/version": `1.${index % 9}.0`,
      team: `team-${index % 40}`,
    },
    annotations: {
      "meta.helm.sh/release-name": `app-${index}`,
      "kubectl.kubernetes.io/last-applied-configuration": word("x", index).repeat(40),
    },
    managedFields: [
      {
        manager: "helm",
        operation: "Update",
        time: "2029-06-01T08:00:00Z",
        fieldsType: "FieldsV1",
        fieldsV1: { "f:metadata": { "f:labels": { "f:app": {}, "f:team": {} } }, ...fields },
      },
      { manager: "kubectl-edit", operation: "Update", time: toTimestamp(now), fieldsType: "FieldsV1", fieldsV1: fields },
      {
        manager: "kube-controller-manager",
        operation: "Update",
        subresource: "status",
        time: toTimestamp(now),
        fieldsType: "FieldsV1",
        fieldsV1: { "f:status": {} },
      },
    ] as object[] as NonNullable<KubeObject["metadata"]["managedFields"]>,
  },
});

const deployment = (index: number, version: number, now: number): KubeObject => {
  const name = `app-${index}`;
  const image = {
    "f:spec": { "f:template": { "f:spec": { "f:containers": { [`k:{"name":"${name}"}`]: { ".": {}, "f:image": {}, "f:env": {} } } } } },
  };
  const probe = (path: string): object => ({
    httpGet: { path, port: 8080, scheme: "HTTP" },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  });
  return {
    ...base("apps/v1", "Deployment", index, version, now, image),
    spec: {
      replicas: 1 + (index % 5),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { creationTimestamp: null, labels: { app: name }, annotations: { "checksum/config": word("sum", index).repeat(4) } },
        spec: {
          volumes: [{ name: "config", configMap: { name: `${name}-config`, defaultMode: 420 } }],
          containers: [
            {
              name,
              image: `registry.example.com/team/${name}:${version}@sha256:${createHash("sha256").update(`${index}/${version}`).digest("hex")}`,
              ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
              env: Array.from({ length: 8 }, (_, at) => ({ name: `SETTING_${at}`, value: word("env", index, at) })),
              resources: { limits: { cpu: "500m", memory: "512Mi" }, requests: { cpu: "100m", memory: "256Mi" } },
              volumeMounts: [{ name: "config", readOnly: true, mountPath: "/etc/app" }],
              livenessProbe: probe("/healthz"),
              readinessProbe: probe("/ready"),
              terminationMessagePath: "/dev/termination-log",
              terminationMessagePolicy: "File",
              imagePullPolicy: "IfNotPresent",
              securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
            },
          ],
          restartPolicy: "Always",
          terminationGracePeriodSeconds: 30,
          dnsPolicy: "ClusterFirst",
          serviceAccountName: name,
          serviceAccount: name,
          securityContext: {},
          schedulerName: "default-scheduler",
        },
      },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
    status: {
      observedGeneration: version,
      replicas: 1,
      readyReplicas: 1,
      conditions: [{ type: "Available", status: "True", lastUpdateTime: toTimestamp(now) }],
    },
  } as KubeObject;
};

/** About 1.5 KB of settings that compress as text does. */
const configMap = (index: number, version: number, now: number): KubeObject => {
  const lines = Array.from(
    { length: 40 },
    (_, at) => `server.option_${at % 11}.${["timeout", "retries", "address", "level"][at % 4]} = ${word("line", index, at).slice(0, 8)}`,
  );
  return {
    ...base("v1", "ConfigMap", index, version, now, { "f:data": { "f:app.conf": {}, "f:LEVEL": {} } }),
    data: { LEVEL: version % 2 === 0 ? "info" : "debug", "app.conf": [...lines, `release = ${version}`].join("\n") },
  } as KubeObject;
};

const service = (index: number, version: number, now: number): KubeObject =>
  ({
    ...base("v1", "Service", index, version, now, { "f:spec": { "f:selector": {} } }),
    spec: {
      ports: [{ name: "http", protocol: "TCP", port: 80, targetPort: 8080 }],
      selector: { app: `app-${index}`, track: `v${version}` },
      clusterIP: `10.96.${index % 250}.7`,
      clusterIPs: [`10.96.${index % 250}.7`],
      type: "ClusterIP",
      sessionAffinity: "None",
      ipFamilies: ["IPv4"],
      ipFamilyPolicy: "SingleStack",
      internalTrafficPolicy: "Cluster",
    },
    status: { loadBalancer: {} },
  }) as KubeObject;

const roleBinding = (index: number, version: number, now: number): KubeObject =>
  ({
    ...base("rbac.authorization.k8s.io/v1", "RoleBinding", index, version, now, { "f:subjects": {} }),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: `app-${index}` },
    subjects: [{ kind: "ServiceAccount", name: `app-${index}-v${version}`, namespace: `team-${index % 40}` }],
  }) as KubeObject;
