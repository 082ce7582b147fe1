// Faults of pods, their creation and their nodes, as public reports describe them. Data, written before any rule for it.
import { crashed, failing, objects, podsOf, warning } from "#test/evidence-sketch.ts";
import {
  failingWorkload,
  type FurtherFault,
  healthy,
  podIn,
  refusedWorkload,
  unscheduledPod,
  waitingPod,
} from "#test/further-faults/sketch.ts";

const since = "2027-03-01T13:40:00Z";

const pullOf = (message: string) => {
  const all = failingWorkload(
    "web",
    waitingPod("web", "ImagePullBackOff", `Back-off pulling image "example.test/app:1": ErrImagePull: ${message}`),
  );
  return { objects: all, events: [warning(podIn(all), "Failed", `Failed to pull image "example.test/app:1": ${message}`)] };
};
const startOf = (reason: string, message: string, container: object = {}, more: object = {}) => {
  const all = failingWorkload("web", waitingPod("web", reason, message), container, more);
  return { objects: all, events: [warning(podIn(all), "Failed", `Error: ${message}`)] };
};
const sandboxOf = (message: string, more: object = {}) => {
  const all = failingWorkload("web", waitingPod("web", "ContainerCreating", ""), {}, more);
  return { objects: all, events: [warning(podIn(all), "FailedCreatePodSandBox", `Failed to create pod sandbox: ${message}`)] };
};
const scheduleOf = (message: string, container: object = {}, more: object = {}) => {
  const all = failingWorkload("web", unscheduledPod(message), container, more);
  return { objects: [...all, ...nodes], events: [warning(podIn(all), "FailedScheduling", message)] };
};
const rejected = (reason: string, message: string) => {
  const [workload, set, , ...rest] = failingWorkload("web", {});
  const pods = podsOf(workload!, {
    creationTimestamp: "2027-03-01T13:58:00Z",
    status: { phase: "Failed", reason, message, conditions: [], containerStatuses: [] },
  }).slice(1);
  return { objects: [workload!, set!, ...pods, ...rest, ...nodes], events: [warning(pods[0]!, reason, message)] };
};
const nodes = objects(`
apiVersion: v1
kind: Node
metadata: {name: node-a, labels: {kubernetes.io/hostname: node-a}}
spec: {}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}, {type: MemoryPressure, status: "False"}, {type: DiskPressure, status: "False"}]}
---
apiVersion: v1
kind: Node
metadata: {name: node-b, labels: {kubernetes.io/hostname: node-b}}
spec: {}
status: {allocatable: {cpu: "2", memory: 4Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}, {type: MemoryPressure, status: "False"}, {type: DiskPressure, status: "False"}]}
`);
const job = (status: string, spec = "") =>
  objects(`
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, labels: {app: migrate}}
spec: {backoffLimit: 2, ${spec} selector: {matchLabels: {app: migrate}}, template: {metadata: {labels: {app: migrate}}, spec: {restartPolicy: Never, containers: [{name: migrate, image: "example.test/app:1"}]}}}
status: ${status}
`)[0]!;
const failedJob = job(
  `{failed: 3, conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded, message: "Job has reached the specified backoff limit", lastTransitionTime: "${since}"}]}`,
);
const lateJob = job(
  `{failed: 1, conditions: [{type: Failed, status: "True", reason: DeadlineExceeded, message: "Job was active longer than specified deadline", lastTransitionTime: "${since}"}]}`,
  "activeDeadlineSeconds: 60,",
);
const jobPod = (name: string, exitCode: number) =>
  objects(`
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: migrate}, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: migrate, uid: uid-Job-shop-migrate, controller: true}]}
spec: {nodeName: node-a, containers: [{name: migrate, image: "example.test/app:1"}]}
status: {phase: Failed, conditions: [], containerStatuses: [{name: migrate, image: "example.test/app:1", ready: false, restartCount: 0, state: {terminated: {exitCode: ${exitCode}, reason: Error, startedAt: "2027-03-01T13:39:00Z", finishedAt: "2027-03-01T13:39:05Z"}}}]}
`)[0]!;
const probed = failingWorkload(
  "web",
  {
    status: {
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: "False", lastTransitionTime: since },
      ],
      containerStatuses: [
        {
          ...{ name: "web", image: "example.test/app:1", ready: false, restartCount: 6 },
          state: { running: { startedAt: "2027-03-01T13:59:40Z" } },
          lastState: {
            terminated: { exitCode: 137, reason: "Error", startedAt: "2027-03-01T13:59:05Z", finishedAt: "2027-03-01T13:59:39Z" },
          },
        },
      ],
    },
  },
  { livenessProbe: { httpGet: { path: "/healthz", port: 8080 }, initialDelaySeconds: 5, periodSeconds: 10, failureThreshold: 3 } },
);
const gated = failingWorkload(
  "web",
  {
    status: {
      conditions: [
        { type: "PodScheduled", status: "True" },
        { type: "ContainersReady", status: "True" },
        {
          ...{ type: "Ready", status: "False", reason: "ReadinessGatesNotReady", lastTransitionTime: since },
          message: 'corresponding condition of pod readiness gate "example.test/attached" does not exist.',
        },
      ],
    },
  },
  {},
  { pod: { readinessGates: [{ conditionType: "example.test/attached" }] } },
);
const hooked = failingWorkload("web", failing(crashed("web", 137, { reason: "Error" })), {
  lifecycle: { postStart: { exec: { command: ["/bin/register"] } } },
});
const evictedOf = (message: string) => rejected("Evicted", message);
const lostNode = objects(`
apiVersion: v1
kind: Node
metadata: {name: node-a}
spec: {taints: [{key: node.kubernetes.io/unreachable, effect: NoExecute}]}
status: {conditions: [{type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastTransitionTime: "${since}"}, {type: MemoryPressure, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status.}]}
`);
const initWaits = failingWorkload(
  "web",
  {
    status: {
      phase: "Pending",
      conditions: [
        { type: "PodScheduled", status: "True" },
        {
          type: "Initialized",
          status: "False",
          reason: "ContainersNotInitialized",
          message: "containers with incomplete status: [wait-for-db]",
          lastTransitionTime: since,
        },
        { type: "Ready", status: "False", lastTransitionTime: since },
      ],
      initContainerStatuses: [
        {
          name: "wait-for-db",
          image: "example.test/app:1",
          ready: false,
          restartCount: 0,
          state: { running: { startedAt: "2027-03-01T13:40:05Z" } },
        },
      ],
      containerStatuses: [
        { name: "web", image: "example.test/app:1", ready: false, restartCount: 0, state: { waiting: { reason: "PodInitializing" } } },
      ],
    },
  },
  {},
  {
    pod: {
      initContainers: [
        {
          name: "wait-for-db",
          image: "example.test/app:1",
          command: ["sh", "-c", "until nc -z db 5432; do echo waiting for db; sleep 2; done"],
        },
      ],
    },
  },
);

