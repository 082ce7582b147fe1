// The objects of whole requests as the controllers leave them behind, for tests that read stories. Every spec and status passes its kind's schema.
import { createHash } from "node:crypto";

import { API_VERSION, type Kind, type ResourceOf } from "#api/define-kind.ts";
import type { ObjectDiff, Reference, Step } from "#api/fields.ts";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import type { StoryObjects } from "#story/objects.ts";

export const sampleStart = Date.parse("2027-03-01T14:02:18.000Z");
/** RFC 3339, so many milliseconds after the request was opened. */
export const after = (ms: number): string => new Date(sampleStart + ms).toISOString();
const whole = (ms: number): string => after(Math.floor(ms / 1000) * 1000).replace(".000Z", "Z");
const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

export const sampleNamespace = "kintsugi-system";
const name = "rr-4f1d2c3b5a69-1";
const target: Reference = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" };
const pod = "checkout-7d4b9c6f5d-x2x7k";

type SpecInput<K extends Kind> = Parameters<K["spec"]["parse"]>[0];

const objectOf = <K extends Kind>(kind: K, called: string, createdMs: number, spec: SpecInput<K>, status?: unknown): ResourceOf<K> => ({
  apiVersion: API_VERSION,
  kind: kind.kind,
  metadata: {
    name: called,
    namespace: sampleNamespace,
    uid: `uid-of-${called}`,
    resourceVersion: "100",
    creationTimestamp: whole(createdMs),
    labels: { [REQUEST_LABEL]: name },
  },
  spec: kind.spec.parse(spec),
  ...(status === undefined ? {} : { status: kind.status.parse(status) }),
});

const alert = {
  name: "KubePodCrashLooping",
  fingerprint: "a1b2c3d4e5f60718",
  severity: "critical",
  startsAt: after(-75_000),
  source: "prometheus",
  labels: { alertname: "KubePodCrashLooping", namespace: "shop", pod },
  annotations: { summary: "Pod shop/checkout-7d4b9c6f5d-x2x7k restarts again and again" },
} as const;
const reported = { kind: "Pod", namespace: "shop", name: pod };

const rollback: Step = {
  id: "s1",
  action: "rollback_deployment",
  target,
  parameters: { revision: "1" },
  changesHash: hashOf("rollback"),
  dependsOn: [],
  critical: true,
  timeoutSeconds: 300,
};
const rollbackDiff: ObjectDiff = {
  object: target,
  diff: [
    "@@ spec.template.spec.containers[0] @@",
    "-   command: [checkout, --config=/etc/checkout/prod.yaml]",
    "+   command: [checkout]",
    "-   image: registry.example/checkout:2.4.0",
    "+   image: registry.example/checkout:2.3.1",
  ].join("\n"),
  inverse: [
    "@@ spec.template.spec.containers[0] @@",
    "-   command: [checkout]",
    "+   command: [checkout, --config=/etc/checkout/prod.yaml]",
    "-   image: registry.example/checkout:2.3.1",
    "+   image: registry.example/checkout:2.4.0",
  ].join("\n"),
};
const planWith = (autonomy: "auto" | "approve" | "suggest") => ({
  steps: [rollback],
  changesHash: hashOf("plan"),
  diffs: [rollbackDiff],
  expected: "Deployment shop/checkout runs revision 1 again, with 3 of 3 replicas ready",
  risk: "low",
  reversible: true,
  rationale: "Revision 1 ran for 6 days without a restart; revision 2 has never been ready",
  score: 0.93,
  autonomy,
});
const cause = {
  code: "ReleaseCrashes",
  object: target,
  summary: "Revision 2 of Deployment shop/checkout crashes at start: it exits with code 1 before it is ready.",
  chain: [
    "Revision 2 was rolled out at 14:00:41 with a new image and command",
    "Its container exits with code 1 within a second of its start",
    "The kubelet restarts it with growing pauses (CrashLoopBackOff), so no replica becomes ready",
  ],
};
const evidence = [
  {
    source: "log",
    object: `Pod shop/${pod}`,
    quote: "loading configuration\nfatal: open /etc/checkout/prod.yaml: no such file or directory",
  },
  { source: "object", object: `Pod shop/${pod}`, quote: "lastState.terminated: exitCode 1, reason Error, ran for 0.4 s; restartCount 4" },
];

interface Ending {
  readonly request: unknown;
  readonly environment?: string;
  readonly autonomy?: "auto" | "approve" | "suggest";
}

