import { describe, expect, test } from "vitest";
import type { PodTemplate } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import {
  CachedAutoscalers,
  CachedBudgets,
  CachedCronJobs,
  CachedDeployments,
  CachedIngresses,
  CachedJobs,
  CachedNodes,
  CachedPods,
  CachedQuotas,
  CachedServices,
  CachedStatefulSets,
} from "#cluster/cached-kinds.ts";
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
  ingresses: all(CachedIngresses, [
    {
      ...object("networking.k8s.io/v1", "Ingress", "front"),
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: "web" } } }, { backend: { service: { name: "ghost" } } }] } }] },
    } as KubeObject,
  ]),
  workloads: [],
  jobs: [],
};
const web = cached(CachedDeployments, {
  ...object("apps/v1", "Deployment", "web"),
  spec: { replicas: 3, template },
  status: { readyReplicas: 1 },
} as KubeObject);
const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

test("everything around a workload, each once, with what matters of it", () => {
  const lines = neighboursOf(target, web, around).map(({ relation, object: { kind, name }, detail }) =>
    [relation, kind, name, detail].filter((part) => part !== undefined).join(" "),
  );
  expect(lines).toEqual([
    "scaledBy HorizontalPodAutoscaler web 1 to 5 replicas",
    "limitedBy ResourceQuota small pods 9 of 10",
    "selectedBy Service web port 80 → 8080, 443",
    "routedBy Ingress front",
    "protectedBy PodDisruptionBudget all minAvailable 1, 2 disruptions allowed now",
    "protectedBy PodDisruptionBudget max maxUnavailable 50%, 0 disruptions allowed now",
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

test("a target that is gone has only what concerns it by name or namespace", () => {
  expect(neighboursOf(target, undefined, { ...around, pods: [] }).map(({ relation }) => relation)).toEqual(["scaledBy", "limitedBy"]);
});

describe("dependants and dependencies of every kind", () => {
  const database = cached(CachedStatefulSets, {
    ...object("apps/v1", "StatefulSet", "db"),
    spec: {
      template: { metadata: { labels: { app: "db" } }, spec: { containers: [] } },
      volumeClaimTemplates: [{ metadata: { name: "data" } }],
    },
  } as KubeObject);
  const report = cached(CachedCronJobs, {
    ...object("batch/v1", "CronJob", "report"),
    spec: {
      jobTemplate: { spec: { template: { spec: { containers: [{ name: "r", envFrom: [{ configMapRef: { name: "settings" } }] }] } } } },
    },
  } as KubeObject);
  const jobs = all(CachedJobs, [
    {
      ...object("batch/v1", "Job", "report-2"),
      status: { conditions: [{ type: "Failed", status: "True", reason: "DeadlineExceeded" }] },
    } as KubeObject,
    { ...object("batch/v1", "Job", "report-1"), status: { conditions: [{ type: "Complete", status: "True" }] } } as KubeObject,
    object("batch/v1", "Job", "report-3"),
  ]);
  const workloads = [web, database, report];
  const found = (kind: string, name: string, known: KubeObject | undefined, more: Partial<Surroundings> = {}): string[] =>
    neighboursOf({ apiVersion: known?.apiVersion ?? "v1", kind, namespace: "shop", name }, known, {
      ...around,
      quotas: [],
      workloads,
      pods: [],
      ...more,
    }).map(({ relation, object: { kind: other, name: otherName }, detail }) =>
      [relation, other, otherName, detail].filter((part) => part !== undefined).join(" "),
    );

  test.each<[string, string[], string[]]>([
    ["a Service", found("Service", "web", around.services[0]), ["routedBy Ingress front", "selects Deployment web 1 of 3 replicas ready"]],
    ["a Service without a selector", found("Service", "external", around.services[2]), []],
    [
      "an Ingress",
      found("Ingress", "front", around.ingresses[0]),
      ["routesTo Service web port 80 → 8080, 443", "routesTo Service ghost not found", "selects Deployment web 1 of 3 replicas ready"],
    ],
    ["an autoscaler", found("HorizontalPodAutoscaler", "web", around.autoscalers[0]), ["scales Deployment web 1 of 3 replicas ready"]],
    [
      "a budget of all pods, what lacks most first",
      found("PodDisruptionBudget", "all", around.budgets[0]),
      ["protects Deployment web 1 of 3 replicas ready", "protects StatefulSet db 0 of 1 replicas ready", "protects CronJob report"],
    ],
    [
      "a claim that a template names",
      found("PersistentVolumeClaim", "data", undefined),
      ["mountedBy Deployment web 1 of 3 replicas ready"],
    ],
    [
      "a claim of a StatefulSet",
      found("PersistentVolumeClaim", "data-db-0", undefined),
      ["mountedBy StatefulSet db 0 of 1 replicas ready"],
    ],
    ["a claim that only looks like one", found("PersistentVolumeClaim", "data-db-x", undefined), []],
    ["a ConfigMap", found("ConfigMap", "settings", undefined), ["readBy Deployment web 1 of 3 replicas ready", "readBy CronJob report"]],
    ["a ConfigMap of files", found("ConfigMap", "files", undefined), ["mountedBy Deployment web 1 of 3 replicas ready"]],
    ["a Secret", found("Secret", "keys", undefined), ["readBy Deployment web 1 of 3 replicas ready"]],
    [
      "a CronJob",
      found("CronJob", "report", report, { jobs }),
      [
        "protectedBy PodDisruptionBudget all minAvailable 1, 2 disruptions allowed now",
        "runs Job report-2 failed: DeadlineExceeded",
        "runs Job report-1 complete",
        "runs Job report-3 running",
        "readsFrom ConfigMap settings",
      ],
    ],
    ["a Node", found("Node", "n1", around.nodes[0], { workloads: [web] }), ["hosts Deployment web 1 of 3 replicas ready"]],
    [
      "a Namespace",
      found("Namespace", "shop", undefined, { quotas: around.quotas, workloads: [web] }),
      ["limitedBy ResourceQuota small pods 9 of 10", "contains Deployment web 1 of 3 replicas ready"],
    ],
    [
      "a quota",
      found("ResourceQuota", "small", around.quotas[0], { quotas: around.quotas, workloads: [web] }),
      ["limits Deployment web 1 of 3 replicas ready"],
    ],
    ["a custom kind", found("Rollout", "web", undefined), []],
  ])("%s", (_name, lines, expected) => {
    // A PodDisruptionBudget's selector {} matches templates without labels too.
    expect(lines).toEqual(expected);
  });
});

test("however crowded the namespace, the list is bounded", () => {
  const services = Array.from({ length: 80 }, (_, index) => ({
    ...object("v1", "Service", `s${index}`),
    spec: { selector: { app: "web" } },
  }));
  expect(neighboursOf(target, web, { ...around, services: all(CachedServices, services) })).toHaveLength(50);
});
