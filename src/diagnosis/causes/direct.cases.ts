// Three cases for each cause that shows in the objects as they are, without an earlier revision to compare with.
import type { ContainerStatus } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { containerStatus, crashed, deployment, failing, podsOf, warning } from "#test/evidence-sketch.ts";
import { one, says, service, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const web = deployment("web");
const waiting = (reason: string, message: string) => failing(containerStatus("web", { waiting: { reason, message } }));
const runAsRoot = "container has runAsNonRoot and image will run as root (pod: web, container: web)";
const ended = (state: ContainerStatus["state"], more: Partial<ContainerStatus> = {}) =>
  failing(containerStatus("web", state, { restartCount: 3, ...more }));
const killed = (reason: string, exitCode: number) =>
  ended(
    { waiting: { reason: "CrashLoopBackOff" } },
    { lastState: { terminated: { exitCode, reason, startedAt: "2027-03-01T13:58:00Z", finishedAt: "2027-03-01T13:59:00Z" } } },
  );

const rejected = (reason: string, created: string) => ({
  creationTimestamp: created,
  status: {
    phase: "Failed",
    reason,
    message: 'forbidden sysctl: "net.core.somaxconn" not allowlisted',
    conditions: [],
    containerStatuses: [],
  },
});
const gated = (set: string) => {
  const workload = deployment("web", {}, { pod: { readinessGates: [{ conditionType: "example.test/gate" }] } });
  return withPod(workload, {
    status: {
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "ContainersReady", status: "True" },
        { type: "Ready", status: "False" },
        ...(set === "" ? [] : [{ type: "example.test/gate", status: set }]),
      ],
    },
  });
};
const limited = (memory: string) => withPod(deployment("web", { resources: { limits: { memory } } }), waiting("ContainerCreating", ""));

const unscheduled = (message: string) => ({
  creationTimestamp: "2027-03-01T13:50:00Z",
  spec: { nodeName: undefined } as never,
  status: {
    phase: "Pending",
    conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message, lastTransitionTime: "2027-03-01T13:50:00Z" }],
    containerStatuses: [],
  },
});
const node = one("{ apiVersion: v1, kind: Node, metadata: { name: node-a, labels: { kubernetes.io/hostname: node-a } }, spec: {} }");
const hostPorts = (strategy: object) => {
  const workload = deployment("web", { ports: [{ containerPort: 80, hostPort: 8080 }] }, { spec: { strategy } });
  return [
    ...podsAnd(workload, {}, unscheduled("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.")),
    node,
  ];
};
const podsAnd = (workload: KubeObject, ...pods: Parameters<typeof podsOf>[1][]): KubeObject[] => [workload, ...podsOf(workload, ...pods)];
const spread = (key: string) => [
  ...podsAnd(
    deployment("web", {}, { pod: { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: key, whenUnsatisfiable: "DoNotSchedule" }] } }),
    unscheduled("0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints (missing required label)."),
  ),
  node,
];

const store = (strategy: string) =>
  deployment(
    "web",
    {},
    { pod: { volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] }, spec: { strategy: { type: strategy } } },
  );
const locked = (strategy: string): Partial<Evidence> => {
  const objects = podsAnd(store(strategy), failing(crashed("web", 1)), { creationTimestamp: "2027-03-01T12:00:00Z" });
  return {
    objects: [
      ...objects,
      one(
        "{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: { accessModes: [ReadWriteOnce] }, status: { phase: Bound } }",
      ),
    ],
    logs: [says("web", "opening storage failed: lock DB directory: resource temporarily unavailable", "previous")],
  };
};
const ending = (strategy: string) => {
  const workload = deployment(
    "web",
    { lifecycle: { preStop: { exec: { command: ["wait"] } } } },
    { pod: { terminationGracePeriodSeconds: 900 }, spec: { strategy: { type: strategy } } },
  );
  return podsAnd(workload, { deletionTimestamp: "2027-03-01T14:10:00Z" });
};

