// Metrics about pods and their containers, as internal/store/pod.go of kube-state-metrics makes them. Pure.
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import {
  type KindMetrics,
  type Row,
  type Rows,
  conditionsOf,
  oneOf,
  ownerRows,
  resourceRows,
  secondsAt,
  secondsOf,
  statusRows,
  truth,
} from "#embedded/monitoring/state-metrics.ts";

type Statuses = "containerStatuses" | "initContainerStatuses";

/** Rows of each container that has a status. */
const perContainer =
  (of: Statuses, rows: (status: JsonRecord) => readonly Row[] | number | undefined): Rows =>
  (pod) =>
    listOf(at(pod, "status", of)).flatMap((item): Row[] => {
      const status = recordOf(item);
      const found = rows(status);
      const list: readonly Row[] = typeof found === "number" ? [[found]] : (found ?? []);
      return list.map(([value, labels]) => [value, { container: textOf(status["name"]), ...labels }]);
    });

const reasonOf = (status: JsonRecord, ...path: string[]): Row[] => {
  const reason = textOf(at(status, ...path, "reason"));
  return reason === "" ? [] : [[1, { reason }]];
};

const containerMetrics = (prefix: string, of: Statuses): Record<string, Rows> => ({
  [`${prefix}_status_waiting`]: perContainer(of, (status) => truth(at(status, "state", "waiting") !== undefined)),
  [`${prefix}_status_waiting_reason`]: perContainer(of, (status) => reasonOf(status, "state", "waiting")),
  [`${prefix}_status_running`]: perContainer(of, (status) => truth(at(status, "state", "running") !== undefined)),
  [`${prefix}_status_terminated`]: perContainer(of, (status) => truth(at(status, "state", "terminated") !== undefined)),
  [`${prefix}_status_terminated_reason`]: perContainer(of, (status) => reasonOf(status, "state", "terminated")),
  [`${prefix}_status_last_terminated_reason`]: perContainer(of, (status) => reasonOf(status, "lastState", "terminated")),
  [`${prefix}_status_last_terminated_exitcode`]: perContainer(of, (status) => numberOf(at(status, "lastState", "terminated", "exitCode"))),
  [`${prefix}_status_last_terminated_timestamp`]: perContainer(of, (status) =>
    secondsOf(at(status, "lastState", "terminated", "finishedAt")),
  ),
  [`${prefix}_status_ready`]: perContainer(of, (status) => truth(status["ready"] === true)),
  [`${prefix}_status_restarts_total`]: perContainer(of, (status) => numberOf(status["restartCount"]) ?? 0),
  [`${prefix}_info`]: perContainer(of, (status) => [
    [1, { image: textOf(status["image"]), image_id: textOf(status["imageID"]), container_id: textOf(status["containerID"]) }],
  ]),
});

const resourcesOf =
  (kind: "requests" | "limits"): Rows =>
  (pod) =>
    listOf(at(pod, "spec", "containers")).flatMap((container) =>
      resourceRows(at(container, "resources", kind), {
        container: textOf(at(container, "name")),
        node: textOf(at(pod, "spec", "nodeName")),
      }),
    );

const conditionOf = (pod: Stored, type: string): JsonRecord | undefined =>
  conditionsOf(pod).find((condition) => condition["type"] === type);

const conditionStatus =
  (type: string): Rows =>
  (pod) => {
    const condition = conditionOf(pod, type);
    return condition === undefined ? [] : statusRows(condition["status"], "condition");
  };

const phases = ["Pending", "Succeeded", "Failed", "Unknown", "Running"];
const statusReasons = ["Evicted", "NodeAffinity", "NodeLost", "Shutdown", "UnexpectedAdmissionError"];

export const podMetrics: KindMetrics = {
  storageKey: "/pods",
  labels: ({ metadata: { namespace = "", name, uid } }) => ({ namespace, pod: name, uid }),
  metrics: {
    ...containerMetrics("kube_pod_container", "containerStatuses"),
    ...containerMetrics("kube_pod_init_container", "initContainerStatuses"),
    kube_pod_container_state_started: perContainer("containerStatuses", (status) =>
      secondsOf(at(status, "state", "running", "startedAt") ?? at(status, "state", "terminated", "startedAt")),
    ),
    kube_pod_container_resource_requests: resourcesOf("requests"),
    kube_pod_container_resource_limits: resourcesOf("limits"),
    kube_pod_info: (pod) => {
      const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
      const labels = {
        host_ip: textOf(at(pod, "status", "hostIP")),
        pod_ip: textOf(at(pod, "status", "podIP")),
        node: textOf(at(pod, "spec", "nodeName")),
        created_by_kind: owner?.kind ?? "",
        created_by_name: owner?.name ?? "",
        priority_class: textOf(at(pod, "spec", "priorityClassName")),
        host_network: String(at(pod, "spec", "hostNetwork") === true),
      };
      return [[1, labels]];
    },
    kube_pod_owner: ownerRows,
    kube_pod_created: secondsAt("metadata", "creationTimestamp"),
    kube_pod_deletion_timestamp: secondsAt("metadata", "deletionTimestamp"),
    kube_pod_start_time: secondsAt("status", "startTime"),
    kube_pod_status_phase: (pod) => oneOf(at(pod, "status", "phase"), phases, "phase"),
    kube_pod_status_reason: (pod) => statusReasons.map((reason) => [truth(at(pod, "status", "reason") === reason), { reason }]),
    kube_pod_status_ready: conditionStatus("Ready"),
    kube_pod_status_scheduled: conditionStatus("PodScheduled"),
    kube_pod_status_unschedulable: (pod) => {
      const condition = conditionOf(pod, "PodScheduled");
      return condition?.["status"] === "False" && condition["reason"] === "Unschedulable" ? 1 : undefined;
    },
    kube_pod_spec_volumes_persistentvolumeclaims_info: (pod) =>
      listOf(at(pod, "spec", "volumes")).flatMap((volume): Row[] => {
        const claim = textOf(at(volume, "persistentVolumeClaim", "claimName"));
        return claim === "" ? [] : [[1, { volume: textOf(at(volume, "name")), persistentvolumeclaim: claim }]];
      }),
  },
};
