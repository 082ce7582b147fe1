// Requests, their children and executions as plain objects for tests of the orchestrating controllers. Complete, so that what is left out of a case does not matter.
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { Context, RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { Alert, Step } from "#api/fields.ts";
import { API_VERSION } from "#api/define-kind.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import type { ObjectMeta } from "#api/object.ts";

export const t0 = Date.parse("2030-01-01T00:00:00.000Z");
export const at = (seconds: number): number => t0 + seconds * 1000;
export const stamp = (seconds: number): string => new Date(at(seconds)).toISOString();

export const own = "kintsugi-system";
export const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" } as const;
export const alert: Alert = {
  name: "KubePodCrashLooping",
  fingerprint: "f1",
  severity: "warning",
  startsAt: stamp(-60),
  source: "prometheus",
  labels: {},
  annotations: {},
};

const meta = (name: string, owner?: { kind: string; name: string }): ObjectMeta & { namespace: string } => ({
  namespace: own,
  name,
  uid: `uid-of-${name}`,
  resourceVersion: "7",
  creationTimestamp: stamp(0),
  labels: { [REQUEST_LABEL]: "rr-1" },
  ...(owner === undefined
    ? {}
    : { ownerReferences: [{ apiVersion: API_VERSION, ...owner, uid: `uid-of-${owner.name}`, controller: true }] }),
});

export const aRequest = (status?: RemediationRequest["status"], spec: Partial<RemediationRequest["spec"]> = {}): RemediationRequest => ({
  apiVersion: API_VERSION,
  kind: "RemediationRequest",
  metadata: meta("rr-1"),
  spec: { alert, reported: { kind: "Pod", namespace: "shop", name: "web-1" }, target, ...spec },
  ...(status === undefined ? {} : { status }),
});

export const context: Context = { exists: true, uid: "web-uid", ownerChain: [target], containers: [], neighbours: [], revisions: [] };

export const aProcessing = (status?: RemediationProcessing["status"], attempt = 1): RemediationProcessing => ({
  apiVersion: API_VERSION,
  kind: "RemediationProcessing",
  metadata: meta(`rr-1-a${attempt}-rp`, { kind: "RemediationRequest", name: "rr-1" }),
  spec: { request: "rr-1", attempt, alert, reported: { kind: "Pod", namespace: "shop", name: "web-1" }, target },
  ...(status === undefined ? {} : { status }),
});

export const processed: NonNullable<RemediationProcessing["status"]> = {
  phase: "Completed",
  context,
  environment: { value: "staging", source: "label" },
  priority: "P2",
  autonomy: "auto",
  managed: true,
  protections: [],
};

export const aStep = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  action: "rollback_deployment",
  target,
  parameters: { revision: "1" },
  changesHash: "a".repeat(64),
  dependsOn: [],
  critical: true,
  timeoutSeconds: 300,
  ...more,
});

export const aPlan = (more: Partial<Plan> = {}): Plan => ({
  steps: [aStep("s1")],
  changesHash: "b".repeat(64),
  diffs: [],
  expected: "The pods run again.",
  risk: "low",
  reversible: true,
  rationale: "Revision 1 ran.",
  score: 0.9,
  autonomy: "auto",
  ...more,
});

export const anAnalysis = (status?: AIAnalysis["status"], attempt = 1): AIAnalysis => ({
  apiVersion: API_VERSION,
  kind: "AIAnalysis",
  metadata: meta(`rr-1-a${attempt}-aia`, { kind: "RemediationRequest", name: "rr-1" }),
  spec: {
    request: "rr-1",
    attempt,
    alert,
    reported: { kind: "Pod", namespace: "shop", name: "web-1" },
    target,
    context,
    environment: "staging",
    priority: "P2",
    autonomy: "auto",
    managed: true,
    protections: [],
    pastActions: [],
  },
  ...(status === undefined ? {} : { status }),
});

export const proceed: NonNullable<AIAnalysis["status"]> = {
  phase: "Completed",
  result: "Proceed",
  rootCause: { code: "ReleaseCrashes", object: target, summary: "Revision 2 crashes.", chain: [] },
  plans: [aPlan()],
  chosen: 0,
  symptom: { object: target, stabilisationSeconds: 60 },
};

export const aWorkflow = (status?: WorkflowExecution["status"], spec: Partial<WorkflowExecution["spec"]> = {}): WorkflowExecution => ({
  apiVersion: API_VERSION,
  kind: "WorkflowExecution",
  metadata: meta("wfe-000000000000-1", { kind: "RemediationRequest", name: "rr-1" }),
  spec: {
    request: "rr-1",
    attempt: 1,
    target,
    steps: [aStep("s1")],
    symptom: { object: target, stabilisationSeconds: 60 },
    rollback: "Automatic",
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
});

export const restored = (reason: "Undone" | "NothingChanged" | "Drifted" | "Forbidden" | "ChangesRemain") => [
  {
    type: "Restored",
    status: reason === "ChangesRemain" ? ("False" as const) : ("True" as const),
    reason,
    message: "",
    lastTransitionTime: stamp(0),
  },
];

export const anExecution = (
  step: string,
  status?: KubernetesExecution["status"],
  spec: Partial<KubernetesExecution["spec"]> = {},
): KubernetesExecution => ({
  apiVersion: API_VERSION,
  kind: "KubernetesExecution",
  metadata: meta(`rr-1-a1-${spec.undoes === undefined ? "kex" : "undo"}-${step}`, {
    kind: "WorkflowExecution",
    name: "wfe-000000000000-1",
  }),
  spec: {
    request: "rr-1",
    workflow: "wfe-000000000000-1",
    step,
    action: "rollback_deployment",
    target,
    parameters: { revision: "1" },
    changesHash: "a".repeat(64),
    timeoutSeconds: 300,
    ...spec,
  },
  ...(status === undefined ? {} : { status }),
});