export const podsAndNodes: Readonly<Record<string, FurtherFault>> = {
  "an image tag that does not exist": {
    evidence: pullOf(
      'rpc error: code = NotFound desc = failed to pull and unpack image "example.test/app:1": failed to resolve reference "example.test/app:1": example.test/app:1: not found',
    ),
    objects: ["Deployment web"],
    says: "example.test/app:1",
    never: ["restart_workload", "scale_workload"],
  },
  "an image that is not built for the node": {
    evidence: pullOf(
      'rpc error: code = NotFound desc = failed to pull and unpack image "example.test/app:1": no match for platform in manifest: not found',
    ),
    objects: ["Deployment web"],
    says: "platform",
    never: ["restart_workload"],
  },
  "a registry that limits pulls": {
    evidence: pullOf(
      'failed to pull and unpack image "example.test/app:1": failed to copy: httpReadSeeker: failed open: unexpected status code https://example.test/v2/app/manifests/1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
    ),
    objects: ["Deployment web"],
    says: "429",
    never: ["rollback_deployment"],
  },
  "a Secret that does not exist": {
    evidence: startOf("CreateContainerConfigError", 'secret "payments" not found', { envFrom: [{ secretRef: { name: "payments" } }] }),
    objects: ["Deployment web", "Secret payments"],
    says: "payments",
  },
  "a key that a ConfigMap does not have": {
    evidence: ((): FurtherFault["evidence"] => {
      const start = startOf("CreateContainerConfigError", "couldn't find key url in ConfigMap shop/settings", {
        env: [{ name: "URL", valueFrom: { configMapKeyRef: { name: "settings", key: "url" } } }],
      });
      return {
        ...start,
        objects: [
          ...start.objects,
          ...objects('{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {base_url: "http://x"}}'),
        ],
      };
    })(),
    objects: ["Deployment web", "ConfigMap settings"],
    says: "url",
  },
  "a program for another processor": {
    evidence: {
      objects: failingWorkload("web", failing(crashed("web", 255))),
      logs: [
        {
          namespace: "shop",
          pod: "web-7d9c5b8f6-bx2z4",
          container: "web",
          run: "previous",
          text: "exec /usr/local/bin/app: exec format error",
        },
      ],
    },
    objects: ["Deployment web"],
    says: "another architecture",
  },
  "a command that the image does not have": {
    evidence: startOf(
      "RunContainerError",
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "gunicorm": executable file not found in $PATH',
      { command: ["gunicorm"] },
    ),
    objects: ["Deployment web"],
    says: "gunicorm",
  },
  "a seccomp profile that is not on the node": {
    evidence: startOf(
      "CreateContainerError",
      'failed to create containerd container: cannot load seccomp profile "/var/lib/kubelet/seccomp/audit.json": open /var/lib/kubelet/seccomp/audit.json: no such file or directory',
    ),
    objects: ["Deployment web"],
    says: "audit.json",
  },
  "a runtime class that the node does not have": {
    evidence: sandboxOf('rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "gvisor" is configured', {
      pod: { runtimeClassName: "gvisor" },
    }),
    objects: ["Deployment web", "RuntimeClass gvisor"],
    says: "gvisor",
  },
  "a pod network without free addresses": {
    evidence: sandboxOf(
      'rpc error: code = Unknown desc = failed to setup network for sandbox "0a1b": plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.1.0.1-10.1.0.254',
    ),
    objects: ["Node node-a", "Deployment web"],
    says: "no IP addresses available",
  },
  "a quota that is used up": {
    evidence: ((): FurtherFault["evidence"] => {
      const refused = refusedWorkload(
        "web",
        'pods "web-7d9c5b8f6-bx2z4" is forbidden: exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10',
      );
      const quota = objects(
        '{apiVersion: v1, kind: ResourceQuota, metadata: {name: team}, spec: {hard: {pods: "10"}}, status: {hard: {pods: "10"}, used: {pods: "10"}}}',
      );
      return { ...refused, objects: [...refused.objects, ...quota] };
    })(),
    objects: ["ResourceQuota team", "Deployment web"],
    says: "team",
  },
  "a limit above what the namespace allows": {
    evidence: ((): FurtherFault["evidence"] => {
      const refused = refusedWorkload(
        "web",
        'pods "web-7d9c5b8f6-bx2z4" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi',
        { resources: { limits: { memory: "1Gi" } } },
      );
      const range = objects(
        "{apiVersion: v1, kind: LimitRange, metadata: {name: bounds}, spec: {limits: [{type: Container, max: {memory: 512Mi}}]}}",
      );
      return { ...refused, objects: [...refused.objects, ...range] };
    })(),
    objects: ["Deployment web", "LimitRange bounds"],
    says: "512Mi",
  },
  "a pod that the namespace's security level forbids": {
    evidence: refusedWorkload(
      "web",
      'pods "web-7d9c5b8f6-bx2z4" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "web" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "web" must set securityContext.runAsNonRoot=true)',
    ),
    objects: ["Deployment web", "Namespace shop"],
    says: "restricted",
  },
  "a ServiceAccount that does not exist": {
    evidence: refusedWorkload(
      "web",
      'pods "web-7d9c5b8f6-" is forbidden: error looking up service account shop/web-runner: serviceaccount "web-runner" not found',
      {},
      { pod: { serviceAccountName: "web-runner" } },
    ),
    objects: ["Deployment web", "ServiceAccount web-runner"],
    says: "web-runner",
  },
  "a priority class that does not exist": {
    evidence: refusedWorkload(
      "web",
      'pods "web-7d9c5b8f6-" is forbidden: no PriorityClass with name high was found',
      {},
      { pod: { priorityClassName: "high" } },
    ),
    objects: ["Deployment web", "PriorityClass high"],
    says: "high",
  },
  "an admission webhook that nothing serves": {
    evidence: refusedWorkload(
      "web",
      'Internal error occurred: failed calling webhook "inject.mesh.example": failed to call webhook: Post "https://injector.mesh.svc:443/inject?timeout=10s": no endpoints available for service "injector"',
    ),
    objects: ["MutatingWebhookConfiguration inject.mesh.example", "Service injector", "Deployment web"],
    says: "injector",
    never: ["rollback_deployment"],
  },
  "no node with a GPU": {
    evidence: scheduleOf(
      "0/2 nodes are available: 2 Insufficient nvidia.com/gpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
      { resources: { limits: { "nvidia.com/gpu": "1" } } },
    ),
    objects: ["Deployment web"],
    says: "nvidia.com/gpu",
  },
  "a spread that the nodes cannot satisfy": {
    evidence: scheduleOf(
      "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label).",
      {},
      {
        pod: {
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: "topology.kubernetes.io/zone",
              whenUnsatisfiable: "DoNotSchedule",
              labelSelector: { matchLabels: { app: "web" } },
            },
          ],
        },
      },
    ),
    objects: ["Deployment web"],
    says: "topology.kubernetes.io/zone",
  },
  "a sysctl that the kubelet forbids": {
    evidence: rejected("SysctlForbidden", 'forbidden sysctl: "net.core.somaxconn" not allowlisted'),
    objects: ["Deployment web"],
    says: "net.core.somaxconn",
  },
  "a device that the kubelet cannot allocate": {
    evidence: rejected(
      "UnexpectedAdmissionError",
      "Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected",
    ),
    objects: ["Deployment web", "Node node-a"],
    says: "nvidia.com/gpu",
  },
  "a scratch volume above its limit": {
    evidence: evictedOf('Usage of EmptyDir volume "cache" exceeds the limit "64Mi". '),
    objects: ["Deployment web"],
    says: "64Mi",
  },
  "a node without disk": {
    evidence: evictedOf("The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 2Gi. "),
    objects: ["Node node-a", "Deployment web"],
    says: "ephemeral-storage",
  },
  "a node whose kubelet has gone silent": {
    evidence: {
      objects: [
        ...failingWorkload("web", {
          status: { conditions: [{ type: "Ready", status: "False", reason: "NodeNotReady", lastTransitionTime: since }] },
        }),
        ...lostNode,
      ],
    },
    objects: ["Node node-a"],
    says: "stopped posting",
  },
  "a Job that has failed too often": {
    evidence: {
      objects: [failedJob, jobPod("migrate-1", 3), jobPod("migrate-2", 3), jobPod("migrate-3", 3)],
      events: [warning(failedJob, "BackoffLimitExceeded", "Job has reached the specified backoff limit")],
      logs: [
        { namespace: "shop", pod: "migrate-3", container: "migrate", run: "current", text: 'ERROR: relation "orders" already exists' },
      ],
    },
    objects: ["Job migrate"],
    says: 'relation "orders" already exists',
  },
  "a Job that took longer than its deadline": {
    evidence: { objects: [lateJob], events: [warning(lateJob, "DeadlineExceeded", "Job was active longer than specified deadline")] },
    objects: ["Job migrate"],
    says: "60",
  },
  "a liveness probe that does not wait for a slow start": {
    evidence: {
      objects: probed,
      events: [
        warning(
          podIn(probed),
          "Unhealthy",
          'Liveness probe failed: Get "http://10.1.0.9:8080/healthz": dial tcp 10.1.0.9:8080: connect: connection refused',
          { count: 18 },
        ),
        { ...warning(podIn(probed), "Killing", "Container web failed liveness probe, will be restarted", { count: 6 }), type: "Normal" },
      ],
      logs: [
        {
          namespace: "shop",
          pod: "web-7d9c5b8f6-bx2z4",
          container: "web",
          run: "previous",
          text: "2027-03-01T13:59:05Z INFO loading model\n2027-03-01T13:59:35Z INFO loading model 62 %",
        },
      ],
    },
    objects: ["Deployment web"],
    says: "iveness probe",
  },
  "a readiness gate that nothing sets": {
    evidence: { objects: gated },
    objects: ["Deployment web"],
    says: "example.test/attached",
  },
  "a start hook that fails": {
    evidence: {
      objects: hooked,
      events: [
        warning(
          podIn(hooked),
          "FailedPostStartHook",
          "PostStartHook failed: command '/bin/register' exited with 1: registry.example refused the token",
        ),
      ],
    },
    objects: ["Deployment web"],
    says: "/bin/register",
  },
  "an init container that waits for a Service that does not exist": {
    evidence: {
      objects: initWaits,
      logs: [
        {
          namespace: "shop",
          pod: "web-7d9c5b8f6-bx2z4",
          container: "wait-for-db",
          run: "current",
          text: Array.from({ length: 30 }, () => "nc: bad address 'db'\nwaiting for db").join("\n"),
        },
      ],
    },
    objects: ["Deployment web", "Service db"],
    says: "db",
  },
  "two faults in one namespace": {
    evidence: ((): FurtherFault["evidence"] => {
      const first = pullOf(
        'rpc error: code = NotFound desc = failed to resolve reference "example.test/app:1": example.test/app:1: not found',
      );
      const other = failingWorkload("api", failing(crashed("api", 1)));
      return {
        objects: [...first.objects, ...other, ...healthy("db")],
        events: first.events,
        logs: [
          {
            namespace: "shop",
            pod: "api-7d9c5b8f6-bx2z4",
            container: "api",
            run: "previous",
            text: "FATAL: environment variable PAYMENTS_URL is not set",
          },
        ],
      };
    })(),
    objects: ["Deployment web", "Deployment api"],
    says: "",
  },
};
