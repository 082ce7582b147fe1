// Pods, ReplicaSets and Deployments as large as they are in practice: a sidecar, probes, mounts, dozens of variables, managedFields. About 11.5 KB a pod.
import type { Deployment, Pod, ReplicaSet } from "#api/kubernetes.ts";
import type { ObjectMeta } from "#api/object.ts";

export const podsOfSet = 10;
export const setsOfDeployment = 4;
const namespaces = 50;

const meta = (name: string, namespace: string, owner?: { kind: string; name: string }): ObjectMeta => ({
  name,
  namespace,
  uid: uidOf(name),
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: "2030-01-01T00:00:00Z",
  labels: { app: "a-service", "app.kubernetes.io/name": "a-service", "app.kubernetes.io/instance": name, "pod-template-hash": "7d8f9b5c4" },
  annotations: { "prometheus.io/scrape": "true", "checksum/config": "5f3a".repeat(16), "kubernetes.io/config.source": "api" },
  ...(owner === undefined
    ? {}
    : { ownerReferences: [{ apiVersion: "apps/v1", ...owner, uid: uidOf(owner.name), controller: true, blockOwnerDeletion: true }] }),
  managedFields: Array.from({ length: 2 }, (_, at) => ({
    manager: at === 0 ? "kube-controller-manager" : "kubelet",
    operation: "Update",
    time: "2030-01-01T00:00:00Z",
    fieldsV1: Object.fromEntries(Array.from({ length: 40 }, (_field, index) => [`f:fieldOfTheObject${index}`, { "f:inner": {} }])),
  })),
});
const uidOf = (name: string): string => `${name.padEnd(8, "0").slice(-8)}-0000-4000-8000-000000000000`;

const container = (name: string): Pod["spec"]["containers"][number] => ({
  name,
  image: `registry.example/platform/${name}:1.4.2`,
  args: ["--listen", ":8080", "--upstream", "http://backend.platform.svc.cluster.local:80", "--log-level", "info"],
  env: Array.from({ length: 22 }, (_, at) => ({ name: `SETTING_NUMBER_${at}`, value: `a value of some length that is number ${at}` })),
  envFrom: [{ configMapRef: { name: "settings" } }],
  ports: [{ containerPort: 8080, name: "http", protocol: "TCP" }],
  readinessProbe: { httpGet: { path: "/ready", port: "http", scheme: "HTTP" }, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 },
  livenessProbe: { httpGet: { path: "/live", port: "http", scheme: "HTTP" }, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 },
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
  volumeMounts: Array.from({ length: 4 }, (_, at) => ({ name: `volume-${at}`, mountPath: `/etc/service/volume-${at}`, readOnly: true })),
});
const spec = (): Pod["spec"] => ({
  containers: [container("web"), container("proxy")],
  volumes: Array.from({ length: 4 }, (_, at) => ({ name: `volume-${at}`, configMap: { name: `settings-${at}`, defaultMode: 420 } })),
  serviceAccountName: "default",
  restartPolicy: "Always",
  schedulerName: "default-scheduler",
  tolerations: [{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 }],
});

const setName = (pod: number): string => `app-${Math.floor(pod / podsOfSet)}-7d8f9b5c4`;
const namespaceOf = (pod: number): string => `team-${Math.floor(pod / podsOfSet) % namespaces}`;

export const largePod = (index: number): Pod => {
  const conditions = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].map((type) => ({
    type,
    status: "True",
    lastTransitionTime: "2030-01-01T00:00:00Z",
  }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: meta(`${setName(index)}-${index}`, namespaceOf(index), { kind: "ReplicaSet", name: setName(index) }),
    spec: { ...spec(), nodeName: `node-${index % 200}.region-1.example` },
    status: {
      phase: "Running",
      conditions,
      podIP: "10.1.2.3",
      startTime: "2030-01-01T00:00:00Z",
      containerStatuses: ["web", "proxy"].map((name) => ({
        name,
        image: `registry.example/platform/${name}:1.4.2`,
        imageID: `registry.example/platform/${name}@sha256:${"0".repeat(64)}`,
        containerID: `containerd://${"0".repeat(64)}`,
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: "2030-01-01T00:00:00Z" } },
        lastState: {},
      })),
    },
  };
};

/** Of the pods of one set: the running one and the older revisions that are kept. */
export const largeSets = (podIndex: number): ReplicaSet[] =>
  Array.from({ length: setsOfDeployment }, (_, at) => {
    const name = at === 0 ? setName(podIndex) : `${setName(podIndex)}${at}`;
    const deployment = setName(podIndex).replace(/-7d8f9b5c4$/, "");
    const counts = at === 0 ? podsOfSet : 0;
    return {
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      metadata: {
        ...meta(name, namespaceOf(podIndex), { kind: "Deployment", name: deployment }),
        annotations: { "deployment.kubernetes.io/revision": String(setsOfDeployment - at) },
      },
      spec: { replicas: counts, selector: {}, template: { spec: spec() } },
      status: { replicas: counts, readyReplicas: counts, availableReplicas: counts, observedGeneration: 1 },
    };
  });

export const largeDeployment = (podIndex: number): Deployment => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: meta(setName(podIndex).replace(/-7d8f9b5c4$/, ""), namespaceOf(podIndex)),
  spec: { replicas: podsOfSet, selector: {}, template: { spec: spec() } },
  status: {
    observedGeneration: 1,
    replicas: podsOfSet,
    updatedReplicas: podsOfSet,
    readyReplicas: podsOfSet,
    availableReplicas: podsOfSet,
  },
});