const external = (name: string): Partial<Evidence> => ({
  objects: [...withPod(web), service("db", `type: ExternalName, externalName: ${name}`)],
  logs: [says("web", "cannot reach db: getaddrinfo ENOTFOUND db")],
});
const serving = deployment("web", { ports: [{ containerPort: 80 }] });
const worker = (labels: object, port: number) => {
  const made = deployment("worker", { ports: [{ containerPort: port }] }) as KubeObject & {
    spec: { template: { metadata: { labels: object } }; selector: object };
  };
  return { ...made, spec: { ...made.spec, template: { ...made.spec.template, metadata: { labels } } } } as KubeObject;
};
const shared = (port: number): KubeObject[] => [
  ...withPod(serving),
  ...withPod(worker({ app: "web", role: "worker" }, port)),
  service("web", "selector: { app: web }, ports: [{ port: 80 }]"),
];

const stateful = (name: string): KubeObject[] => {
  const set = one(
    `{ apiVersion: apps/v1, kind: StatefulSet, metadata: { name: shard }, spec: { replicas: 1, serviceName: ${name}, selector: { matchLabels: { app: shard } }, template: { metadata: { labels: { app: shard } }, spec: { containers: [{ name: shard, image: "example.test/app:1" }] } } }, status: { replicas: 1 } }`,
  );
  return [...withPod(set), service("peers", "clusterIP: None, selector: { app: shard }, ports: [{ port: 80 }]")];
};
const scaler = (name: string, target: string) =>
  one(
    `{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: ${name} }, spec: { maxReplicas: 4, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${target} } }, status: { conditions: [{ type: ScalingActive, status: "False", reason: AmbiguousSelector, message: pods are controlled by multiple HPAs, lastTransitionTime: "2027-03-01T13:59:30Z" }] } }`,
  );
const linked = (links: boolean): Partial<Evidence> => {
  const workload = deployment("web", {}, { pod: { enableServiceLinks: links } });
  return {
    objects: [...withPod(workload, failing(crashed("web", 1))), service("redis", "selector: { app: redis }, ports: [{ port: 6379 }]")],
    logs: [says("web", "RangeError: REDIS_PORT is no number: tcp://10.2.0.9:6379", "previous")],
  };
};

const probing = (probe: object, message: string, log?: string): Partial<Evidence> => {
  const workload = deployment("web", { livenessProbe: { periodSeconds: 10, failureThreshold: 3, ...probe } });
  const objects = withPod(
    workload,
    failing(
      containerStatus(
        "web",
        { running: { startedAt: "2027-03-01T13:59:00Z" } },
        { restartCount: 6, lastState: { terminated: { exitCode: 137, finishedAt: "2027-03-01T13:58:59Z" } } },
      ),
    ),
  );
  const pod = objects.at(-1)!;
  return {
    objects,
    events: [
      warning(pod, "Unhealthy", `Liveness probe failed: ${message}`),
      warning(pod, "Killing", "Container web failed liveness probe, will be restarted"),
    ],
    ...(log === undefined ? {} : { logs: [says("web", log)] }),
  };
};

