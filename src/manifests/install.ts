// Everything an installation consists of, in the order in which it has to be applied. Pure; `deploy/` is this with the defaults.
import { GROUP } from "#api/define-kind.ts";
import { kinds } from "#api/kinds/registry.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { admissionPolicies } from "#manifests/admission.ts";
import { DEPLOYMENT_NAME } from "#manifests/admission/pods.ts";
import { crdOf } from "#manifests/crd.ts";
import type { Manifest } from "#manifests/manifest.ts";
import { rbac, rbacOf } from "#manifests/rbac.ts";
import { actionRights, ownWriters } from "#manifests/rights.ts";
import { roles } from "#roles/registry.ts";
import { metricsPort } from "#runtime/process-ports.ts";
import type { Port } from "#runtime/role.ts";

export interface InstallOptions {
  readonly namespace: string;
  readonly image: string;
  /** The Secret, of type kubernetes.io/tls, with the Gateway's certificate. Default: plain HTTP. */
  readonly tlsSecret?: string | undefined;
  /** Which labels name an object, as `--label-order` of `kintsugi run`. */
  readonly labelOrder?: string | undefined;
  readonly watchEvents?: true | undefined;
  /** The Secret whose key `secrets` has the shared secrets of senders outside of the cluster, one a line. Default: senders need a token. */
  readonly senderSecret?: string | undefined;
  /** The PersistentVolumeClaim of the write-ahead log. Default: an emptyDir, which lasts as long as the pod. */
  readonly walClaim?: string | undefined;
  /** Opens the Gateway on every node too. */
  readonly nodePort?: number;
}

const labels = { "app.kubernetes.io/name": "kintsugi", "app.kubernetes.io/part-of": "kintsugi" };

export const crds = (): Manifest[] => kinds.map(crdOf);

export const namespaceManifest = (namespace: string): Manifest => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: namespace, labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" } },
});

/** Accounts and rights: the controllers', each action's, the senders' of alerts, and roles for people. */
export const rights = (namespace: string): Manifest[] => [
  ...[...ownWriters, ...actionRights()].flatMap((each) => rbacOf({ ...each, namespace })),
  ...peoplesRoles(),
];

/** Not bound to anybody: an administrator decides who looks, who approves, who sets policy. */
const peoplesRoles = (): Manifest[] => {
  const all = kinds.map((kind) => kind.plural);
  const read = { apiGroups: [GROUP], resources: all, verbs: ["get", "list", "watch"] };
  return [
    rbac("ClusterRole", { name: "kintsugi-viewer", labels: { "rbac.authorization.k8s.io/aggregate-to-view": "true" } }, { rules: [read] }),
    rbac(
      "ClusterRole",
      { name: "kintsugi-approver" },
      {
        rules: [
          read,
          { apiGroups: [GROUP], resources: ["aiapprovalrequests"], verbs: ["patch", "update"] },
          { apiGroups: [GROUP], resources: ["remediationrequests"], verbs: ["patch", "update"] },
        ],
      },
    ),
    rbac(
      "ClusterRole",
      { name: "kintsugi-operator" },
      { rules: [read, { apiGroups: [GROUP], resources: ["remediationrequests"], verbs: ["create", "patch", "update"] }] },
    ),
    rbac(
      "ClusterRole",
      { name: "kintsugi-policy-editor", labels: { "rbac.authorization.k8s.io/aggregate-to-admin": "true" } },
      { rules: [read, { apiGroups: [GROUP], resources: ["remediationpolicies"], verbs: ["create", "update", "patch", "delete"] }] },
    ),
  ];
};

/** 20,000 pods fit: `npm run bench -- memory`. */
export const memoryLimitMiB = 512;
/** What V8 may take of the limit for objects that stay. The rest is code, buffers, stacks, and objects that do not stay. */
const heapShare = 0.625;
/** Without it V8 chooses a limit of its own, which a large cluster reaches although the container has room. */
export const nodeOptions = `--max-old-space-size=${Math.round(memoryLimitMiB * heapShare)}`;

const ports: readonly Port[] = [...roles.flatMap((role) => role.ports), metricsPort];

const tlsFolder = "/etc/kintsugi/tls";
const secretFolder = "/etc/kintsugi/senders";
const walFolder = "/var/lib/kintsugi/wal";
/** Of an emptyDir: the kubelet evicts a pod that exceeds it, so the log has a little less. */
const walSize = { volume: "320Mi", log: "256Mi" };

interface Mounted {
  readonly volume: object;
  readonly mount: object;
  readonly args: readonly string[];
}

