// A small cluster in memory, as the API server would show it at one moment: for tests of what is seen and concluded. Read only.
import type { Alert, Reference } from "#api/fields.ts";
import type {
  ConfigMap,
  Container,
  ContainerStatus,
  Deployment,
  Event,
  Node,
  Pod,
  PodTemplate,
  ReplicaSet,
  StatefulSet,
} from "#api/kubernetes.ts";
import { apiVersionOf, type KubeObject, type ResourceType } from "#api/object.ts";
import type { ClusterReader } from "#evidence/gather.ts";
import type { Kube } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";

/** "Now" of every scene; other times are seconds before it. */
export const sceneNow = Date.parse("2027-03-01T14:00:00Z");
export const ago = (seconds: number): string => new Date(sceneNow - seconds * 1000).toISOString().replace(".000Z", "Z");

export interface PodSketch {
  readonly name?: string;
  /** Seconds ago. */
  readonly created: number;
  readonly status: Partial<ContainerStatus>;
  readonly ready?: boolean;
  readonly node?: string;
  readonly deleting?: boolean;
}
export interface RevisionSketch {
  readonly revision: number;
  readonly hash: string;
  readonly released: number;
  /** A ReplicaSet that was used before. */
  readonly reused?: boolean;
  readonly container?: Partial<Container>;
  /** Beside the container web. */
  readonly others?: readonly Container[];
  readonly annotations?: Record<string, string>;
  readonly pods?: readonly PodSketch[];
}
export interface Scene {
  readonly replicas?: number;
  readonly revisions: readonly RevisionSketch[];
  readonly configMaps?: readonly ConfigMap[];
  readonly events?: readonly EventSketch[];
  readonly nodes?: readonly Node[];
  readonly logs?: Readonly<Record<string, string>>;
  readonly statefulSet?: true;
  /** Reads that fail, by the plural. */
  readonly unreadable?: readonly string[];
}
export interface EventSketch {
  readonly about: { readonly kind: string; readonly name: string };
  readonly type?: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly first: number;
  readonly last?: number;
  readonly count?: number;
}

export const namespace = "shop";
export const target: Reference = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "web" };
export const alert: Alert = {
  name: "KubePodCrashLooping",
  fingerprint: "a1b2c3d4e5f60718",
  severity: "critical",
  startsAt: ago(60),
  source: "prometheus",
  labels: { alertname: "KubePodCrashLooping", namespace, pod: "web-5d4f8c7b9-x2x7k" },
  annotations: { summary: "Pod shop/web-5d4f8c7b9-x2x7k restarts again and again." },
};

/** How containers look that run, die, or never start. Times in seconds ago. */
export const running = (since: number): Pick<PodSketch, "status" | "ready"> => ({
  ready: true,
  status: { ready: true, restartCount: 0, state: { running: { startedAt: ago(since) } } },
});
export const crashLoop = (end: {
  exit?: number;
  reason?: string;
  ran?: number;
  ended?: number;
  restarts?: number;
}): Pick<PodSketch, "status"> => {
  const { exit = 1, reason = "Error", ran = 1, ended = 20, restarts = 4 } = end;
  return {
    status: {
      ready: false,
      restartCount: restarts,
      state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container=web pod=web_shop" } },
      lastState: { terminated: { exitCode: exit, reason, startedAt: ago(ended + ran), finishedAt: ago(ended) } },
    },
  };
};
export const waiting = (reason: string, message: string): Pick<PodSketch, "status"> => ({
  status: { ready: false, restartCount: 0, state: { waiting: { reason, message } } },
});

const app = { app: "web" };
const baseContainer: Container = {
  name: "web",
  image: "registry.example/team/web:1.4.0",
  command: ["/bin/web"],
  args: ["--listen", ":8080"],
  env: [{ name: "LOG_LEVEL", value: "info" }],
  envFrom: [{ configMapRef: { name: "web-settings" } }],
  ports: [{ containerPort: 8080 }],
  resources: { requests: { memory: "64Mi" }, limits: { memory: "64Mi" } },
};

export const templateOf = ({ container, others = [], annotations, hash }: RevisionSketch): PodTemplate => ({
  metadata: { labels: { ...app, "pod-template-hash": hash }, ...(annotations === undefined ? {} : { annotations }) },
  spec: { containers: [{ ...baseContainer, ...container }, ...others], restartPolicy: "Always" },
});

export const configMap = (name: string, created: number, edited = created): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    ...meta(name, created),
    managedFields: [
      { manager: "kubectl-label", operation: "Update", time: ago(0), fieldsV1: { "f:metadata": {} } } as object,
      { manager: "kubectl-edit", operation: "Update", time: ago(edited), fieldsV1: { "f:data": { "f:settings": {} } } } as object,
    ],
  },
  data: { settings: "not looked at" },
});

