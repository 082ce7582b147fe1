import { expect, test } from "vitest";
import type { PodTemplate } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { CachedAutoscalers, CachedBudgets, CachedNodes, CachedPods, CachedQuotas, CachedServices } from "#cluster/cached-kinds.ts";
import { neighboursOf, type Surroundings } from "#cluster/neighbours.ts";
import type { View } from "#kube/caches.ts";
import { cached } from "#test/cached.ts";

const meta = (name: string, namespace?: string) => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
});
const object = <K extends string>(apiVersion: string, kind: K, name: string, namespace = "shop") => ({
  apiVersion,
  kind,
  metadata: meta(name, namespace),
});
const template: PodTemplate = {
  metadata: { labels: { app: "web" } },
  spec: {
    containers: [
      {
        name: "web",
        envFrom: [{ configMapRef: { name: "settings" } }, { secretRef: { name: "login", optional: true } }],
        env: [
          { name: "A", valueFrom: { configMapKeyRef: { name: "settings", key: "a" } } },
          { name: "B", valueFrom: { secretKeyRef: { name: "keys", key: "b" } } },
          { name: "C", value: "plain" },
        ],
      },
    ],
    initContainers: [{ name: "init", envFrom: [{ configMapRef: { name: "first" } }] }],
    volumes: [
      { name: "a", configMap: { name: "files" } },
      { name: "b", secret: { secretName: "certs" } },
      { name: "c", persistentVolumeClaim: { claimName: "data" } },
      { name: "d", projected: { sources: [{ configMap: { name: "ca" } }, { secret: { name: "token" } }] } },
      { name: "e", emptyDir: {} },
    ],
  },
};
const raw = {
  services: [
    { ...object("v1", "Service", "web"), spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }, { port: 443 }] } },
    { ...object("v1", "Service", "other"), spec: { selector: { app: "api" } } },
    { ...object("v1", "Service", "external"), spec: {} },
  ],
  autoscalers: [
    {
      ...object("autoscaling/v2", "HorizontalPodAutoscaler", "web"),
      spec: { maxReplicas: 5, scaleTargetRef: { kind: "Deployment", name: "web" } },
    },
    {
      ...object("autoscaling/v2", "HorizontalPodAutoscaler", "api"),
      spec: { maxReplicas: 5, scaleTargetRef: { kind: "Deployment", name: "api" } },
    },
  ],
  budgets: [
    { ...object("policy/v1", "PodDisruptionBudget", "all"), spec: { selector: {}, minAvailable: 1 }, status: { disruptionsAllowed: 2 } },
    { ...object("policy/v1", "PodDisruptionBudget", "max"), spec: { selector: { matchLabels: { app: "web" } }, maxUnavailable: "50%" } },
    { ...object("policy/v1", "PodDisruptionBudget", "api"), spec: { selector: { matchLabels: { app: "api" } }, minAvailable: 1 } },
  ],
  quotas: [
    { ...object("v1", "ResourceQuota", "small"), spec: { hard: { pods: "10" } }, status: { hard: { pods: "10" }, used: { pods: "9" } } },
  ],
  nodes: [
    {
      apiVersion: "v1",
      kind: "Node",
      metadata: meta("n1"),
      spec: { unschedulable: true },
      status: {
        conditions: [
          { type: "Ready", status: "True" },
          { type: "DiskPressure", status: "True" },
        ],
      },
    },
    { apiVersion: "v1", kind: "Node", metadata: meta("n2") },
  ],
  pods: [{ ...object("v1", "Pod", "web-1"), spec: { containers: [], nodeName: "n1" } }],
};
const all = <V extends KubeObject>(view: View<V>, objects: readonly KubeObject[]): V[] => objects.map((each) => cached(view, each));
const around: Surroundings = {
  services: all(CachedServices, raw.services),
  autoscalers: all(CachedAutoscalers, raw.autoscalers),
  budgets: all(CachedBudgets, raw.budgets),
  quotas: all(CachedQuotas, raw.quotas),
  nodes: all(CachedNodes, raw.nodes),
  pods: all(CachedPods, raw.pods),
};
const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

test("everything around a workload, each once, with what matters of it", () => {
  const lines = neighboursOf(target, template, around).map(({ relation, object: { kind, name }, detail }) =>
    [relation, kind, name, detail].filter((part) => part !== undefined).join(" "),
  );
  expect(lines).toEqual([
    "selectedBy Service web port 80 → 8080, 443",
    "scaledBy HorizontalPodAutoscaler web 1 to 5 replicas",
    "protectedBy PodDisruptionBudget all minAvailable 1, 2 disruptions allowed now",
    "protectedBy PodDisruptionBudget max maxUnavailable 50%, 0 disruptions allowed now",
    "limitedBy ResourceQuota small pods 9 of 10",
    "runsOn Node n1 ready, cordoned, DiskPressure",
    "mounts ConfigMap files",
    "mounts Secret certs",
    "mounts PersistentVolumeClaim data",
    "mounts ConfigMap ca",
    "mounts Secret token",
    "readsFrom ConfigMap first",
    "readsFrom ConfigMap settings",
    "readsFrom Secret login optional",
    "readsFrom Secret keys",
  ]);
});

test("a target without a template has only what concerns it by name or namespace", () => {
  expect(neighboursOf(target, undefined, { ...around, pods: [] }).map(({ relation }) => relation)).toEqual([
    "scaledBy",
    "protectedBy",
    "limitedBy",
  ]);
});

test("however crowded the namespace, the list is bounded", () => {
  const services = Array.from({ length: 80 }, (_, index) => ({
    ...object("v1", "Service", `s${index}`),
    spec: { selector: { app: "web" } },
  }));
  expect(neighboursOf(target, template, { ...around, services: all(CachedServices, services) })).toHaveLength(50);
});
