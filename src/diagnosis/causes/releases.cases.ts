// Three cases for each cause in a workload's own template, image or configuration.
import type { ReplicaSet } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { containerStatus, crashed, deployment, failing, podsOf, warning } from "#test/evidence-sketch.ts";
import { one, says, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const web = deployment("web");
const crashing = failing(crashed("web", 1));

/** The pods of the workload are of revision 2; revision 1 had another image. */
const released = (pod: Parameters<typeof withPod>[1], minutesAgo: number): KubeObject[] => {
  const creationTimestamp = new Date(Date.parse("2027-03-01T14:00:00Z") - minutesAgo * 60_000).toISOString();
  const [set, made] = podsOf(web, { creationTimestamp, ...pod }) as [ReplicaSet, KubeObject];
  const revision = (of: string, name: string, created: string): ReplicaSet => ({
    ...set,
    metadata: {
      ...set.metadata,
      name,
      uid: `uid-${name}`,
      creationTimestamp: created,
      annotations: { "deployment.kubernetes.io/revision": of },
    },
  });
  const older = revision("1", "web-6c8d5f9b7", "2027-02-01T00:00:00Z");
  const before = { ...older.spec.template.spec, containers: [{ name: "web", image: "example.test/app:0" }] };
  return [
    web,
    revision("2", set.metadata.name, creationTimestamp),
    { ...older, spec: { ...older.spec, template: { ...older.spec.template, spec: before } } } as KubeObject,
    made,
  ];
};

const reading = deployment("web", { envFrom: [{ configMapRef: { name: "settings" } }] });
const settings = (edited: string): KubeObject =>
  one(
    `{ apiVersion: v1, kind: ConfigMap, metadata: { name: settings, creationTimestamp: "2027-02-01T00:00:00Z", managedFields: [{ manager: kubectl-edit, operation: Update, time: "${edited}", fieldsV1: { "f:data": {} } }] }, data: { level: info } }`,
  );
const restarted = { creationTimestamp: "2027-03-01T13:58:00Z", ...crashing };

const small = deployment("web", { resources: { limits: { memory: "32Mi" } } });
const outOfMemory = (ranSeconds: number): ReturnType<typeof failing> => failing(crashed("web", 137, { reason: "OOMKilled", ranSeconds }));

const pulling = (message: string): ReturnType<typeof failing> =>
  failing(containerStatus("web", { waiting: { reason: "ErrImagePull", message } }));
const lost = "dial tcp: lookup example.test on 10.2.0.10:53: no such host";
const denied = "failed to authorize: failed to fetch anonymous token: unexpected status: 403 Forbidden";
const saying = (pods: readonly KubeObject[], words: string) => ({
  objects: pods,
  events: [warning(pods.at(-1)!, "Failed", `Failed to pull image "example.test/app:1": ${words}`)],
});
const secretive = deployment("web", {}, { pod: { imagePullSecrets: [{ name: "pull" }] } });
const pullSecret = one("{ apiVersion: v1, kind: Secret, metadata: { name: pull }, type: kubernetes.io/dockerconfigjson }");

const unmade = (message: string): ReturnType<typeof failing> =>
  failing(containerStatus("web", { waiting: { reason: "CreateContainerConfigError", message } }));
const started = (message: string): ReturnType<typeof failing> => failing(crashed("web", 128, { reason: "StartError", message }));

const creating = { status: { phase: "Pending", conditions: [{ type: "Ready", status: "False" }], containerStatuses: [] } };
const sandbox = (pods: readonly KubeObject[]) => ({
  objects: pods,
  events: [
    warning(
      pods.at(-1)!,
      "FailedCreatePodSandBox",
      "Failed to create pod sandbox: runc create failed: container init was OOM-killed (memory limit too low?)",
    ),
  ],
});

const beside = (port: number): KubeObject =>
  deployment(
    "web",
    {},
    {
      pod: {
        containers: [
          { name: "web", image: "example.test/app:1", ports: [{ containerPort: 8080 }] },
          ...(port === 0 ? [] : [{ name: "proxy", image: "example.test/proxy:1", ports: [{ containerPort: port }] }]),
        ],
      },
    },
  );
const inUse = says("web", "listen tcp :8080: bind: address already in use", "previous");

const [db, first, second] = [
  one(
    '{ apiVersion: apps/v1, kind: StatefulSet, metadata: { name: db, generation: 2 }, spec: { replicas: 2, selector: { matchLabels: { app: db } }, template: { metadata: { labels: { app: db } }, spec: { containers: [{ name: db, image: "example.test/db:2" }] } } }, status: { observedGeneration: 2, replicas: 2, currentRevision: db-old, updateRevision: db-new } }',
  ),
  ...["old", "new"].map((name, index) =>
    one(
      `{ apiVersion: apps/v1, kind: ControllerRevision, metadata: { name: db-${name}, ownerReferences: [{ apiVersion: apps/v1, kind: StatefulSet, name: db, uid: uid-StatefulSet-shop-db }] }, revision: ${index + 1} }`,
    ),
  ),
] as [KubeObject, KubeObject, KubeObject];
/** Back at the template of before, which has a new number. */
const [corrected, bumped] = [
  { ...db, status: { observedGeneration: 3, replicas: 2, currentRevision: "db-old", updateRevision: "db-old" } },
  { ...first, revision: 3 },
] as unknown as [KubeObject, KubeObject];
const ofRevision = (name: string, pod: object = {}) => ({ labels: { app: "db", "controller-revision-hash": name }, ...pod });
const dbFails = failing(crashed("db", 1));

const paused = (updatedReplicas: number): KubeObject =>
  ({
    ...deployment("web", {}, { spec: { paused: true } }),
    status: { replicas: 1, updatedReplicas, conditions: [{ type: "Progressing", status: "Unknown", reason: "DeploymentPaused" }] },
  }) as KubeObject;

export const cases: CasesByCode = {
  ReleaseCrashes: {
    holds: { objects: released(crashing, 2) },
    neighbour: "ConfigEdited",
    contradicted: { objects: [...released(crashing, 2), ...podsOf(web, { name: "web-7d9c5b8f6-zx2z4", uid: "well" }).slice(1)] },
  },
  ConfigEdited: {
    holds: { objects: [...withPod(reading, restarted), settings("2027-03-01T13:57:00Z")] },
    neighbour: "ReleaseCrashes",
    contradicted: { objects: [...withPod(reading, restarted), settings("2027-03-01T13:59:50Z")] },
  },
  ImageUnpullable: {
    holds: { objects: withPod(web, pulling("example.test/app:1: not found")) },
    neighbour: "RegistryUnresolvable",
    contradicted: saying(withPod(web), "example.test/app:1: not found"),
  },
  RegistryUnresolvable: {
    holds: saying(withPod(web, pulling(lost)), lost),
    neighbour: "ImageUnpullable",
    contradicted: saying(withPod(web), lost),
  },
  PullSecretMissing: {
    holds: saying(withPod(web, pulling(denied)), denied),
    neighbour: "ImageUnpullable",
    contradicted: saying([pullSecret, ...withPod(secretive, pulling(denied))], denied),
  },
  MemoryLimitTooSmall: {
    holds: { objects: withPod(small, outOfMemory(2)) },
    neighbour: "MemoryLeak",
    contradicted: {
      objects: [
        ...withPod(small, outOfMemory(2)),
        one(
          '{ apiVersion: v1, kind: Node, metadata: { name: node-a }, status: { conditions: [{ type: MemoryPressure, status: "True" }] } }',
        ),
      ],
    },
  },
  MemoryLeak: {
    holds: { objects: withPod(small, outOfMemory(600)) },
    neighbour: "MemoryLimitTooSmall",
    contradicted: {
      objects: withPod(small, outOfMemory(2)),
      changes: [
        {
          object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
          at: "2027-03-01T13:20:00Z",
          by: "kubectl",
          field: "spec.template.spec.containers[web].resources.limits.memory",
          kind: "changed",
          before: "128Mi",
          after: "32Mi",
        },
      ],
    },
  },
  MemoryLimitBelowStart: {
    holds: sandbox(withPod(small, creating)),
    neighbour: "MemoryLimitTooSmall",
    contradicted: sandbox(withPod(small)),
  },
  ReferenceMissing: {
    holds: { objects: withPod(web, unmade('configmap "settings" not found')) },
    neighbour: "EntryPointMissing",
    contradicted: { objects: [...withPod(web, unmade('configmap "settings" not found')), settings("2027-03-01T13:57:00Z")] },
  },
  EntryPointMissing: {
    holds: { objects: withPod(web, started('runc create failed: exec: "serve": executable file not found in $PATH: unknown')) },
    neighbour: "ReferenceMissing",
    contradicted: { objects: withPod(web, started("failed to create shim task: context deadline exceeded")) },
  },
  ProgramFails: {
    holds: { objects: withPod(web, crashing), logs: [says("web", "fatal: cannot open ledger", "previous")] },
    neighbour: "PortConflict",
    contradicted: { objects: withPod(web, failing(crashed("web", 143))), logs: [says("web", "fatal: cannot open ledger", "previous")] },
  },
  PortConflict: {
    holds: { objects: withPod(beside(8080), crashing), logs: [inUse] },
    neighbour: "ProgramFails",
    contradicted: { objects: withPod(beside(0), crashing), logs: [inUse] },
  },
  FileSystemReadOnly: {
    holds: { objects: withPod(web, crashing), logs: [says("web", "open /data/queue.db: read-only file system", "previous")] },
    neighbour: "StorageExceeded",
    contradicted: { objects: withPod(web), logs: [says("web", "open /data/queue.db: read-only file system", "previous")] },
  },
  StorageExceeded: {
    holds: { objects: withPod(web, crashing), logs: [says("web", "write /data/queue.db: No space left on device", "previous")] },
    neighbour: "ProgramFails",
    contradicted: { objects: withPod(web), logs: [says("web", "write /data/queue.db: No space left on device", "previous")] },
  },
  SupersededPodStuck: {
    holds: { objects: [corrected, bumped, second, ...podsOf(db, ofRevision("db-old"), ofRevision("db-new", dbFails))] },
    neighbour: "UpdateStuck",
    contradicted: { objects: [corrected, bumped, second, ...podsOf(db, ofRevision("db-old", dbFails), ofRevision("db-new", dbFails))] },
  },
  UpdateStuck: {
    holds: { objects: [db, first, second, ...podsOf(db, ofRevision("db-old"), ofRevision("db-new", dbFails))] },
    neighbour: "ReleaseCrashes",
    contradicted: { objects: [db, first, second, ...podsOf(db, ofRevision("db-old", dbFails), ofRevision("db-new", dbFails))] },
  },
  RolloutPaused: {
    holds: { objects: withPod(paused(0)) },
    neighbour: "ReleaseCrashes",
    contradicted: { objects: withPod(paused(1)) },
  },
};
