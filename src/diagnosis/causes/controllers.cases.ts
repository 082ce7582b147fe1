// Three cases for each cause that shows in what controllers do, or cannot do.
import type { KubeObject } from "#api/object.ts";
import type { ObservedChange } from "#evidence/evidence.ts";
import { deployment, podsOf } from "#test/evidence-sketch.ts";
import { one, says, type CasesByCode, withPod } from "#test/three-cases/three-cases.ts";

const web = deployment("web");
const autoscaler = (status: string): KubeObject[] => [
  ...withPod(web),
  one(
    `{ apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: { name: web }, spec: { maxReplicas: 4, scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web } }, status: ${status} }`,
  ),
];
const limited = (current: number): KubeObject[] =>
  autoscaler(
    `{ currentReplicas: ${current}, desiredReplicas: ${current}, conditions: [{ type: ScalingLimited, status: "True", reason: TooManyReplicas, message: the desired replica count is more than the maximum replica count }] }`,
  );
const inactive = (since: string): KubeObject[] =>
  autoscaler(
    `{ conditions: [{ type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: "missing request for cpu in container web", lastTransitionTime: "${since}" }] }`,
  );

const three = deployment("web", {}, { spec: { replicas: 3 } });
const draining = (healthy: number): KubeObject[] => [
  three,
  ...podsOf(three, {}, {}, {}),
  one("{ apiVersion: v1, kind: Node, metadata: { name: node-a }, spec: { unschedulable: true } }"),
  one(
    `{ apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: { name: web }, spec: { minAvailable: 3, selector: { matchLabels: { app: web } } }, status: { disruptionsAllowed: 0, currentHealthy: ${healthy}, desiredHealthy: 3 } }`,
  ),
];

const cron = (schedule: string): KubeObject =>
  one(
    `{ apiVersion: batch/v1, kind: CronJob, metadata: { name: report, uid: cron }, spec: { ${schedule}, jobTemplate: { spec: { template: { spec: { containers: [{ name: report }] } } } } } }`,
  );
const job = (name: string, created: string, condition: string): KubeObject =>
  one(
    `{ apiVersion: batch/v1, kind: Job, metadata: { name: ${name}, creationTimestamp: "${created}", ownerReferences: [{ apiVersion: batch/v1, kind: CronJob, name: report, uid: cron, controller: true }] }, spec: { template: { spec: { containers: [{ name: report }] } } }, status: { conditions: [{ type: ${condition}, status: "True", reason: BackoffLimitExceeded, message: Job has reached the specified backoff limit }] } }`,
  );
const hourly = cron('schedule: "0 * * * *"');
const suspended = cron('schedule: "0 * * * *", suspend: true');
const missed = {
  name: "CronJobNotRunning",
  fingerprint: "f",
  severity: "warning",
  startsAt: "2027-03-01T13:50:00Z",
  source: "prometheus",
  labels: { namespace: "shop", cronjob: "report" },
  annotations: {},
} as const;
const failedRun = job("report-1", "2027-03-01T12:00:00Z", "Failed");

const robot = withPod(deployment("web", {}, { pod: { serviceAccountName: "robot" } }));
const refusal = [
  says(
    "web",
    'pods is forbidden: User "system:serviceaccount:shop:robot" cannot list resource "pods" in API group "" in the namespace "shop"',
  ),
];
const role = one(
  '{ apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: { name: reader }, rules: [{ apiGroups: [""], resources: [pods], verbs: [get, list] }] }',
);
const binding = one(
  "{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: robot-reads }, roleRef: { kind: Role, name: reader }, subjects: [{ kind: ServiceAccount, name: robot }] }",
);
const deleted: ObservedChange = {
  object: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", namespace: "shop", name: "robot-reads" },
  at: "2027-03-01T13:40:00Z",
  by: "unknown",
  field: "",
  kind: "deleted",
};
const ending = (since: string): KubeObject =>
  one(
    `{ apiVersion: v1, kind: PersistentVolumeClaim, metadata: { name: data, deletionTimestamp: "${since}", finalizers: [example.test/cleanup] }, spec: {}, status: { phase: Bound } }`,
  );

export const cases: CasesByCode = {
  AutoscalerAtItsLimit: { holds: { objects: limited(4) }, neighbour: "AutoscalerWithoutMetrics", contradicted: { objects: limited(3) } },
  AutoscalerWithoutMetrics: {
    holds: { objects: inactive("2027-03-01T13:00:00Z") },
    neighbour: "AutoscalerAtItsLimit",
    contradicted: { objects: inactive("2027-03-01T13:59:50Z") },
  },
  BudgetBlocksDrain: { holds: { objects: draining(3) }, neighbour: "NodeCordoned", contradicted: { objects: draining(2) } },
  JobFails: {
    holds: { objects: [hourly, failedRun] },
    neighbour: "ScheduleNotKept",
    contradicted: { objects: [hourly, failedRun, job("report-2", "2027-03-01T13:00:00Z", "Complete")] },
  },
  ScheduleNotKept: { holds: { objects: [suspended], alerts: [missed] }, neighbour: "JobFails", contradicted: { objects: [suspended] } },
  RightsMissing: {
    holds: { objects: [...robot, role], logs: refusal, changes: [deleted] },
    neighbour: "ServiceAccountMissing",
    contradicted: { objects: [...robot, role, binding], logs: refusal, changes: [deleted] },
  },
  DeletionStuck: {
    holds: { objects: [ending("2027-03-01T13:00:00Z")] },
    neighbour: "StorageClassMissing",
    contradicted: { objects: [ending("2027-03-01T13:58:00Z")] },
  },
};
