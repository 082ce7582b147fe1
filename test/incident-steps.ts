// Steps of requests that wait or follow, for tests with the orchestration harness: an analysis that is written, a phase that is reached.
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { ObjectReference } from "#api/object.ts";
import { type OrchestrationHarness, openOrchestration } from "#test/orchestration-harness.ts";

type Analysis = Parameters<OrchestrationHarness["analyse"]>[2];

/** The harness of a test file, opened for all of it; the controllers run in each test. */
export const useIncidents = () => {
  let opened: OrchestrationHarness;
  let running: { stop: () => Promise<void> } | undefined;
  beforeAll(async () => {
    opened = await openOrchestration();
  });
  afterAll(() => opened.close());
  beforeEach(() => {
    running = opened.start();
  });
  afterEach(() => running?.stop());
  return {
    get harness() {
      return opened;
    },
    requestIn: (name: string, ...phases: readonly string[]) =>
      opened.until(RemediationRequest, name, ({ status }) => phases.includes(status?.phase ?? "")),
    analyse: async (request: string, target: ObjectReference, status: Analysis, attempt = 1): Promise<void> => {
      await opened.until(AIAnalysis, `${request}-a${attempt}-aia`, exists);
      await opened.analyse(`${request}-a${attempt}-aia`, target, status);
    },
  };
};

export const exists = (): boolean => true;
export const cause = (object: ObjectReference) => ({ code: "ReleaseCrashes", object, summary: "It is broken.", chain: [] });
export const findings = (object: ObjectReference) => ({
  result: "ManualReviewRequired" as const,
  message: "A person has to decide.",
  rootCause: cause(object),
  plans: [],
});
export const applied = { phase: "Completed", changed: true, result: "Applied", inverse: '[{"type":"undo"}]' } as const;