const range = one(
  "{ apiVersion: v1, kind: LimitRange, metadata: { name: defaults }, spec: { limits: [{ type: Container, default: { memory: 128Mi } }] } }",
);
const byRange = (own: object): KubeObject[] => {
  const workload = deployment("web", own);
  const [set, pod] = podsOf(workload, {
    annotations: { "kubernetes.io/limit-ranger": "LimitRanger plugin set: memory limit for container web" },
    spec: { containers: [{ name: "web", image: "example.test/app:1", resources: { limits: { memory: "128Mi" } } }] },
    ...killed("OOMKilled", 137),
  });
  return [workload, set!, pod!, range];
};
const scratch = (medium: string): Partial<Evidence> => {
  const workload = deployment(
    "web",
    { volumeMounts: [{ name: "scratch", mountPath: "/scratch" }], resources: { limits: { memory: "160Mi" } }, args: ["--dir", "/scratch"] },
    { pod: { volumes: [{ name: "scratch", emptyDir: { medium } }] } },
  );
  return { objects: withPod(workload, killed("OOMKilled", 137)), logs: [says("web", "writing segment 7 to /scratch", "previous")] };
};
const heap = (exit: string): Partial<Evidence> => ({
  objects: withPod(
    deployment("web", { env: [{ name: "NODE_OPTIONS", value: "--max-old-space-size=96" }], resources: { limits: { memory: "768Mi" } } }),
    killed(exit, 134),
  ),
  logs: [says("web", "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "previous")],
});

const claimed = (volumes: string): Partial<Evidence> => ({
  objects: [
    one(
      "{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data }, spec: { storageClassName: local, resources: { requests: { storage: 1Gi } } }, status: { phase: Pending } }",
    ),
    one("{ apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: { name: local }, provisioner: kubernetes.io/no-provisioner }"),
    ...(volumes === ""
      ? []
      : [
          one(
            `{ apiVersion: v1, kind: PersistentVolume, metadata: { name: pv }, spec: { storageClassName: local, capacity: { storage: 2Gi }, accessModes: [ReadWriteOnce], claimRef: { namespace: shop, name: data, uid: old } }, status: { phase: ${volumes} } }`,
          ),
        ]),
  ],
});
const hidden = (mountPath: string): KubeObject[] => {
  const workload = deployment(
    "web",
    { volumeMounts: [{ name: "scripts", mountPath }] },
    { pod: { volumes: [{ name: "scripts", configMap: { name: "scripts" } }] } },
  );
  const message =
    'failed to create containerd task: exec: "/usr/local/bin/node": stat /usr/local/bin/node: no such file or directory: unknown';
  return [
    ...withPod(workload, ended({ waiting: { reason: "RunContainerError", message } })),
    one("{ apiVersion: v1, kind: ConfigMap, metadata: { name: scripts }, data: { a.sh: x } }"),
  ];
};
const owned = (path: string): Partial<Evidence> => {
  const workload = deployment(
    "web",
    { volumeMounts: [{ name: "data", mountPath: "/data" }] },
    { pod: { securityContext: { runAsUser: 1000 }, volumes: [{ name: "data", hostPath: { path: "/srv" } }] } },
  );
  return {
    objects: withPod(workload, failing(crashed("web", 1))),
    logs: [says("web", `Error: EACCES: permission denied, open '${path}/x'`, "previous")],
  };
};
const load = one(
  "{ apiVersion: batch/v1, kind: Job, metadata: { name: load }, spec: { template: { metadata: { labels: { job: load } }, spec: { containers: [{ name: load }, { name: proxy }] } } }, status: { active: 1 } }",
);
const loading = (finishedAt: string): KubeObject[] => [
  load,
  ...podsOf(load, {
    status: {
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "False" },
      ],
      containerStatuses: [
        containerStatus("load", { terminated: { exitCode: 0, finishedAt } }),
        containerStatus("proxy", { running: { startedAt: "2027-03-01T13:00:00Z" } }, { ready: true }),
      ],
    },
  }),
];
const ordered = (...names: readonly string[]): Partial<Evidence> => {
  const inits = {
    migrate: { name: "migrate", image: "example.test/app:1" },
    proxy: { name: "proxy", image: "example.test/app:1", restartPolicy: "Always", ports: [{ containerPort: 5432 }] },
  };
  const workload = deployment("web", {}, { pod: { initContainers: names.map((name) => inits[name as keyof typeof inits]) } });
  return {
    objects: withPod(workload, {
      status: {
        phase: "Pending",
        conditions: [
          { type: "PodScheduled", status: "True" },
          { type: "Ready", status: "False" },
        ],
        initContainerStatuses: [crashed("migrate", 1)],
        containerStatuses: [],
      },
    }),
    logs: [{ ...says("web", "migrate: connect ECONNREFUSED 127.0.0.1:5432", "previous"), container: "migrate" }],
  };
};