const context = (ready: number) => ({
  exists: true,
  uid: "0d0c0b0a-0000-4000-8000-000000000001",
  ownerChain: [reported, { kind: "ReplicaSet", namespace: "shop", name: "checkout-7d4b9c6f5d" }, target].map((each) => ({
    apiVersion: "v1",
    ...each,
  })),
  replicas: { desired: 3, ready, updated: 3, available: ready },
  containers:
    ready === 3
      ? []
      : [
          {
            pod,
            container: "checkout",
            image: "registry.example/checkout:2.4.0",
            state: "Waiting" as const,
            reason: "CrashLoopBackOff",
            exitCode: 1,
            restarts: 4,
            ready: false,
          },
        ],
  neighbours: [{ relation: "selectedBy" as const, object: { apiVersion: "v1", kind: "Service", namespace: "shop", name: "checkout" } }],
  revisions: [],
});

const opening = (ending: Ending, ready = 0): Pick<StoryObjects, "request" | "processings"> => ({
  request: objectOf(RemediationRequest, name, 0, { alert, reported, target }, ending.request),
  processings: [
    objectOf(
      RemediationProcessing,
      `${name}-a1-rp`,
      300,
      { request: name, attempt: 1, alert, reported, target },
      {
        phase: "Completed",
        context: context(ready),
        environment: { value: ending.environment ?? "staging", source: "label kintsugi.dev/environment of Namespace shop" },
        priority: "P1",
        autonomy: ending.autonomy ?? "auto",
        managed: true,
        protections: [],
        completedAt: after(420),
      },
    ),
  ],
});

const analysisOf = (attempt: number, createdMs: number, status: unknown, pastActions: readonly string[] = []): AIAnalysis =>
  objectOf(
    AIAnalysis,
    `${name}-a${attempt}-aia`,
    createdMs,
    {
      request: name,
      attempt,
      alert,
      reported,
      target,
      context: context(0),
      environment: "staging",
      priority: "P1",
      autonomy: "auto",
      managed: true,
      protections: [],
      pastActions: [...pastActions],
    },
    status,
  );

const actionable = (autonomy: "auto" | "approve" | "suggest", completedMs: number | undefined) => ({
  phase: completedMs === undefined ? "AwaitingApproval" : "Completed",
  verdict: "Actionable",
  rootCause: cause,
  evidence,
  confidence: 0.95,
  ruledOut: [
    { code: "MemoryLimitTooSmall", reason: "no container was killed for memory" },
    { code: "ConfigEdited", reason: "no ConfigMap it reads was edited after revision 1 was rolled out" },
  ],
  investigator: { engine: "rules", ms: 640 },
  plans: [planWith(autonomy)],
  chosen: 0,
  refused: [{ action: "increase_resources", reason: "no container ran out of memory" }],
  symptom: { object: target, stabilisationSeconds: 60 },
  ...(completedMs === undefined ? {} : { result: "Proceed", completedAt: after(completedMs) }),
});

const approvalOf = (decided: "Approved" | "Rejected" | "Expired" | undefined): AIApprovalRequest =>
  objectOf(
    AIApprovalRequest,
    `${name}-a1-aiar`,
    1200,
    {
      request: name,
      analysis: `${name}-a1-aia`,
      summary: "Revision 2 of Deployment shop/checkout crashes at start; roll it back to revision 1",
      steps: [rollback],
      diffs: [rollbackDiff],
      changes: "[]",
      changesHash: hashOf("plan"),
      risk: "low",
      reversible: true,
      reason: "environment production: every change is approved by a person",
      expiresAt: after(14_400_000),
      approvers: ["user:alice", "group:shop-oncall"],
      minApprovers: 1,
      decisions:
        decided === "Approved" || decided === "Rejected"
          ? [{ by: "alice", decision: decided, via: "kintsugi", message: "seen in the release channel, go on" }]
          : [],
    },
    decided === undefined ? undefined : { phase: decided, completedAt: after(252_000) },
  );

const workflowOf = (beganMs: number, status: unknown): WorkflowExecution =>
  objectOf(
    WorkflowExecution,
    "wfe-4f1d2c3b5a69-1",
    beganMs,
    { request: name, attempt: 1, target, steps: [rollback], symptom: { object: target, stabilisationSeconds: 60 }, rollback: "Automatic" },
    status,
  );

