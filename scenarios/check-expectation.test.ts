import { describe, expect, test } from "vitest";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { type Happened, differences, mebibytesOf } from "#scenarios/check-expectation.ts";
import { Expectation } from "#scenarios/scenario.ts";

const expected = Expectation.parse({
  in: "shop",
  target: { kind: "Deployment", name: "checkout" },
  phase: "Completed",
  outcome: "Remediated",
  verdict: "Actionable",
  cause: { code: "ReleaseCrashes", kind: "Deployment", name: "checkout" },
  actions: ["rollback_deployment"],
  changes: [{ kind: "Deployment", name: "checkout", by: ["rollback_deployment"] }],
  after: { healthy: true, template: "healthy" },
  untouched: [{ kind: "ConfigMap", name: "settings" }],
});

const template = (memory: string): unknown => ({ spec: { containers: [{ name: "c", resources: { limits: { memory } } }] } });
const deployment = (memory: string): unknown => ({ replicas: 2, template: template(memory) });
const execution = (name: string, undoes?: string): KubernetesExecution =>
  ({
    metadata: { name, creationTimestamp: "2027-01-01T00:00:00Z" },
    spec: { action: "rollback_deployment", undoes },
  }) as KubernetesExecution;
const write = { verb: "patch", resource: "deployments", namespace: "shop", name: "checkout" };
const byRollback = { ...write, user: "system:serviceaccount:kintsugi-system:kintsugi-act-rollback-deployment" };
const rootCause = { code: "ReleaseCrashes", object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" } };
const analysis = (status: object): AIAnalysis => ({ spec: { attempt: 1 }, status }) as unknown as AIAnalysis;

const asExpected: Happened = {
  request: { status: { phase: "Completed", outcome: "Remediated" } } as RemediationRequest,
  requestCount: 1,
  analyses: [analysis({ verdict: "Actionable", rootCause, evidence: [{ source: "log", object: "Pod shop/x", quote: "q" }] })],
  executions: [execution("e")],
  wasAskedForApproval: false,
  changedBeforeApproval: false,
  writes: [byRollback],
  healthyAtEnd: true,
  healthyTemplate: template("32Mi"),
  afterFault: { "Deployment checkout": deployment("1Mi"), "ConfigMap settings": { a: "1" } },
  atEnd: { "Deployment checkout": deployment("32Mi"), "ConfigMap settings": { a: "1" } },
};

const found = (difference: Partial<Happened>, expectation = expected): string[] =>
  differences(expectation, { ...asExpected, ...difference }, "kintsugi-system");

test("without an audit log nothing is said about writes", () => expect(found({ writes: undefined })).toEqual([]));

test("nothing is said where everything is as expected", () => expect(found({})).toEqual([]));

describe("each difference is one sentence", () => {
  test.each<[string, Partial<Happened>, RegExp]>([
    ["another phase", { request: { status: { phase: "Failed", outcome: "Remediated" } } as RemediationRequest }, /phase is "Failed"/],
    ["another outcome", { request: { status: { phase: "Completed" } } as RemediationRequest }, /outcome is undefined/],
    ["two requests for one episode", { requestCount: 2 }, /2 requests/],
    ["no analysis", { analyses: [] }, /nothing was analysed/],
    [
      "another cause",
      {
        analyses: [
          analysis({
            verdict: "Actionable",
            rootCause: { ...rootCause, code: "MemoryLimitTooSmall" },
            evidence: [{ source: "log", object: "x", quote: "q" }],
          }),
        ],
      },
      /root cause .*MemoryLimitTooSmall/,
    ],
    ["a cause without evidence", { analyses: [analysis({ verdict: "Actionable", rootCause })] }, /no evidence/],
    ["an undo", { executions: [execution("e"), execution("u", "e")] }, /undone actions/],
    ["an action twice", { executions: [execution("e"), execution("f")] }, /executed actions/],
    ["a question to a person", { wasAskedForApproval: true }, /asked/],
    ["a change before approval", { changedBeforeApproval: true }, /before anybody had approved/],
    ["a write too many", { writes: [byRollback, byRollback] }, /audit log/],
    [
      "a write by the controllers",
      { writes: [{ ...byRollback, user: "system:serviceaccount:kintsugi-system:kintsugi-controllers" }] },
      /kintsugi-controllers/,
    ],
    ["a sick workload", { healthyAtEnd: false }, /healthy at the end/],
    ["another template", { atEnd: { ...asExpected.atEnd, "Deployment checkout": deployment("64Mi") } }, /not the healthy one/],
    ["a touched bystander", { atEnd: { ...asExpected.atEnd, "ConfigMap settings": { a: "2" } } }, /ConfigMap settings was changed/],
  ])("%s", (_, difference, sentence) => {
    const said = found(difference);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(sentence);
  });
});

test("a memory limit has to lie within its range", () => {
  const raised: Expectation = { ...expected, after: { healthy: true, template: "changed", memoryLimitMi: { min: 40, max: 128 } } };
  const limit = (memory: string): string[] => found({ atEnd: { ...asExpected.atEnd, "Deployment checkout": deployment(memory) } }, raised);
  expect(limit("64Mi")).toEqual([]);
  expect(limit("256Mi")).toEqual(["the memory limit is 256Mi and should be between 40Mi and 128Mi"]);
});

test.each([
  ["64Mi", 64],
  ["1Gi", 1024],
  ["1048576", 1],
  ["none", undefined],
])("%s is %s MiB", (quantity, mebibytes) => expect(mebibytesOf(quantity)).toBe(mebibytes));
