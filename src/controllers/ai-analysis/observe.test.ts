import { describe, expect, test } from "vitest";
import type { AnalysisPhase } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { observe } from "#controllers/ai-analysis/observe.ts";
import { createStore } from "#kube/store.ts";
import { anAnalysis } from "#test/orchestration-samples.ts";

const signal = new AbortController().signal;
const onBug = (error: unknown): void => {
  throw error;
};

describe("a question that the cache does not show", () => {
  const seenIn = async (phase: AnalysisPhase, owner: string | undefined) => {
    const analysis = anAnalysis({ phase });
    const approvals = createStore<AIApprovalRequest>({ onBug });
    const asked: string[] = [];
    const live = owner === undefined ? undefined : { kind: "AIApprovalRequest", metadata: { ownerReferences: [{ uid: owner }] } };
    const kube = { get: async (_type: unknown, { name }: { readonly name: string }) => (asked.push(name), live) } as never;
    const { approval } = await observe({ kube, approvals } as never, analysis, { now: Date.UTC(2040, 0), signal });
    return { asked: asked.length, isSeen: approval !== undefined };
  };
  const own = anAnalysis({}).metadata.uid;

  test("is asked of the server while people are waited for: only then does its absence count as a no", async () => {
    expect(await seenIn("AwaitingApproval", own)).toEqual({ asked: 1, isSeen: true });
  });
  test("is gone where the server has none either", async () => {
    expect(await seenIn("AwaitingApproval", undefined)).toEqual({ asked: 1, isSeen: false });
  });
  test("is not another's of the same name", async () => {
    expect(await seenIn("AwaitingApproval", "of-another")).toEqual({ asked: 1, isSeen: false });
  });
  test("is not asked for before there can be one", async () => {
    expect(await seenIn("Investigating", own)).toEqual({ asked: 0, isSeen: false });
  });
});
