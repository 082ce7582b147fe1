import { describe, expect, test } from "vitest";
import { isTerminal, mayBecome, type Transitions } from "#api/define-kind.ts";
import { analysisTransitions } from "#api/kinds/ai-analysis.ts";
import { approvalTransitions } from "#api/kinds/ai-approval-request.ts";
import { executionTransitions } from "#api/kinds/kubernetes-execution.ts";
import { processingTransitions } from "#api/kinds/remediation-processing.ts";
import { requestDeadlineSeconds, requestTransitions } from "#api/kinds/remediation-request.ts";
import { workflowTransitions } from "#api/kinds/workflow-execution.ts";

const tables: readonly (readonly [string, Transitions<string>])[] = [
  ["RemediationRequest", requestTransitions],
  ["RemediationProcessing", processingTransitions],
  ["AIAnalysis", analysisTransitions],
  ["AIApprovalRequest", approvalTransitions],
  ["WorkflowExecution", workflowTransitions],
  ["KubernetesExecution", executionTransitions],
];

const reachable = (table: Transitions<string>, from: string): Set<string> => {
  const seen = new Set([from]);
  for (const phase of seen) for (const next of table[phase] ?? []) seen.add(next);
  return seen;
};

describe.each(tables)("%s", (_, table) => {
  test("every phase is reachable from Pending", () => {
    expect([...reachable(table, "Pending")].toSorted()).toEqual(Object.keys(table).toSorted());
  });
  test("from every phase a terminal one can be reached", () => {
    for (const phase of Object.keys(table))
      expect(
        [...reachable(table, phase)].some((next) => isTerminal(table, next)),
        phase,
      ).toBe(true);
  });
  test("no phase becomes itself, and terminal phases absorb", () => {
    for (const [phase, next] of Object.entries(table)) {
      expect(next, phase).not.toContain(phase);
      if (next.length === 0) expect(Object.keys(table).some((other) => mayBecome(table, phase, other))).toBe(false);
    }
  });
});

test("every phase of a request that is not terminal has a deadline, but for those that wait for people or another request", () => {
  const without = Object.keys(requestTransitions).filter(
    (phase) => !isTerminal(requestTransitions, phase as keyof typeof requestTransitions) && !(phase in requestDeadlineSeconds),
  );
  expect(without).toEqual(["AwaitingApproval", "AwaitingPerson", "Following"]);
});
