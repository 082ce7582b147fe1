// A workload that fails in a namespace full of ConfigMaps whose text is made to be slow to read.
import type { Kube } from "#kube/client.ts";
import { createUserActions } from "#scenarios/user-actions.ts";
import { pieces } from "#test/adversarial-text.ts";

export const hostileNamespace = "hostile";
export const hostileWorkload = "web";
const count = 160;
const bytes = 8 * 1024;

/** Every text of the adversarial tests, in turn. Each round differs, so that each is a change. */
export const hostileConfigMaps = (round: number): readonly object[] => {
  const texts = Object.values(pieces);
  return Array.from({ length: count }, (_, at) => {
    const piece = texts[at % texts.length] ?? "";
    const text = `# ${round}\n${piece.repeat(Math.ceil(bytes / piece.length))}`.slice(0, bytes);
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: configMapName(at), namespace: hostileNamespace },
      data: { file: text },
    };
  });
};
const configMapName = (at: number): string => `config-${at}`;

/** As its controllers and its kubelet would have written it. */
export const applyFailingWorkload = async (kube: Kube): Promise<void> => {
  const labels = { app: hostileWorkload };
  const mounts = Array.from({ length: count }, (_, at) => ({ name: `volume-${at}`, mountPath: `/etc/config-${at}` }));
  const spec = {
    containers: [{ name: "web", image: "example.test/web:1", volumeMounts: mounts }],
    volumes: mounts.map(({ name }, at) => ({ name, configMap: { name: configMapName(at) } })),
  };
  const template = { metadata: { labels }, spec };
  const terminated = { exitCode: 1, reason: "Error", finishedAt: new Date().toISOString() };
  const containerStatus = {
    ...{ name: "web", image: "example.test/web:1", imageID: "", ready: false, restartCount: 7 },
    state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 5m0s restarting failed container" } },
    lastState: { terminated },
  };
  const deployment = await put(kube, "/apis/apps/v1", "deployments", {
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: hostileWorkload, labels } },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
    status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, unavailableReplicas: 1 },
  });
  const set = await put(kube, "/apis/apps/v1", "replicasets", {
    ...{ apiVersion: "apps/v1", kind: "ReplicaSet" },
    metadata: {
      ...{ name: `${hostileWorkload}-1`, labels, ownerReferences: [ownedBy("Deployment", hostileWorkload, deployment)] },
      annotations: { "deployment.kubernetes.io/revision": "1" },
    },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
    status: { replicas: 1, observedGeneration: 1 },
  });
  await put(kube, "/api/v1", "pods", {
    ...{ apiVersion: "v1", kind: "Pod" },
    metadata: { name: `${hostileWorkload}-1-a`, labels, ownerReferences: [ownedBy("ReplicaSet", `${hostileWorkload}-1`, set)] },
    spec,
    status: { phase: "Running", containerStatuses: [containerStatus] },
  });
};

export const applyHostileConfigMaps = async (kube: Kube, round: number): Promise<void> => {
  const userActions = createUserActions({
    kube,
    as: () => {
      throw new Error("a person is not needed to write a ConfigMap");
    },
  });
  await userActions.apply(hostileConfigMaps(round));
};

const ownedBy = (kind: string, name: string, uid: string): object => ({ apiVersion: "apps/v1", kind, name, uid, controller: true });

type Written = Readonly<Record<string, unknown>> & {
  readonly metadata: { readonly name: string } & Readonly<Record<string, unknown>>;
  readonly status: object;
};
/** Answers with its uid. */
const put = async (kube: Kube, root: string, plural: string, object: Written): Promise<string> => {
  const path = `${root}/namespaces/${hostileNamespace}/${plural}`;
  const created = (await kube.request("POST", path, object)) as { metadata: { uid: string } };
  await kube.request("PUT", `${path}/${object.metadata.name}/status`, { ...created, status: object.status });
  return created.metadata.uid;
};
