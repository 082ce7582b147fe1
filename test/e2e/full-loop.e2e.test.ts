// The scenarios of the design and their twins through the whole loop on a real cluster: a real alert of Prometheus, the analysis, the repair where there
// is one for that cause, and otherwise a person gets the reason.
import { homedir } from "node:os";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { systemClock } from "#lib/system-clock.ts";
import { isOver } from "#scenarios/follow-request.ts";
import { openStage, type TestbedStage } from "#scenarios/stage.ts";
import { breakCluster, breakNodes } from "#test/e2e/break-cluster.ts";
import { type MetricsApi, serveMetrics } from "#test/e2e/metrics-api.ts";
import { type Fault, inOrder } from "#scenarios/faults/fault.ts";
import { scenarioFaults } from "#scenarios/faults/scenario-faults.ts";
import { testbedName } from "#test/e2e/testbed-name.ts";
import type { AlertRule } from "#testbed/monitoring-config.ts";
import { toStderr } from "#testbed/progress.ts";
import { down } from "#testbed/testbed.ts";

const name = testbedName("e2e-full-loop");
/** From the fault to the end of its request: an alert, a repair, and the proof that it holds. */
const patienceMs = 360_000;
let stage: TestbedStage;
let metrics: MetricsApi | undefined;

beforeAll(async () => {
  await down({ name });
  stage = await openStage({ name, clock: systemClock, random: Math.random, home: homedir(), progress: toStderr });
});
afterAll(async () => {
  metrics?.close();
  await stage?.close();
  await down({ name });
});

const inFaults = 'namespace=~"s[0-9]+[a-z]?"';
/** As kube-prometheus has them, but quicker. */
const rules: readonly AlertRule[] = [
  {
    alert: "KubePodCrashLooping",
    expr: `kube_pod_container_status_restarts_total{${inFaults}} > 0 and on (namespace, pod, container) kube_pod_container_status_ready{${inFaults}} == 0`,
    for: "4s",
  },
  {
    alert: "KubeDeploymentReplicasMismatch",
    expr: `kube_deployment_spec_replicas{${inFaults}} > kube_deployment_status_replicas_available{${inFaults}} or kube_deployment_status_replicas_unavailable{${inFaults}} > 0`,
    for: "15s",
  },
  {
    alert: "KubeStatefulSetReplicasMismatch",
    expr: `kube_statefulset_replicas{${inFaults}} > kube_statefulset_status_replicas_ready{${inFaults}}`,
    for: "15s",
  },
  { alert: "KubeJobFailed", expr: `kube_job_failed{${inFaults}, condition="true"} > 0` },
  {
    alert: "KubePersistentVolumeClaimPending",
    expr: `kube_persistentvolumeclaim_status_phase{${inFaults}, phase="Pending"} > 0`,
    for: "5s",
  },
  {
    alert: "KubeHpaMaxedOut",
    expr: `kube_horizontalpodautoscaler_status_current_replicas{${inFaults}} == kube_horizontalpodautoscaler_spec_max_replicas{${inFaults}}`,
    for: "30s",
  },
  {
    alert: "KubeHpaInactive",
    expr: `kube_horizontalpodautoscaler_status_condition{${inFaults}, condition="AbleToScale", status="false"} > 0`,
    for: "45s",
  },
  {
    alert: "KubeServiceWithoutEndpoints",
    expr: `kube_service_info{${inFaults}} unless on (namespace, service) label_replace(kube_endpoint_address{${inFaults}, ready="true"}, "service", "$1", "endpoint", "(.*)")`,
    for: "15s",
  },
  {
    alert: "KubePodDisruptionBudgetAtLimit",
    // Of a budget that allows nothing people hear when they drain a node.
    expr: `kube_poddisruptionbudget_status_pod_disruptions_allowed{${inFaults}} == 0 and on () sum(kube_node_spec_unschedulable) > 0`,
    for: "15s",
  },
];

test("each scenario and its twin ends as it should: repaired where the repair exists, else handed to a person, and never by another action", async () => {
  const { kube, installation, testbed, userActions } = stage;
  const deps = { userActions, kubectl: testbed.kubectl };
  const { others, ofNodes } = inOrder(scenarioFaults.filter(({ cause }) => cause !== undefined));
  metrics = await serveMetrics(kube, userActions, (namespace) => scenarioFaults.find(({ name: own }) => own === namespace)?.cpu);
  await testbed.setAlertRules(rules.map((rule) => ({ ...rule, labels: { severity: "warning" } })));
  const inSystem = { namespace: installation.namespace };
  const wrongOf = async (faults: readonly Fault[]): Promise<readonly string[]> => {
    const [requests, analyses, executions] = await Promise.all([
      kube.list(RemediationRequest, inSystem),
      kube.list(AIAnalysis, inSystem),
      kube.list(KubernetesExecution, inSystem),
    ]);
    return faults.flatMap((fault) => {
      const ours = requests.filter(({ spec }) => spec.target.namespace === fault.name);
      const of = <Child extends { readonly spec: { readonly request: string } }>(children: readonly Child[]): readonly Child[] =>
        children.filter(({ spec }) => ours.some(({ metadata }) => metadata.name === spec.request));
      const difference = differenceOf(fault, ours, of(analyses), of(executions));
      return difference === undefined ? [] : [`${fault.scenario}: ${difference}`];
    });
  };
  const ended = (faults: readonly Fault[]): Promise<void> =>
    vi.waitFor(async () => expect(await wrongOf(faults)).toEqual([]), { timeout: patienceMs, interval: 1000 });
  await breakCluster(deps, [...others, ...ofNodes]);
  await ended(others);
  await breakNodes(deps, ofNodes, (fault) => ended([fault]));
}, 1_500_000);

/** Pods whose next start is minutes away are restarted after what they read was mended. */
const followUp = "restart_pod";

/** What is not as it should be, in words; undefined where all is. */
const differenceOf = (
  { cause, repair }: Fault,
  requests: readonly RemediationRequest[],
  analyses: readonly AIAnalysis[],
  executions: readonly KubernetesExecution[],
): string | undefined => {
  const ends = requests.map(
    ({ spec, status }) =>
      `${spec.target.kind} ${spec.target.name} ${status?.phase ?? "new"} ${status?.outcome ?? ""} ${status?.message ?? ""}`,
  );
  const causes = analyses.map(({ status }) => `${status?.rootCause?.code ?? "none"} ${status?.rootCause?.object.name ?? ""}`);
  const actions = [...new Set(executions.map(({ spec }) => spec.action))];
  const isFound = analyses.some(
    ({ status }) => cause?.codes.some((code) => code === status?.rootCause?.code) === true && status?.rootCause?.object.name === cause.name,
  );
  const outcomes = requests.map(({ status }) => status?.outcome ?? "");
  const isEnded = requests.length > 0 && requests.every(isOver);
  const isRight =
    repair === undefined
      ? actions.length === 0 && outcomes.some((outcome) => outcome === "ManualReviewRequired" || outcome === "Suggested")
      : actions.includes(repair) && actions.every((each) => each === repair || each === followUp) && outcomes.includes("Remediated");
  return isEnded && isFound && isRight
    ? undefined
    : `${ends.join("; ") || "no request"} | causes: ${causes.join(", ")} | actions: ${actions.join(", ") || "none"}`;
};