export const cases: CasesByCode = {
  ContainerRefused: {
    holds: { objects: withPod(web, waiting("CreateContainerConfigError", runAsRoot)) },
    neighbour: "MemoryUnitWrong",
    contradicted: { objects: withPod(web, waiting("ContainerCreating", "")) },
  },
  MemoryUnitWrong: { holds: { objects: limited("400m") }, neighbour: "ContainerRefused", contradicted: { objects: limited("400Mi") } },
  PodRejected: {
    holds: {
      objects: [
        web,
        ...podsOf(web, rejected("SysctlForbidden", "2027-03-01T13:57:00Z"), rejected("SysctlForbidden", "2027-03-01T13:58:00Z")),
      ],
    },
    neighbour: "ContainerRefused",
    contradicted: { objects: [web, ...podsOf(web, rejected("SysctlForbidden", "2027-03-01T12:00:00Z"))] },
  },
  ReadinessGateUnset: { holds: { objects: gated("") }, neighbour: "ContainerRefused", contradicted: { objects: gated("True") } },
  HostPortsTaken: {
    holds: { objects: hostPorts({}) },
    neighbour: "TopologyKeyMissing",
    contradicted: { objects: [...podsAnd(deployment("web", { ports: [{ containerPort: 80, hostPort: 8080 }] }), {}), node] },
  },
  TopologyKeyMissing: {
    holds: { objects: spread("topology.kubernetes.io/zone") },
    neighbour: "HostPortsTaken",
    contradicted: { objects: spread("kubernetes.io/hostname") },
  },
  VolumeHeldByOldPod: { holds: locked("RollingUpdate"), neighbour: "OldPodDoesNotEnd", contradicted: locked("Recreate") },
  OldPodDoesNotEnd: {
    holds: { objects: ending("Recreate") },
    neighbour: "VolumeHeldByOldPod",
    contradicted: { objects: ending("RollingUpdate") },
  },
  ExternalNameIsAddress: { holds: external("10.77.0.12"), neighbour: "GoverningServiceMissing", contradicted: external("db.example.test") },
  ServiceSelectsOthers: {
    holds: { objects: shared(9000), logs: [says("worker", "GET http://web:80/ failed: connection refused")] },
    neighbour: "ExternalNameIsAddress",
    contradicted: { objects: shared(80) },
  },
  GoverningServiceMissing: {
    holds: { objects: stateful("shard-svc") },
    neighbour: "ServiceSelectsOthers",
    contradicted: { objects: stateful("peers") },
  },
  AutoscalersConflict: {
    holds: { objects: [web, scaler("a", "web"), scaler("b", "web")] },
    neighbour: "AutoscalerWithoutMetrics",
    contradicted: { objects: [web, scaler("a", "web"), scaler("b", "api")] },
  },
  ServiceLinkVariable: { holds: linked(true), neighbour: "ExternalNameIsAddress", contradicted: linked(false) },
  ProbeTimesOut: {
    holds: probing({ exec: { command: ["check"] } }, 'command "check" timed out'),
    neighbour: "HealthServiceMissing",
    contradicted: probing({ exec: { command: ["check"] } }, "exit status 1"),
  },
  ListensOnLoopback: {
    holds: probing({ tcpSocket: { port: 8080 } }, "dial tcp 10.1.0.3:8080: connect: connection refused", "listening on 127.0.0.1:8080"),
    neighbour: "ProbeTimesOut",
    contradicted: probing(
      { tcpSocket: { port: 8080 } },
      "dial tcp 10.1.0.3:8080: connect: connection refused",
      "listening on 0.0.0.0:8080",
    ),
  },
  HealthServiceMissing: {
    holds: probing({ grpc: { port: 8080 } }, "rpc error: code = Unimplemented desc = unknown service grpc.health.v1.Health"),
    neighbour: "ProbeTimesOut",
    contradicted: probing({ grpc: { port: 8080 } }, "service unhealthy (responded with NOT_SERVING)"),
  },
  LimitFromLimitRange: {
    holds: { objects: byRange({}) },
    neighbour: "TmpfsCountsAsMemory",
    contradicted: { objects: byRange({ resources: { limits: { memory: "128Mi" } } }) },
  },
  TmpfsCountsAsMemory: { holds: scratch("Memory"), neighbour: "LimitFromLimitRange", contradicted: scratch("") },
  HeapLimitReached: { holds: heap("Error"), neighbour: "TmpfsCountsAsMemory", contradicted: heap("OOMKilled") },
  VolumeReleased: { holds: claimed("Released"), neighbour: "VolumeOwnedByOther", contradicted: claimed("") },
  MountHidesProgram: {
    holds: { objects: hidden("/usr/local/bin") },
    neighbour: "ContainerRefused",
    contradicted: { objects: hidden("/scripts") },
  },
  VolumeOwnedByOther: { holds: owned("/data"), neighbour: "MountHidesProgram", contradicted: owned("/var") },
  JobKeptRunning: {
    holds: { objects: loading("2027-03-01T13:30:00Z") },
    neighbour: "JobFails",
    contradicted: { objects: loading("2027-03-01T13:59:50Z") },
  },
  InitBeforeSidecar: { holds: ordered("migrate", "proxy"), neighbour: "ContainerRefused", contradicted: ordered("proxy", "migrate") },
};
