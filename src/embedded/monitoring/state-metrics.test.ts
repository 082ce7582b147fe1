import { describe, expect, test } from "vitest";
import type { Stored } from "#embedded/json.ts";
import { isStateMetric, stateSamples } from "#embedded/monitoring/cluster-metrics.ts";

const meta = { namespace: "shop", name: "web", uid: "u1", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" };
const stored = (object: object, metadata: object = {}): Stored =>
  ({ apiVersion: "v1", kind: "Any", ...object, metadata: { ...meta, ...metadata } }) as unknown as Stored;

/** `{label="value"} 1`, without what every sample has. */
const shown = (name: string, object: Stored): string[] =>
  stateSamples(name, () => [object]).map(({ labels, value }) => {
    const { __name__: _name, job: _job, instance: _instance, namespace: _namespace, uid: _uid, ...rest } = labels;
    return `${Object.entries(rest)
      .map(([label, text]) => `${label}=${text}`)
      .join(" ")} ${value}`;
  });

const pod = stored(
  {
    spec: {
      nodeName: "n1",
      containers: [
        { name: "c", resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "32Mi", "nvidia.com/gpu": "1" } } },
      ],
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: "claim" } },
        { name: "tmp", emptyDir: {} },
      ],
    },
    status: {
      phase: "Running",
      podIP: "10.0.0.7",
      startTime: "2030-01-01T00:00:05Z",
      conditions: [
        { type: "Ready", status: "False" },
        { type: "PodScheduled", status: "False", reason: "Unschedulable" },
      ],
      containerStatuses: [
        {
          name: "c",
          image: "web:1",
          ready: false,
          restartCount: 3,
          state: { waiting: { reason: "CrashLoopBackOff" } },
          lastState: { terminated: { reason: "OOMKilled", exitCode: 137, finishedAt: "2030-01-01T00:01:00Z" } },
        },
      ],
      initContainerStatuses: [
        { name: "i", ready: true, restartCount: 0, state: { terminated: { reason: "Completed", startedAt: "2030-01-01T00:00:06Z" } } },
      ],
    },
  },
  { ownerReferences: [{ apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-1", uid: "o", controller: true }] },
);

const replicas = stored(
  {
    spec: { replicas: 3, strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } } },
    status: {
      observedGeneration: 2,
      replicas: 4,
      readyReplicas: 2,
      conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }],
      currentRevision: "web-a",
      updateRevision: "web-b",
    },
  },
  { generation: 2 },
);

const job = (status: object): Stored => stored({ spec: { completions: 1 }, status });
const failedJob = job({ failed: 2, conditions: [{ type: "Failed", status: "True", reason: "BackoffLimitExceeded" }] });

