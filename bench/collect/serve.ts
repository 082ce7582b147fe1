// An embedded API server that holds a large, healthy cluster with one fault in it. Says its address on stdout and serves until it is killed.
import process from "node:process";
import type { Deployment } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { objects, podsOf } from "#test/evidence-sketch.ts";

const [podCount = 0, perWorkload = 10, perNamespace = 20] = process.argv.slice(2).map(Number);

/** About as large as pods are in practice: a sidecar, probes, mounts, a dozen variables. */
const container = (name: string, image: string): object => ({
  name,
  image,
  args: ["--listen", ":8080", "--upstream", "http://backend.platform.svc.cluster.local:80", "--log-level", "info"],
  env: Array.from({ length: 12 }, (_, at) => ({ name: `SETTING_${at}`, value: `a value of some length that is number ${at}` })),
  envFrom: [{ configMapRef: { name: "settings" } }],
  ports: [{ containerPort: 8080, name: "http" }],
  readinessProbe: { httpGet: { path: "/ready", port: "http" }, periodSeconds: 10 },
  livenessProbe: { httpGet: { path: "/live", port: "http" }, periodSeconds: 10 },
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
});

const workload = (at: number, namespace: string): KubeObject => {
  const labels = { app: `app-${at}`, "app.kubernetes.io/name": `app-${at}`, team: `team-${at % 7}` };
  const counts = { replicas: perWorkload, readyReplicas: perWorkload, updatedReplicas: perWorkload, availableReplicas: perWorkload };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `app-${at}`, namespace, labels, uid: `uid-app-${at}`, resourceVersion: "", creationTimestamp: "" },
    spec: {
      replicas: perWorkload,
      selector: { matchLabels: { app: `app-${at}` } },
      template: {
        metadata: { labels },
        spec: { containers: [container("web", `registry.example/app-${at}:1.4.2`), container("proxy", "registry.example/proxy:2.1.0")] },
      },
    },
    status: { observedGeneration: 1, ...counts },
  } as unknown as Deployment;
};

const broken = {
  status: {
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "False" },
    ],
    containerStatuses: ["web", "proxy"].map((name) => ({
      name,
      image: "registry.example/app",
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: "CreateContainerConfigError", message: 'configmap "settings" not found' } },
    })),
  },
};

const cluster = await startEmbeddedCluster();
const workloads = Math.ceil(podCount / perWorkload);
for (let at = 0; at < workloads; at += 1) {
  const namespace = `team-${Math.floor(at / perNamespace)}`;
  const isBroken = at === workloads - 1;
  if (at % perNamespace === 0 && !isBroken)
    cluster.put(...objects(`{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: ${namespace}}, data: {mode: fast}}`));
  const deployment = { ...workload(at, isBroken ? "broken" : namespace) };
  cluster.put(deployment, ...podsOf(deployment, ...Array.from({ length: perWorkload }, () => (isBroken ? broken : {}))));
}
console.log(JSON.stringify({ url: cluster.config.server, token: cluster.adminToken }));
