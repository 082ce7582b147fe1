import { describe, expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { Deployments } from "#api/kubernetes.ts";
import { ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import { approvalFor } from "#controllers/ai-analysis/children.ts";
import { overrideAsked, overriddenSteps, revise } from "#controllers/ai-analysis/revise.ts";
import { planRepair, planSteps, type ReadForAction } from "#investigation/plan-repair.ts";
import { defaultSettings, type Settings } from "#policy/settings.ts";
import { alert, sceneNow, target } from "#test/scene.ts";

const deployment = {
  apiVersion: "apps/v1",
  kind: Deployments.kind,
  metadata: { name: "web", namespace: "shop", uid: "uid-web", resourceVersion: "1", creationTimestamp: "2027-03-01T13:00:00Z" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: { spec: { containers: [{ name: "web", image: "web:1", resources: { limits: { memory: "256Mi" } } }] } },
  },
};
const read: ReadForAction = async () => ({ target: deployment, replicaSets: [], siblings: [], autoscalers: [] });

const labels = { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "production" };

/** An analysis that asks for twice the memory, and its question. */
const asking = async (spec: Partial<AIAnalysis["spec"]> = {}): Promise<{ analysis: AIAnalysis; asked: AIApprovalRequest; plan: Plan }> => {
  const repair = {
    action: "increase_resources",
    target,
    parameters: { container: "web", memory: "512Mi" },
    rationale: "It does not come up within 256Mi.",
    expected: "It starts.",
  } as const;
  const planned = await planRepair(read, repair, 0.9);
  if (typeof planned === "string") throw new Error(planned);
  const plan: Plan = { ...planned.plan, autonomy: "approve" };
  const analysis: AIAnalysis = {
    apiVersion: API_VERSION,
    kind: "AIAnalysis",
    metadata: { name: "rr-1-a1-aia", namespace: "kintsugi-system", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    spec: {
      request: "rr-1",
      attempt: 1,
      alert,
      reported: { kind: "Deployment", namespace: "shop", name: "web" },
      target,
      context: { exists: true, ownerChain: [], containers: [], neighbours: [], revisions: [] },
      environment: "production",
      priority: "P1",
      autonomy: "approve",
      managed: true,
      protections: [],
      pastActions: [],
      ...spec,
    },
    status: { phase: "AwaitingApproval", plans: [plan], chosen: 0 },
  };
  const question = { plan, changes: "[]", summary: "s", reason: "production", number: 1 };
  const made = approvalFor(analysis, question, defaultSettings, sceneNow);
  return { analysis, plan, asked: { ...made, metadata: { ...analysis.metadata, ...made.metadata } } };
};

const revised = async (parameters: Record<string, string>, settings: Partial<Settings> = {}, spec: Partial<AIAnalysis["spec"]> = {}) => {
  const { analysis, asked, plan } = await asking(spec);
  const override = { by: "ann", step: "s1", parameters, message: "we know this one" };
  const wanted = overrideAsked(analysis, { ...asked, status: { phase: "Overridden", override } });
  if (wanted === undefined) throw new Error("no override is asked for");
  const steps = overriddenSteps(wanted);
  const planned = steps === undefined ? "no such step" : await planSteps(read, steps);
  const policy = { labelsOf: () => labels, settings: { ...defaultSettings, ...settings } };
  return {
    plan,
    asked,
    analysis,
    revision: revise(analysis, { ...wanted, changes: asked.spec.changes, planned, policy }),
  };
};

describe("a person's wish for other parameters", () => {
  test("makes another plan with another hash, in a question of its own, without any approval yet", async () => {
    const { plan, revision } = await revised({ memory: "1Gi" });
    const next = revision.status.plans?.[0];
    expect(next?.steps[0]?.parameters).toEqual({ container: "web", memory: "1Gi" });
    expect(next?.changesHash).not.toBe(plan.changesHash);
    expect(next?.diffs[0]?.diff).toContain("1Gi");
    expect(next?.autonomy).toBe("approve");
    expect(revision.question).toMatchObject({ number: 2, plan: next, summary: expect.stringContaining("memory 1Gi") as string });
    expect(revision.question.changes).toContain("1Gi");
    expect(approvalFor((await asking()).analysis, revision.question, defaultSettings, sceneNow)).toMatchObject({
      metadata: { name: "rr-1-a1-aiar-2" },
      spec: { decisions: [], changesHash: next?.changesHash, minApprovers: 1 },
    });
  });

  test("is kept with who had it, why, and what it replaced", async () => {
    const { revision } = await revised({ memory: "1Gi" });
    expect(revision.status.overrides).toEqual([
      {
        by: "ann",
        step: "s1",
        parameters: { memory: "1Gi" },
        reason: "we know this one",
        replaced: [{ action: "increase_resources", target, parameters: { container: "web", memory: "512Mi" } }],
      },
    ]);
  });

  test("never makes automatic what would be so by policy: it was asked, so it is asked again", async () => {
    const { revision } = await revised({ memory: "1Gi" }, {}, { environment: "staging", autonomy: "auto" });
    expect(revision.question.plan.autonomy).toBe("approve");
  });

  const refusals: Record<string, [Record<string, string>, Partial<Settings>, Partial<AIAnalysis["spec"]>, string]> = {
    "beyond what the action allows": [{ memory: "2Gi" }, {}, {}, "2Gi is more than 4 times the present memory limit 256Mi"],
    "that lowers what may only be raised": [{ memory: "64Mi" }, {}, {}, "64Mi is less than the present memory limit 256Mi"],
    "beyond what policy allows": [
      { memory: "1Gi" },
      { limits: { memory: "768Mi" } },
      {},
      "memory 1Gi is more than the 768Mi that policy allows",
    ],
    "that the action does not know": [{ image: "evil:1" }, {}, {}, "parameters: Unrecognized key"],
    "that is no quantity": [{ memory: "a lot" }, {}, {}, "parameters: memory: not a quantity"],
    "for a container that is not there": [{ container: "db" }, {}, {}, "it has no container db"],
    "that is planned already": [{ memory: "512Mi" }, {}, {}, "the plan already has these values"],
    "where nothing may be done any more": [
      { memory: "1Gi" },
      { protectedNamespaces: ["shop"] },
      {},
      "protected: namespace shop is protected",
    ],
    "where the namespace of the alerted object grants no more than a suggestion": [
      { memory: "1Gi" },
      {},
      { autonomy: "suggest" },
      "policy allows at most suggest",
    ],
  };
  test.each(Object.entries(refusals))(
    "one %s keeps the plan, says why, and asks again",
    async (_name, [parameters, settings, spec, why]) => {
      const { plan, asked, revision } = await revised(parameters, settings, spec);
      expect(revision.status.plans).toEqual([plan]);
      expect(revision.status.overrides?.[0]?.refused).toContain(why);
      expect(revision.question).toMatchObject({ plan, changes: asked.spec.changes, number: 2 });
      expect(revision.question.reason).toContain(why);
    },
  );

  test("for a step that the plan does not have is refused too", async () => {
    const { analysis, asked } = await asking();
    const override = { by: "ann", step: "s9", parameters: { memory: "1Gi" } };
    const wanted = overrideAsked(analysis, { ...asked, status: { phase: "Overridden", override } });
    expect(wanted !== undefined && overriddenSteps(wanted)).toBeUndefined();
  });
});