export const node = (name: string, conditions: Record<string, string> = {}): Node => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, uid: `uid-${name}`, resourceVersion: "1", creationTimestamp: ago(100_000) },
  status: {
    conditions: Object.entries({ Ready: "True", MemoryPressure: "False", ...conditions }).map(([type, status]) => ({ type, status })),
  },
});

const meta = (name: string, created: number): KubeObject["metadata"] => ({
  name,
  namespace,
  uid: `uid-${name}`,
  resourceVersion: "1",
  generation: 1,
  creationTimestamp: ago(created),
});
const owned = (kind: string, name: string): KubeObject["metadata"]["ownerReferences"] => [
  { apiVersion: "apps/v1", kind, name, uid: `uid-${name}`, controller: true },
];

const podOf = (sketch: PodSketch, revision: RevisionSketch, scene: Scene, index: number): Pod => {
  const maker = scene.statefulSet ? "web" : `web-${revision.hash}`;
  const name = sketch.name ?? `${maker}-${scene.statefulSet ? index : `abcd${index}`}`;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...meta(name, sketch.created),
      labels: { ...app, "pod-template-hash": revision.hash },
      ownerReferences: owned(scene.statefulSet ? "StatefulSet" : "ReplicaSet", maker) ?? [],
      ...(sketch.deleting ? { deletionTimestamp: ago(5) } : {}),
    },
    spec: { ...templateOf(revision).spec, nodeName: sketch.node ?? "node-1" },
    status: {
      phase: "Running",
      startTime: ago(sketch.created),
      conditions: [
        { type: "Ready", status: sketch.ready ? "True" : "False", lastTransitionTime: ago(Math.max(0, sketch.created - 2)) },
        { type: "PodScheduled", status: "True" },
      ],
      containerStatuses: [
        { name: "web", image: templateOf(revision).spec.containers[0]?.image ?? "", ready: false, restartCount: 0, ...sketch.status },
      ],
    },
  };
};

const objectsOf = (scene: Scene) => {
  const revisions = scene.revisions.toSorted((a, b) => b.revision - a.revision);
  const current = revisions[0];
  if (current === undefined) throw new Error("a scene needs a revision");
  const pods = revisions.flatMap((revision) => (revision.pods ?? []).map((pod, index) => podOf(pod, revision, scene, index)));
  const readyOf = (revision: RevisionSketch): number => (revision.pods ?? []).filter((pod) => pod.ready && !pod.deleting).length;
  const ready = revisions.reduce((sum, revision) => sum + readyOf(revision), 0);
  const desired = scene.replicas ?? current.pods?.length ?? 0;
  const oldest = Math.max(...revisions.map(({ released }) => released));
  const status = {
    observedGeneration: 1,
    replicas: pods.filter((pod) => pod.metadata.deletionTimestamp === undefined).length,
    updatedReplicas: (current.pods ?? []).filter((pod) => !pod.deleting).length,
    readyReplicas: ready,
    availableReplicas: ready,
  };
  const template = templateOf(current);
  const { "pod-template-hash": _hash, ...labels } = template.metadata?.labels ?? {};
  const spec = { replicas: desired, selector: { matchLabels: app }, template: { ...template, metadata: { ...template.metadata, labels } } };
  const kind = scene.statefulSet ? "StatefulSet" : "Deployment";
  const workload = { apiVersion: "apps/v1", kind, metadata: { ...meta("web", oldest), labels: app }, spec, status } as
    | Deployment
    | StatefulSet;
  const replicaSets: ReplicaSet[] = scene.statefulSet
    ? []
    : revisions.map((revision) => ({
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        metadata: {
          ...meta(`web-${revision.hash}`, revision.reused ? oldest + 1000 : revision.released),
          labels: { ...app, "pod-template-hash": revision.hash },
          annotations: {
            "deployment.kubernetes.io/revision": String(revision.revision),
            ...(revision.reused ? { "deployment.kubernetes.io/revision-history": "1" } : {}),
          },
          ownerReferences: owned("Deployment", "web") ?? [],
        },
        spec: { replicas: revision.pods?.length ?? 0, selector: { matchLabels: app }, template: templateOf(revision) },
        status: { replicas: revision.pods?.length ?? 0, readyReplicas: readyOf(revision) },
      }));
  const events: Event[] = (scene.events ?? []).map(
    ({ about, type = "Warning", reason, message, first, last = first, count = 1 }, index) => ({
      apiVersion: "v1",
      kind: "Event",
      metadata: meta(`event-${index}`, first),
      involvedObject: { kind: about.kind, namespace, name: about.name, uid: `uid-${about.name}` },
      type,
      reason,
      message,
      count,
      firstTimestamp: ago(first),
      lastTimestamp: ago(last),
    }),
  );
  return { workload, pods, replicaSets, events };
};