/** What the container is given to read and to write, each with the option that names it. */
const mounts = ({ tlsSecret, senderSecret, walClaim }: InstallOptions): Mounted[] => [
  {
    volume: {
      name: "wal",
      ...(walClaim === undefined ? { emptyDir: { sizeLimit: walSize.volume } } : { persistentVolumeClaim: { claimName: walClaim } }),
    },
    mount: { name: "wal", mountPath: walFolder },
    args: ["--wal-dir", walFolder, "--wal-size", walSize.log],
  },
  ...(tlsSecret === undefined
    ? []
    : [
        {
          volume: { name: "tls", secret: { secretName: tlsSecret } },
          mount: { name: "tls", mountPath: tlsFolder, readOnly: true },
          args: ["--tls-cert-file", `${tlsFolder}/tls.crt`, "--tls-key-file", `${tlsFolder}/tls.key`],
        },
      ]),
  ...(senderSecret === undefined
    ? []
    : [
        {
          volume: { name: "senders", secret: { secretName: senderSecret } },
          mount: { name: "senders", mountPath: secretFolder, readOnly: true },
          args: ["--sender-secret-file", `${secretFolder}/secrets`],
        },
      ]),
];

export const workload = (options: InstallOptions): Manifest[] => {
  const { namespace, image, nodePort, tlsSecret, walClaim } = options;
  const mounted = mounts(options);
  const plain = tlsSecret === undefined ? ["--plain-http"] : [];
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: DEPLOYMENT_NAME, namespace, labels },
      spec: {
        replicas: 1,
        // A second pod would wait for the lock of the first one's log.
        ...(walClaim === undefined ? {} : { strategy: { type: "Recreate" } }),
        selector: { matchLabels: { "app.kubernetes.io/name": "kintsugi" } },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: CONTROLLER_ACCOUNT,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65532,
              runAsGroup: 65532,
              fsGroup: 65532,
              seccompProfile: { type: "RuntimeDefault" },
            },
            terminationGracePeriodSeconds: 30,
            containers: [
              {
                name: "kintsugi",
                image,
                args: [
                  "run",
                  "all",
                  "--kintsugi-namespace",
                  namespace,
                  "--image",
                  image,
                  "--address",
                  "0.0.0.0",
                  ...plain,
                  ...mounted.flatMap(({ args }) => args),
                  ...signalArgs(options),
                ],
                env: [{ name: "NODE_OPTIONS", value: nodeOptions }],
                ports: ports.map(({ name, number }) => ({ name, containerPort: number })),
                readinessProbe: { httpGet: { path: "/readyz", port: metricsPort.name }, periodSeconds: 2 },
                livenessProbe: { httpGet: { path: "/healthz", port: metricsPort.name }, periodSeconds: 10, failureThreshold: 6 },
                resources: { requests: { cpu: "50m", memory: "128Mi" }, limits: { memory: `${memoryLimitMiB}Mi` } },
                securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
                volumeMounts: mounted.map(({ mount }) => mount),
              },
            ],
            volumes: mounted.map(({ volume }) => volume),
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kintsugi", namespace, labels },
      spec: {
        type: nodePort === undefined ? "ClusterIP" : "NodePort",
        selector: { "app.kubernetes.io/name": "kintsugi" },
        ports: ports.flatMap((port) => servicePorts(port, { tlsSecret, nodePort })),
      },
    },
  ];
};

const servicePorts = (port: Port, { tlsSecret, nodePort }: { tlsSecret: string | undefined; nodePort: number | undefined }): object[] => {
  const { name, number, secured } = port;
  // Plain ports are for the cluster only: a NodePort would open them to others.
  if (secured === undefined) return nodePort === undefined ? [{ name, port: number, targetPort: name }] : [];
  const offered = tlsSecret === undefined ? { name, port: secured.http } : { name: `${name}s`, port: secured.https };
  return [{ ...offered, targetPort: name, ...(nodePort === undefined ? {} : { nodePort }) }];
};

const signalArgs = ({ labelOrder, watchEvents }: Pick<InstallOptions, "labelOrder" | "watchEvents">): string[] => [
  ...(labelOrder === undefined ? [] : ["--label-order", labelOrder]),
  ...(watchEvents === undefined ? [] : ["--watch-events"]),
];

export const install = (options: InstallOptions): Manifest[] => [
  namespaceManifest(options.namespace),
  ...crds(),
  ...rights(options.namespace),
  ...admissionPolicies(options),
  ...workload(options),
];