describe("as kube-state-metrics shows it", () => {
  test.each<[string, Stored, string[]]>([
    ["kube_pod_container_status_restarts_total", pod, ["pod=web container=c 3"]],
    ["kube_pod_container_status_ready", pod, ["pod=web container=c 0"]],
    ["kube_pod_container_status_waiting", pod, ["pod=web container=c 1"]],
    ["kube_pod_container_status_running", pod, ["pod=web container=c 0"]],
    ["kube_pod_container_status_waiting_reason", pod, ["pod=web container=c reason=CrashLoopBackOff 1"]],
    ["kube_pod_container_status_terminated_reason", pod, []],
    ["kube_pod_container_status_last_terminated_reason", pod, ["pod=web container=c reason=OOMKilled 1"]],
    ["kube_pod_container_status_last_terminated_exitcode", pod, ["pod=web container=c 137"]],
    ["kube_pod_container_status_last_terminated_timestamp", pod, ["pod=web container=c 1893456060"]],
    ["kube_pod_container_info", pod, ["pod=web container=c image=web:1 1"]],
    ["kube_pod_container_state_started", pod, []],
    ["kube_pod_init_container_status_terminated_reason", pod, ["pod=web container=i reason=Completed 1"]],
    ["kube_pod_init_container_status_waiting_reason", pod, []],
    [
      "kube_pod_container_resource_requests",
      pod,
      ["pod=web container=c node=n1 resource=cpu unit=core 0.01", "pod=web container=c node=n1 resource=memory unit=byte 16777216"],
    ],
    [
      "kube_pod_container_resource_limits",
      pod,
      [
        "pod=web container=c node=n1 resource=memory unit=byte 33554432",
        "pod=web container=c node=n1 resource=nvidia_com_gpu unit=integer 1",
      ],
    ],
    [
      "kube_pod_status_phase",
      pod,
      [
        "pod=web phase=Pending 0",
        "pod=web phase=Succeeded 0",
        "pod=web phase=Failed 0",
        "pod=web phase=Unknown 0",
        "pod=web phase=Running 1",
      ],
    ],
    ["kube_pod_status_ready", pod, ["pod=web condition=true 0", "pod=web condition=false 1", "pod=web condition=unknown 0"]],
    ["kube_pod_status_unschedulable", pod, ["pod=web 1"]],
    ["kube_pod_status_unschedulable", stored({ status: { conditions: [] } }), []],
    ["kube_pod_status_scheduled", stored({}), []],
    ["kube_pod_start_time", pod, ["pod=web 1893456005"]],
    ["kube_pod_deletion_timestamp", pod, []],
    ["kube_pod_owner", pod, ["pod=web owner_kind=ReplicaSet owner_name=web-1 owner_is_controller=true 1"]],
    ["kube_pod_owner", stored({}), ["pod=web 1"]],
    ["kube_pod_info", pod, ["pod=web pod_ip=10.0.0.7 node=n1 created_by_kind=ReplicaSet created_by_name=web-1 host_network=false 1"]],
    [
      "kube_pod_status_reason",
      stored({ status: { reason: "Evicted" } }),
      [
        "pod=web reason=Evicted 1",
        "pod=web reason=NodeAffinity 0",
        "pod=web reason=NodeLost 0",
        "pod=web reason=Shutdown 0",
        "pod=web reason=UnexpectedAdmissionError 0",
      ],
    ],
    ["kube_pod_spec_volumes_persistentvolumeclaims_info", pod, ["pod=web volume=data persistentvolumeclaim=claim 1"]],
    ["kube_deployment_spec_replicas", replicas, ["deployment=web 3"]],
    ["kube_deployment_status_replicas_available", replicas, ["deployment=web 0"]],
    ["kube_deployment_spec_paused", replicas, ["deployment=web 0"]],
    ["kube_deployment_spec_strategy_rollingupdate_max_surge", replicas, ["deployment=web 1"]],
    ["kube_deployment_spec_strategy_rollingupdate_max_unavailable", replicas, ["deployment=web 1"]],
    ["kube_deployment_metadata_generation", replicas, ["deployment=web 2"]],
    [
      "kube_deployment_status_condition",
      replicas,
      [
        "deployment=web condition=Progressing status=true 0",
        "deployment=web condition=Progressing status=false 1",
        "deployment=web condition=Progressing status=unknown 0",
      ],
    ],
    ["kube_replicaset_status_ready_replicas", replicas, ["replicaset=web 2"]],
    ["kube_statefulset_status_update_revision", replicas, ["statefulset=web revision=web-b 1"]],
    ["kube_statefulset_replicas", replicas, ["statefulset=web 3"]],
    ["kube_daemonset_status_number_ready", stored({ status: { numberReady: 2 } }), ["daemonset=web 2"]],
    ["kube_job_failed", failedJob, ["job_name=web condition=true 1", "job_name=web condition=false 0", "job_name=web condition=unknown 0"]],
    ["kube_job_complete", failedJob, []],
    [
      "kube_job_status_failed",
      failedJob,
      ["job_name=web reason=BackoffLimitExceeded 1", "job_name=web reason=DeadlineExceeded 0", "job_name=web reason=Evicted 0"],
    ],
    ["kube_job_status_failed", job({}), ["job_name=web 0"]],
    ["kube_job_status_failed", job({ failed: 1 }), ["job_name=web 1"]],
    ["kube_job_info", failedJob, ["job_name=web 1"]],
    ["kube_cronjob_status_active", stored({ status: { active: [{}, {}] } }), ["cronjob=web 2"]],
    [
      "kube_cronjob_info",
      stored({ spec: { schedule: "* * * * *", concurrencyPolicy: "Forbid" } }),
      ["cronjob=web schedule=* * * * * concurrency_policy=Forbid 1"],
    ],
    [
      "kube_horizontalpodautoscaler_info",
      stored({ spec: { scaleTargetRef: { kind: "Deployment", name: "web" } } }),
      ["horizontalpodautoscaler=web scaletargetref_kind=Deployment scaletargetref_name=web 1"],
    ],
    ["kube_horizontalpodautoscaler_spec_max_replicas", stored({ spec: { maxReplicas: 5 } }), ["horizontalpodautoscaler=web 5"]],
    [
      "kube_node_spec_taint",
      stored({ spec: { taints: [{ key: "k", value: "v", effect: "NoSchedule" }] } }),
      ["node=web key=k value=v effect=NoSchedule 1"],
    ],
    ["kube_node_spec_unschedulable", stored({ spec: { unschedulable: true } }), ["node=web 1"]],
    ["kube_node_info", stored({ status: { nodeInfo: { kubeletVersion: "v1.34.4" } } }), ["node=web kubelet_version=v1.34.4 1"]],
    [
      "kube_node_status_allocatable",
      stored({ status: { allocatable: { cpu: "2", pods: "110" } } }),
      ["node=web resource=cpu unit=core 2", "node=web resource=pods unit=integer 110"],
    ],
    [
      "kube_resourcequota",
      stored({ status: { hard: { pods: "2" }, used: { pods: "1" } } }),
      ["resourcequota=web resource=pods type=hard 2", "resourcequota=web resource=pods type=used 1"],
    ],
    [
      "kube_poddisruptionbudget_status_pod_disruptions_allowed",
      stored({ status: { disruptionsAllowed: 0 } }),
      ["poddisruptionbudget=web 0"],
    ],
    [
      "kube_persistentvolumeclaim_status_phase",
      stored({ status: { phase: "Pending" } }),
      ["persistentvolumeclaim=web phase=Lost 0", "persistentvolumeclaim=web phase=Bound 0", "persistentvolumeclaim=web phase=Pending 1"],
    ],
    ["kube_persistentvolumeclaim_info", stored({ spec: { storageClassName: "fast" } }), ["persistentvolumeclaim=web storageclass=fast 1"]],
    [
      "kube_persistentvolumeclaim_resource_requests_storage_bytes",
      stored({ spec: { resources: { requests: { storage: "1Gi" } } } }),
      ["persistentvolumeclaim=web 1073741824"],
    ],
    ["kube_persistentvolume_status_phase", stored({}), []],
    ["kube_service_info", stored({ spec: { clusterIP: "10.1.0.1" } }), ["service=web cluster_ip=10.1.0.1 1"]],
    ["kube_service_spec_type", stored({ spec: { type: "ClusterIP" } }), ["service=web type=ClusterIP 1"]],
    [
      "kube_endpoint_address",
      stored({ subsets: [{ addresses: [{ ip: "1.1.1.1" }], notReadyAddresses: [{ ip: "2.2.2.2" }] }] }),
      ["endpoint=web ip=1.1.1.1 ready=true 1", "endpoint=web ip=2.2.2.2 ready=false 1"],
    ],
    [
      "kube_endpointslice_endpoints",
      stored({ endpoints: [{ addresses: ["1.1.1.1"], conditions: { ready: false } }] }),
      ["endpointslice=web address=1.1.1.1 ready=false 1"],
    ],
    ["kube_endpointslice_info", stored({ addressType: "IPv4" }), ["endpointslice=web addresstype=IPv4 1"]],
    ["kube_namespace_created", stored({}, { namespace: undefined }), [" 1893456000"]],
  ])("%s", (name, object, rows) => expect(shown(name, object)).toEqual(rows));
});

test("a sample has its object's namespace and uid, and says who scraped it", () => {
  expect(stateSamples("kube_pod_created", () => [pod])[0]?.labels).toEqual({
    __name__: "kube_pod_created",
    namespace: "shop",
    pod: "web",
    uid: "u1",
    job: "kube-state-metrics",
    instance: "kube-state-metrics:8080",
  });
});

test("what it does not know has no samples, and can be asked for", () => {
  expect(stateSamples("up", () => [pod])).toEqual([]);
  expect([isStateMetric("up"), isStateMetric("kube_pod_created")]).toEqual([false, true]);
});
