// What the caches do not show may be there all the same, and what they show may be gone: asked of the server where it matters, and only there.
import { describe, expect, test } from "vitest";
import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import type { RemediationRequest, RequestPhase } from "#api/kinds/remediation-request.ts";
import type { WorkflowExecution } from "#api/kinds/workflow-execution.ts";
import type { KubeObject } from "#api/object.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { act } from "#controllers/remediation-request/act.ts";
import { observe, type Sources, workflowIndexes } from "#controllers/remediation-request/observe.ts";
import { statusAfter } from "#controllers/remediation-request/status.ts";
import { createStore } from "#kube/store.ts";
import { silentLog } from "#lib/log.ts";
import { aProcessing, aRequest, aWorkflow, anAnalysis, at, proceed, processed, stamp } from "#test/orchestration-samples.ts";

const limits = { maxAttempts: 3, verificationSeconds: 10, stabilisationSeconds: 60, reminderSeconds: 14_400 };
const signal = new AbortController().signal;
const onBug = (error: unknown): void => {
  throw error;
};
const inPhase = (phase: RequestPhase): RemediationRequest =>
  aRequest({ phase, phaseStartedAt: stamp(0), attempt: 1, attempts: [{ number: 1, workflow: "wfe-1" }] });
const cached = (request: RemediationRequest, ...processings: readonly RemediationProcessing[]) => {
  const stores = {
    requests: createStore<RemediationRequest>({ onBug }),
    processings: createStore<RemediationProcessing>({ onBug }),
    analyses: createStore<AIAnalysis>({ onBug }),
    workflows: createStore<WorkflowExecution>({ onBug }),
  };
  stores.workflows.addIndexes(workflowIndexes);
  stores.requests.noteWrite(request);
  for (const processing of processings) stores.processings.noteWrite(processing);
  return stores;
};

describe("a list that lags behind", () => {
  const seenIn = async (phase: RequestPhase): Promise<{ readonly asked: string[]; readonly sees: string[] }> => {
    const asked: string[] = [];
    const live: Readonly<Record<string, KubeObject>> = { AIAnalysis: anAnalysis(proceed), WorkflowExecution: aWorkflow() };
    const sources = {
      ...cached(inPhase(phase)),
      kube: { get: async ({ kind }: { readonly kind: string }) => (asked.push(kind), live[kind]) },
      targets: { health: () => ({ state: "Unhealthy" }) },
      settings: () => ({ maxAttempts: 3, verificationSeconds: 5, stabilisationSeconds: 5, freezes: [], budgets: {} }),
      guardrails: { missing: () => ["none is in force"] },
    } as unknown as Sources;
    const seen = await observe(sources, inPhase(phase), { now: at(1), signal });
    return { asked, sees: [seen.analysis?.kind, seen.workflow?.kind].filter((kind) => kind !== undefined) };
  };
  test.each<[RequestPhase, string[]]>([
    ["AwaitingApproval", ["AIAnalysis"]],
    ["Blocked", ["AIAnalysis"]],
    ["Executing", ["WorkflowExecution"]],
    ["Verifying", ["WorkflowExecution"]],
    ["Analyzing", []],
    ["Processing", []],
  ])("in %s the server is asked for what the phase rests on: %j", async (phase, kinds) => {
    expect(await seenIn(phase)).toEqual({ asked: kinds, sees: kinds });
  });
});

test("what a repair tried is read from the repair itself, whatever the analysis' list shows", () => {
  const analysis = anAnalysis({ phase: "Investigating" });
  const seen = { request: inPhase("Analyzing"), analysis, workflow: aWorkflow(), ...limits };
  const start = { do: "transition", to: "Executing", message: "Repairing." } as const;
  expect(statusAfter(seen, start, at(1)).attempts).toMatchObject([{ workflow: "wfe-000000000000-1", actions: ["rollback_deployment"] }]);
});

describe("a child that is not there any more", () => {
  const made = async (phase: RequestPhase, live: RemediationRequest | undefined) => {
    const request = inPhase(phase);
    const stores = cached(request, aProcessing(processed));
    const calls: string[] = [];
    const kube = {
      get: async () => (calls.push("get"), live),
      create: async (_type: unknown, object: KubeObject) => (
        calls.push("create"),
        { ...object, metadata: { ...request.metadata, ...object.metadata } }
      ),
    };
    const deps = { kube } as unknown as RoleDeps;
    const seen = { request, processing: aProcessing(processed), ...limits };
    const child = phase === "Analyzing" ? "analysis" : "processing";
    const empty = { ...stores, processings: createStore<RemediationProcessing>({ onBug }) };
    const type = phase === "Pending" ? "create" : "recreate";
    await act({ ...deps, ...empty }, { type, child, attempt: 1 }, seen, { signal, log: silentLog, now: at(1) });
    return { calls, isKnown: stores.requests.get(request.metadata) !== undefined };
  };
  test.each<RequestPhase>(["Analyzing", "Processing"])("is made again in %s while its request is there", async (phase) => {
    expect(await made(phase, inPhase(phase))).toEqual({ calls: ["get", "create"], isKnown: true });
  });
  test.each<RequestPhase>(["Analyzing", "Processing"])(
    "is not made again in %s once its request is gone, which is then known",
    async (phase) => {
      expect(await made(phase, undefined)).toEqual({ calls: ["get"], isKnown: false });
    },
  );
  test("nor while its request is being deleted", async () => {
    const request = inPhase("Analyzing");
    const ending = { ...request, metadata: { ...request.metadata, deletionTimestamp: stamp(1) } };
    expect(await made("Analyzing", ending)).toEqual({ calls: ["get"], isKnown: true });
  });
  test("nor where another request has its name by now", async () => {
    const request = inPhase("Analyzing");
    expect(await made("Analyzing", { ...request, metadata: { ...request.metadata, uid: "of-the-next-one" } })).toEqual({
      calls: ["get"],
      isKnown: false,
    });
  });
  test("a new request makes its first child without asking", async () => {
    expect(await made("Pending", undefined)).toEqual({ calls: ["create"], isKnown: true });
  });
});