/** Answers reads as the API server would; the requests are in `asked`. */
export const readerOf = (
  scene: Scene,
): ClusterReader & Pick<Kube, "list"> & { readonly asked: string[]; readonly objects: readonly KubeObject[] } => {
  const { workload, pods, replicaSets, events } = objectsOf(scene);
  const objects: readonly KubeObject[] = [
    workload,
    ...pods,
    ...replicaSets,
    ...events,
    ...(scene.configMaps ?? [configMap("web-settings", 90_000)]),
    ...(scene.nodes ?? [node("node-1")]),
  ];
  const asked: string[] = [];
  const ask = (doing: string, type: Pick<ResourceType, "plural">): void => {
    asked.push(doing);
    if (scene.unreadable?.includes(type.plural)) throw new Error(`${doing}: forbidden, password=hunter2`);
  };
  const isOf = <T extends KubeObject>(type: ResourceType<T>, object: KubeObject): object is T =>
    object.kind === type.kind && object.apiVersion === apiVersionOf(type);
  return {
    asked,
    objects,
    get: async <T extends KubeObject>(type: ResourceType<T>, key: { name: string }) => {
      ask(`get ${type.plural} ${key.name}`, type);
      return objects.find((object): object is T => isOf(type, object) && object.metadata.name === key.name);
    },
    list: async <T extends KubeObject>(type: ResourceType<T>) => {
      ask(`list ${type.plural}`, type);
      return objects.filter((object): object is T => isOf(type, object));
    },
    pages: async function* <T extends KubeObject>(type: ResourceType<T>) {
      ask(`list ${type.plural}`, type);
      const items = objects.filter((object): object is T => isOf(type, object));
      yield { items, isFirst: true, isLast: true, bytes: 0 };
    },
    request: async (_method, path) => {
      throw new KubeError({ doing: path, status: 404, reason: "NotFound", message: "not served" });
    },
    logs: async (pod, { container, previous }) => {
      ask(`log ${pod.name} ${container}${previous ? " previous" : ""}`, { plural: "pods/log" });
      return scene.logs?.[pod.name] ?? "";
    },
  };
};

// The scenes of the scenarios, each as the cluster shows it a minute or so after the fault.

const oldPods = [
  { created: 3600, ...running(3598) },
  { created: 3600, ...running(3598) },
];
const healthyRevision: RevisionSketch = { revision: 1, hash: "6c8d5f9b7", released: 3600 };
const backOff = (pod: string, first: number): EventSketch => ({
  about: { kind: "Pod", name: pod },
  reason: "BackOff",
  message: "Back-off restarting failed container web in pod",
  first,
  last: 10,
  count: 6,
});

const crashingPod = "web-5d4f8c7b9-abcd0";
export const crashAfterRelease: Scene = {
  replicas: 2,
  revisions: [
    { ...healthyRevision, pods: oldPods },
    {
      revision: 2,
      hash: "5d4f8c7b9",
      released: 90,
      container: { image: "registry.example/team/web:1.5.0", args: ["--listen", ":8080", "--strict"] },
      pods: [{ created: 90, ...crashLoop({}) }],
    },
  ],
  events: [backOff(crashingPod, 80)],
  logs: { [crashingPod]: "web 1.5.0 starting\nError: missing required environment variable PAYMENTS_URL" },
};

/** The ConfigMap was edited, the pods were deleted: the same alert as above. */
export const configEdited: Scene = {
  revisions: [
    {
      ...healthyRevision,
      pods: [
        { created: 60, ...crashLoop({ ended: 10 }) },
        { created: 60, ...crashLoop({ ended: 12 }) },
      ],
    },
  ],
  configMaps: [configMap("web-settings", 3700, 70)],
  events: [backOff("web-6c8d5f9b7-abcd0", 50)],
  logs: { "web-6c8d5f9b7-abcd0": 'web.conf:2: rounding: expected an integer, got "two"' },
};

export const outOfMemory: Scene = {
  revisions: [
    {
      revision: 1,
      hash: "6c8d5f9b7",
      released: 120,
      pods: [{ created: 120, ...crashLoop({ exit: 137, reason: "OOMKilled", ran: 2, restarts: 4 }) }],
    },
  ],
  configMaps: [configMap("web-settings", 122)],
  events: [backOff("web-6c8d5f9b7-abcd0", 100)],
};

export const notFoundMessage =
  'Failed to pull image "registry.example/team/web:1.50": rpc error: code = NotFound desc = failed to pull and unpack image "registry.example/team/web:1.50": failed to resolve reference "registry.example/team/web:1.50": registry.example/team/web:1.50: not found';
export const stuckRollout: Scene = {
  replicas: 2,
  revisions: [
    { ...healthyRevision, pods: oldPods },
    {
      revision: 2,
      hash: "5d4f8c7b9",
      released: 90,
      container: { image: "registry.example/team/web:1.50" },
      pods: [{ created: 90, ...waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/team/web:1.50"') }],
    },
  ],
  events: [{ about: { kind: "Pod", name: crashingPod }, reason: "Failed", message: notFoundMessage, first: 88, last: 20, count: 3 }],
};

export const healthy: Scene = { revisions: [{ ...healthyRevision, pods: oldPods }] };
