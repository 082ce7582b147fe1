// Metrics about what owns pods, as kube-state-metrics makes them. Pure.
import { at, numberOf, recordOf, textOf } from "#embedded/json.ts";
import {
  type KindMetrics,
  type Row,
  type Rows,
  conditionRows,
  conditionsOf,
  namedLabels,
  numberAt,
  ownerRows,
  secondsAt,
  statusRows,
  truth,
} from "#embedded/monitoring/state-metrics.ts";

const status = (field: string): Rows => numberAt(["status", field], 0);
const created = secondsAt("metadata", "creationTimestamp");
const generation = numberAt(["metadata", "generation"], 0);

/** Whole numbers and percentages of the replicas. */
const scaled =
  (field: string, round: (value: number) => number): Rows =>
  (deployment) => {
    const value = at(deployment, "spec", "strategy", "rollingUpdate", field);
    const replicas = numberOf(at(deployment, "spec", "replicas")) ?? 1;
    return typeof value === "string" && value.endsWith("%") ? round((Number.parseInt(value, 10) * replicas) / 100) : numberOf(value);
  };

const deployments: KindMetrics = {
  storageKey: "apps/deployments",
  labels: namedLabels("deployment"),
  metrics: {
    kube_deployment_created: created,
    kube_deployment_spec_replicas: numberAt(["spec", "replicas"], 1),
    kube_deployment_spec_paused: (object) => truth(at(object, "spec", "paused") === true),
    kube_deployment_spec_strategy_rollingupdate_max_unavailable: scaled("maxUnavailable", Math.floor),
    kube_deployment_spec_strategy_rollingupdate_max_surge: scaled("maxSurge", Math.ceil),
    kube_deployment_metadata_generation: generation,
    kube_deployment_status_observed_generation: status("observedGeneration"),
    kube_deployment_status_replicas: status("replicas"),
    kube_deployment_status_replicas_ready: status("readyReplicas"),
    kube_deployment_status_replicas_available: status("availableReplicas"),
    kube_deployment_status_replicas_unavailable: status("unavailableReplicas"),
    kube_deployment_status_replicas_updated: status("updatedReplicas"),
    kube_deployment_status_condition: conditionRows,
  },
};

const replicaSets: KindMetrics = {
  storageKey: "apps/replicasets",
  labels: namedLabels("replicaset"),
  metrics: {
    kube_replicaset_created: created,
    kube_replicaset_owner: ownerRows,
    kube_replicaset_spec_replicas: numberAt(["spec", "replicas"], 1),
    kube_replicaset_metadata_generation: generation,
    kube_replicaset_status_observed_generation: status("observedGeneration"),
    kube_replicaset_status_replicas: status("replicas"),
    kube_replicaset_status_ready_replicas: status("readyReplicas"),
    kube_replicaset_status_fully_labeled_replicas: status("fullyLabeledReplicas"),
  },
};

const revision =
  (field: string): Rows =>
  (object) => [[1, { revision: textOf(at(object, "status", field)) }]];

const statefulSets: KindMetrics = {
  storageKey: "apps/statefulsets",
  labels: namedLabels("statefulset"),
  metrics: {
    kube_statefulset_created: created,
    kube_statefulset_replicas: numberAt(["spec", "replicas"], 1),
    kube_statefulset_metadata_generation: generation,
    kube_statefulset_status_observed_generation: status("observedGeneration"),
    kube_statefulset_status_replicas: status("replicas"),
    kube_statefulset_status_replicas_ready: status("readyReplicas"),
    kube_statefulset_status_replicas_available: status("availableReplicas"),
    kube_statefulset_status_replicas_current: status("currentReplicas"),
    kube_statefulset_status_replicas_updated: status("updatedReplicas"),
    kube_statefulset_status_current_revision: revision("currentRevision"),
    kube_statefulset_status_update_revision: revision("updateRevision"),
  },
};