const executionOf = (beganMs: number, doneMs: number, undo?: "undo"): KubernetesExecution => {
  const called = undo === undefined ? `${name}-a1-kex-s1` : `${name}-a1-undo-s1`;
  return objectOf(
    KubernetesExecution,
    called,
    beganMs,
    {
      request: name,
      workflow: "wfe-4f1d2c3b5a69-1",
      step: "s1",
      action: "rollback_deployment",
      target,
      parameters: { revision: "1" },
      changesHash: hashOf("rollback"),
      permission: {
        environment: "staging",
        autonomy: "auto",
        reason: "rollback_deployment is reversible (risk low), and staging is opted in",
      },
      ...(undo === undefined ? {} : { undoes: `${name}-a1-kex-s1` }),
    },
    {
      phase: "Completed",
      diffs: [rollbackDiff],
      dryRun: { accepted: true },
      job: { name: called, uid: `job-of-${called}` },
      result: "Applied",
      changed: true,
      completedAt: after(doneMs),
    },
  );
};

const alerts = (resolvedMs?: number) => ({
  [alert.fingerprint]: {
    name: alert.name,
    startsAt: alert.startsAt,
    lastSeen: after(resolvedMs ?? 0),
    count: resolvedMs === undefined ? 1 : 2,
    ...(resolvedMs === undefined ? {} : { resolvedAt: after(resolvedMs) }),
  },
});

const remediated = (beganMs: number): Pick<StoryObjects, "workflows" | "executions"> => ({
  workflows: [
    workflowOf(beganMs, {
      phase: "Completed",
      steps: [{ id: "s1", execution: `${name}-a1-kex-s1`, state: "Completed" }],
      verification: {
        healthySince: after(beganMs + 9_000),
        baseline: 0,
        alertResolvedAt: after(beganMs + 41_000),
        result: "SymptomGone",
      },
      completedAt: after(beganMs + 69_000),
    }),
  ],
  executions: [executionOf(beganMs + 100, beganMs + 4_300)],
});

const ended = (completedMs: number, phase: string, outcome: string, message: string) => ({
  phase,
  outcome,
  attempt: 1,
  phaseStartedAt: after(completedMs),
  startedAt: after(120),
  completedAt: after(completedMs),
  message,
});

/** A release that crashes in staging: rolled back without asking. */
export const remediatedSample = (): StoryObjects => ({
  ...opening({
    request: {
      ...ended(70_900, "Completed", "Remediated", "Rolled Deployment shop/checkout back to revision 1; healthy for 60 s."),
      rootCause: cause.summary,
      attempts: [
        {
          number: 1,
          processing: `${name}-a1-rp`,
          analysis: `${name}-a1-aia`,
          workflow: "wfe-4f1d2c3b5a69-1",
          actions: ["rollback_deployment"],
        },
      ],
      alerts: alerts(42_500),
    },
  }),
  analyses: [analysisOf(1, 500, actionable("auto", 1150))],
  approvals: [],
  ...remediated(1_400),
});

/** The same in production, where it waits for a person. */
export const awaitingApprovalSample = (): StoryObjects => ({
  ...opening({
    environment: "production",
    autonomy: "approve",
    request: {
      phase: "AwaitingApproval",
      attempt: 1,
      phaseStartedAt: after(1300),
      startedAt: after(120),
      rootCause: cause.summary,
      attempts: [{ number: 1, processing: `${name}-a1-rp`, analysis: `${name}-a1-aia`, approval: `${name}-a1-aiar` }],
      alerts: alerts(),
    },
  }),
  analyses: [analysisOf(1, 500, actionable("approve", undefined))],
  approvals: [approvalOf(undefined)],
  workflows: [],
  executions: [],
});

/** A person allowed it, and it was repaired. */
export const approvedSample = (): StoryObjects => ({
  ...opening({
    environment: "production",
    autonomy: "approve",
    request: {
      ...ended(322_000, "Completed", "Remediated", "Rolled Deployment shop/checkout back to revision 1; healthy for 60 s."),
      attempts: [{ number: 1, approval: `${name}-a1-aiar`, workflow: "wfe-4f1d2c3b5a69-1", actions: ["rollback_deployment"] }],
      alerts: alerts(294_000),
    },
  }),
  analyses: [analysisOf(1, 500, actionable("approve", 252_100))],
  approvals: [approvalOf("Approved")],
  ...allowedBy(remediated(252_400), {
    permission: { environment: "production", autonomy: "approve", reason: "rollback_deployment in production needs approval" },
    approval: { name: `${name}-a1-aiar`, uid: "uid-of-the-approval" },
  }),
});

