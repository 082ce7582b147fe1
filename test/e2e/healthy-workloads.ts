// Twenty workloads that run well, as varied as the faults: what `kintsugi diagnose` must have nothing to say about, in rollouts, drains and jobs.
import { object, ready, serve, service, together, workload } from "#scenarios/faults/manifest-sketch.ts";

export interface Healthy {
  readonly name: string;
  readonly manifests: string;
}

const image = "testbed.local/busybox:1";
const script = (text: string): object => ({ containers: [{ name: "run", image, command: ["sh", "-c", text] }] });
const slowStart = `echo "warming up"; sleep 4; ${serve("ready on :8080")}`;

export const healthyWorkloads: readonly Healthy[] = [
  {
    name: "front",
    manifests: together(
      workload("front", { replicas: 3, container: ready("http") }),
      service("front", { selector: { app: "front" }, ports: [{ port: 80, targetPort: "http" }] }),
    ),
  },
  { name: "slow", manifests: workload("slow", { replicas: 2, run: slowStart, container: ready("http") }) },
  {
    name: "db",
    manifests: together(
      service("db", { clusterIP: "None", selector: { app: "db" }, ports: [{ port: 8080 }] }),
      workload("db", { kind: "StatefulSet", replicas: 2, container: ready("http") }),
    ),
  },
  {
    name: "agent",
    manifests: JSON.stringify({
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent" },
      spec: {
        selector: { matchLabels: { app: "agent" } },
        template: {
          metadata: { labels: { app: "agent" } },
          spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "agent", image, command: ["sh", "-c", "sleep 3600"] }] },
        },
      },
    }),
  },
  {
    name: "once",
    manifests: object("batch/v1", "Job", "once", { spec: { template: { spec: { restartPolicy: "Never", ...script("echo done") } } } }),
  },
  // Its first pod fails: within its backoff limit that is how Jobs work.
  {
    name: "retry",
    manifests: object("batch/v1", "Job", "retry", {
      spec: {
        backoffLimit: 4,
        completions: 3,
        parallelism: 2,
        template: { spec: { restartPolicy: "Never", ...script("sleep 2; echo part done") } },
      },
    }),
  },
  {
    name: "cron",
    manifests: object("batch/v1", "CronJob", "cron", {
      spec: { schedule: "*/1 * * * *", jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", ...script("echo tick") } } } } },
    }),
  },
  {
    name: "paused-cron",
    manifests: object("batch/v1", "CronJob", "yearly", {
      spec: {
        schedule: "0 0 1 1 *",
        suspend: true,
        jobTemplate: { spec: { template: { spec: { restartPolicy: "Never", ...script("echo tick") } } } },
      },
    }),
  },
  { name: "zero", manifests: workload("zero", { replicas: 0 }) },
  {
    name: "budget",
    manifests: together(
      workload("budget", { replicas: 2, container: ready("http") }),
      object("policy/v1", "PodDisruptionBudget", "budget", { spec: { maxUnavailable: 1, selector: { matchLabels: { app: "budget" } } } }),
    ),
  },
  {
    name: "quota",
    manifests: together(object("v1", "ResourceQuota", "team", { spec: { hard: { pods: "4" } } }), workload("quota", { replicas: 2 })),
  },
  {
    name: "config",
    manifests: together(
      object("v1", "ConfigMap", "config", { data: { mode: "fast" } }),
      workload("config", { container: { envFrom: [{ configMapRef: { name: "config" } }] } }),
    ),
  },
  {
    name: "secret",
    manifests: together(
      object("v1", "Secret", "api", { stringData: { token: "not-a-real-token" } }),
      workload("secret", { container: { env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "api", key: "token" } } }] } }),
    ),
  },
  {
    name: "optional",
    manifests: workload("optional", { container: { envFrom: [{ configMapRef: { name: "not-there", optional: true } }] } }),
  },
  {
    name: "init",
    manifests: workload("init", { pod: { initContainers: [{ name: "prepare", image, command: ["sh", "-c", "sleep 1"] }] } }),
  },
  {
    name: "headless",
    manifests: together(workload("headless"), service("headless", { clusterIP: "None", selector: { app: "headless" } })),
  },
  { name: "external", manifests: service("external", { type: "ExternalName", externalName: "db.example.test" }) },
  {
    name: "account",
    manifests: together(object("v1", "ServiceAccount", "worker", {}), workload("account", { pod: { serviceAccountName: "worker" } })),
  },
  {
    name: "spread",
    manifests: workload("spread", {
      replicas: 2,
      pod: {
        affinity: {
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: { labelSelector: { matchLabels: { app: "spread" } }, topologyKey: "kubernetes.io/hostname" } },
            ],
          },
        },
      },
    }),
  },
  {
    name: "talkative",
    manifests: workload("talkative", {
      run: `while true; do echo "WARN cache miss for key user:42, falling back"; echo "0 errors, 0 failures"; sleep 5; done`,
    }),
  },
];