const daemonSets: KindMetrics = {
  storageKey: "apps/daemonsets",
  labels: namedLabels("daemonset"),
  metrics: {
    kube_daemonset_created: created,
    kube_daemonset_metadata_generation: generation,
    kube_daemonset_status_observed_generation: status("observedGeneration"),
    kube_daemonset_status_current_number_scheduled: status("currentNumberScheduled"),
    kube_daemonset_status_desired_number_scheduled: status("desiredNumberScheduled"),
    kube_daemonset_status_number_available: status("numberAvailable"),
    kube_daemonset_status_number_misscheduled: status("numberMisscheduled"),
    kube_daemonset_status_number_ready: status("numberReady"),
    kube_daemonset_status_number_unavailable: status("numberUnavailable"),
    kube_daemonset_status_updated_number_scheduled: status("updatedNumberScheduled"),
  },
};

const jobCondition =
  (type: string): Rows =>
  (job) =>
    conditionsOf(job)
      .filter((condition) => condition["type"] === type)
      .flatMap((condition) => statusRows(condition["status"], "condition"));

const jobFailureReasons = ["BackoffLimitExceeded", "DeadlineExceeded", "Evicted"];

const jobs: KindMetrics = {
  storageKey: "batch/jobs",
  labels: namedLabels("job_name"),
  metrics: {
    kube_job_info: () => 1,
    kube_job_created: created,
    kube_job_owner: ownerRows,
    kube_job_spec_completions: numberAt(["spec", "completions"]),
    kube_job_spec_parallelism: numberAt(["spec", "parallelism"]),
    kube_job_spec_active_deadline_seconds: numberAt(["spec", "activeDeadlineSeconds"]),
    kube_job_status_active: status("active"),
    kube_job_status_succeeded: status("succeeded"),
    // Once it has failed: 1 at the reason, or how many pods failed where there is no known one.
    kube_job_status_failed: (job) => {
      const failed = numberOf(at(job, "status", "failed")) ?? 0;
      if (failed === 0) return 0;
      const reason = textOf(conditionsOf(job).find((condition) => condition["type"] === "Failed")?.["reason"]);
      const isKnown = jobFailureReasons.includes(reason);
      const rows: Row[] = reason === "" ? [] : jobFailureReasons.map((each) => [truth(each === reason), { reason: each }]);
      return isKnown ? rows : [...rows, [failed, { reason: "" }]];
    },
    kube_job_complete: jobCondition("Complete"),
    kube_job_failed: jobCondition("Failed"),
    kube_job_status_start_time: secondsAt("status", "startTime"),
    kube_job_status_completion_time: secondsAt("status", "completionTime"),
  },
};

const cronJobs: KindMetrics = {
  storageKey: "batch/cronjobs",
  labels: namedLabels("cronjob"),
  metrics: {
    kube_cronjob_info: (object) => [
      [1, { schedule: textOf(at(object, "spec", "schedule")), concurrency_policy: textOf(at(object, "spec", "concurrencyPolicy")) }],
    ],
    kube_cronjob_created: created,
    kube_cronjob_spec_suspend: (object) => truth(at(object, "spec", "suspend") === true),
    kube_cronjob_status_active: (object) => (at(object, "status", "active") as readonly unknown[] | undefined)?.length ?? 0,
    kube_cronjob_status_last_schedule_time: secondsAt("status", "lastScheduleTime"),
    kube_cronjob_status_last_successful_time: secondsAt("status", "lastSuccessfulTime"),
  },
};

const autoscalers: KindMetrics = {
  storageKey: "autoscaling/horizontalpodautoscalers",
  labels: namedLabels("horizontalpodautoscaler"),
  metrics: {
    kube_horizontalpodautoscaler_info: (object) => {
      const target = recordOf(at(object, "spec", "scaleTargetRef"));
      return [[1, { scaletargetref_kind: textOf(target["kind"]), scaletargetref_name: textOf(target["name"]) }]];
    },
    kube_horizontalpodautoscaler_spec_max_replicas: numberAt(["spec", "maxReplicas"]),
    kube_horizontalpodautoscaler_spec_min_replicas: numberAt(["spec", "minReplicas"], 1),
    kube_horizontalpodautoscaler_status_current_replicas: status("currentReplicas"),
    kube_horizontalpodautoscaler_status_desired_replicas: status("desiredReplicas"),
    kube_horizontalpodautoscaler_status_condition: conditionRows,
  },
};

export const workloadMetrics: readonly KindMetrics[] = [deployments, replicaSets, statefulSets, daemonSets, jobs, cronJobs, autoscalers];