const allowedBy = (
  { workflows, executions }: ReturnType<typeof remediated>,
  allowed: Pick<KubernetesExecution["spec"], "permission" | "approval">,
): ReturnType<typeof remediated> => ({
  workflows,
  executions: executions.map((each) => ({ ...each, spec: { ...each.spec, ...allowed } })),
});

/** The repair did not help and was undone; the second look finds nothing more to try. */
export const rolledBackSample = (): StoryObjects => {
  const first = opening({
    request: {
      ...ended(310_000, "Failed", "RolledBack", "The rollback did not help and was undone; no other repair is known."),
      attempt: 2,
      attempts: [
        { number: 1, actions: ["rollback_deployment"], result: "The symptom was still there after 300 s; the change was undone." },
        { number: 2, result: "No repair is left to try." },
      ],
      alerts: alerts(),
    },
  });
  return {
    ...first,
    analyses: [
      analysisOf(1, 500, actionable("auto", 1150)),
      analysisOf(
        2,
        308_000,
        {
          phase: "Completed",
          verdict: "NeedsHuman",
          rootCause: cause,
          evidence: evidence.slice(0, 1),
          confidence: 0.6,
          investigator: { engine: "rules", ms: 510 },
          plans: [],
          refused: [{ action: "rollback_deployment", reason: "it failed in this episode already" }],
          result: "ManualReviewRequired",
          completedAt: after(309_200),
        },
        ["rollback_deployment"],
      ),
    ],
    approvals: [],
    workflows: [
      workflowOf(1_400, {
        phase: "RolledBack",
        steps: [{ id: "s1", execution: `${name}-a1-kex-s1`, undo: `${name}-a1-undo-s1`, state: "Undone" }],
        verification: { baseline: 0, result: "SymptomPersists", message: "After 300 s 0 of 3 replicas were ready" },
        completedAt: after(307_000),
      }),
    ],
    executions: [executionOf(1_500, 5_700), executionOf(302_000, 306_500, "undo")],
  };
};

/** A ConfigMap was edited: the cause is known, and no action of the catalogue repairs it. */
export const needsHumanSample = (): StoryObjects => ({
  ...opening({
    request: {
      ...ended(1_900, "Failed", "ManualReviewRequired", "ConfigMap shop/checkout-config was edited; a person has to correct it."),
      attempts: [{ number: 1 }],
      alerts: alerts(),
    },
  }),
  analyses: [
    analysisOf(1, 500, {
      phase: "Completed",
      verdict: "NeedsHuman",
      rootCause: {
        code: "ConfigEdited",
        object: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "checkout-config" },
        summary: "ConfigMap shop/checkout-config was edited at 13:58:02; the pods that started since then crash.",
        chain: ["The template has not changed since revision 1 was healthy", "Its key prod.yaml was written at 13:58:02 by kubectl-edit"],
      },
      // A log line that tries to steer the reader's terminal.
      evidence: [{ source: "log", object: `Pod shop/${pod}`, quote: "\u001b[2J\u001b[31mfatal: unknown key timeout_ms\u0007" }],
      confidence: 0.88,
      investigator: { engine: "rules", ms: 700 },
      refused: [{ action: "rollback_deployment", reason: "the template is the same in every revision" }],
      result: "ManualReviewRequired",
      message:
        "ConfigMap shop/checkout-config was edited at 13:58:02; the pods that started since then crash. A person must decide: no action of the catalogue puts a ConfigMap back.",
      completedAt: after(1_500),
    }),
  ],
  approvals: [],
  workflows: [],
  executions: [],
});

/** The alert fired, and nothing is wrong. */
export const healthySample = (): StoryObjects => ({
  ...opening(
    { request: { ...ended(1_700, "Completed", "NoActionRequired", "Deployment shop/checkout is healthy."), alerts: alerts() } },
    3,
  ),
  analyses: [
    analysisOf(1, 500, {
      phase: "Completed",
      verdict: "Healthy",
      evidence: [{ source: "object", object: "Deployment shop/checkout", quote: "3 of 3 replicas ready, no restart within the last hour" }],
      confidence: 0.97,
      investigator: { engine: "rules", ms: 420 },
      message: "All replicas are ready and have not restarted since the alert began.",
      result: "NothingToDo",
      completedAt: after(1_400),
    }),
  ],
  approvals: [],
  workflows: [],
  executions: [],
});
