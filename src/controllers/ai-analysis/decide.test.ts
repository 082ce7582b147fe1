import type { ActionName } from "#api/action-names.ts";
import { describe, expect, test } from "vitest";
import { API_VERSION } from "#api/define-kind.ts";
import { type AIAnalysis, AnalysisPhase, analysisTransitions, type Plan } from "#api/kinds/ai-analysis.ts";
import { type AIApprovalRequest, ApprovalPhase } from "#api/kinds/ai-approval-request.ts";
import { ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import { mandateOf, maxOverrides } from "#controllers/ai-analysis/revise.ts";
import { approvalFor } from "#controllers/ai-analysis/children.ts";
import { conclude } from "#investigation/conclude.ts";
import type { PolicyFacts } from "#investigation/mandate.ts";
import type { PlannedFinding } from "#investigation/investigate.ts";
import type { Look } from "#investigation/look-into.ts";
import type { PlannedRepair } from "#investigation/plan-repair.ts";
import { deadlineMs, decide, type AnalysisObservation, phases, wantsInvestigation, type Words } from "#controllers/ai-analysis/decide.ts";
import type { Verdict } from "#diagnosis/verdict.ts";
import { defaultSettings } from "#policy/settings.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { testDecisionLaws } from "#test/decision-laws.ts";
import { alert, sceneNow, target } from "#test/scene.ts";

const hash = "ab".repeat(32);
const plan: Plan = {
  steps: [
    {
      id: "s1",
      action: "rollback_deployment",
      target,
      parameters: { revision: "1" },
      changesHash: hash,
      dependsOn: [],
      critical: true,
      timeoutSeconds: 300,
    },
  ],
  changesHash: hash,
  diffs: [{ object: target, diff: "- b\n+ a", inverse: "- a\n+ b" }],
  expected: "Deployment shop/web runs the template of revision 1.",
  risk: "medium",
  reversible: true,
  rationale: "Revision 2 introduced the problem; revision 1 is the previous one.",
  score: 0.9,
  autonomy: "approve",
};

/** The policy and the labels of the target's namespace that give an analysis this environment, opt-in and protection. */
const policyIn = ({ environment = "staging", managed = true, protections = [] }: Partial<AIAnalysis["spec"]>): PolicyFacts => ({
  labelsOf: () => ({ [ENVIRONMENT_LABEL]: environment, ...(managed ? { [MANAGED_LABEL]: "true" } : {}) }),
  settings: {
    ...defaultSettings,
    limits: { replicas: 20 },
    protectedNamespaces: protections.length === 0 ? [] : [target.namespace ?? ""],
  },
});

const analysisIn = (
  phase: AnalysisPhase | undefined,
  spec: Partial<AIAnalysis["spec"]> = {},
  status: AIAnalysis["status"] = {},
): AIAnalysis => ({
  apiVersion: API_VERSION,
  kind: "AIAnalysis",
  metadata: {
    name: "rr-0123456789ab-1-a1-aia",
    namespace: "kintsugi-system",
    uid: "uid-aia",
    resourceVersion: "1",
    creationTimestamp: new Date(sceneNow).toISOString(),
  },
  spec: {
    request: "rr-0123456789ab-1",
    attempt: 1,
    alert,
    reported: { kind: "Deployment", namespace: "shop", name: "web" },
    target,
    context: { exists: true, ownerChain: [], containers: [], neighbours: [], revisions: [] },
    environment: "staging",
    priority: "P1",
    autonomy: "auto",
    managed: true,
    protections: [],
    pastActions: [],
    ...spec,
  },
  ...(phase === undefined ? {} : { status: { phase, ...status } }),
});

const approvalIn = (phase: ApprovalPhase | undefined, changesHash = hash): AIApprovalRequest => {
  const question = { plan: { ...plan, changesHash }, changes: "[]", summary: "s", reason: "r", number: 1 };
  const created = approvalFor(analysisIn(undefined), question, defaultSettings, sceneNow);
  return {
    ...created,
    metadata: { namespace: "kintsugi-system", uid: "uid-aiar", resourceVersion: "1", creationTimestamp: "", ...created.metadata },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
};

const wish = { by: "ann", step: "s1", parameters: { revision: "3" }, message: "safer" };
const overriddenApproval: AIApprovalRequest = {
  ...approvalIn("Overridden"),
  status: { phase: "Overridden", message: "ann wants it.", override: wish },
};
const outline = [{ action: "rollback_deployment", target, parameters: { revision: "1" } }];
const overrideDone = { by: "ann", step: "s1", parameters: { revision: "3" }, reason: "safer", replaced: outline };
const waiting = { plans: [plan], chosen: 0 };

const repair = (
  action: ActionName = "rollback_deployment",
  score = 0.9,
  parameters: Record<string, string> = { revision: "1" },
): PlannedRepair => {
  const { autonomy: _granted, ...rest } = plan;
  return {
    repair: { action, target, parameters, rationale: "r", expected: "e." },
    plan: { ...rest, steps: [{ ...plan.steps[0]!, action, parameters }], score },
    changes: [],
  };
};
const said = { message: "Revision 2 crashes.", confidence: 0.9, quotes: [], ruledOut: [] };
const crash: PlannedFinding = {
  code: "ReleaseCrashes",
  object: target,
  score: 0.9,
  confidence: 0.9,
  symptoms: [],
  summary: "Revision 2 crashes.",
  chain: ["a", "b"],
  quotes: [],
  advice: { remedies: [], otherwise: "fix the release" },
  planned: [],
  refused: [],
  isExhausted: false,
};
const lookOf = (verdict: Verdict, findings: readonly PlannedFinding[], rest: Partial<Look> = {}): Look => ({
  scope: { namespaces: ["shop"] },
  findings,
  inProgress: [],
  unlikely: 0,
  unexplained: [],
  ruledOut: [],
  hostileTexts: [],
  looked: { objects: [], pods: 0, events: 0, logs: 0 },
  unfinished: [],
  target: { verdict, choices: { observations: [], repairs: [] } },
  evidence: evidence({}),
  ms: 5,
  ...rest,
});
const withoutCause = (verdict: Verdict): Look => lookOf(verdict, []);
const found = (planned: readonly PlannedRepair[] = [], finding: Partial<PlannedFinding> = {}, rest: Partial<Look> = {}): Look =>
  lookOf({ kind: "Cause", ...said }, [{ ...crash, planned, ...finding }], rest);

const investigatedAs = (look: Look, spec: Partial<AIAnalysis["spec"]> = {}): AnalysisObservation["investigated"] & object => ({
  look,
  policy: policyIn(spec),
});
const unsettled = investigatedAs(withoutCause({ kind: "Inconclusive", mayStillChange: true, ...said }));

function* everything(): Generator<[AnalysisObservation, number]> {
  const looks = [withoutCause({ kind: "Healthy", ...said }), found(), found([repair()])];
  const investigations = [
    undefined,
    ...looks.flatMap((look) => ["staging", "production"].map((environment) => investigatedAs(look, { environment }))),
  ];
  const approvals = [undefined, ...[undefined, ...ApprovalPhase.options].map((phase) => approvalIn(phase))];
  for (const phase of AnalysisPhase.options)
    for (const status of [{}, waiting])
      for (const approval of approvals)
        for (const investigated of investigations)
          for (const after of [0, deadlineMs])
            yield [
              {
                analysis: analysisIn(phase, {}, status),
                ...(approval === undefined ? {} : { approval }),
                ...(investigated === undefined ? {} : { investigated }),
              },
              sceneNow + after,
            ];
}

describe("what to do next", () => {
  const table: Record<string, [AnalysisObservation, number, object]> = {
    ...Object.fromEntries(
      ([undefined, "Investigating", "Recommending"] as const).flatMap((phase): [string, [AnalysisObservation, number, object]][] => [
        [`${phase} of a request that is gone waits for its own deletion`, [{ analysis: analysisIn(phase) }, 0, { do: "wait" }]],
        [`${phase} that cannot be investigated in time fails`, [{ analysis: analysisIn(phase) }, deadlineMs, { to: "Failed" }]],
        [
          `${phase} whose pods still start is investigated again in a moment`,
          [{ analysis: analysisIn(phase), investigated: unsettled }, 0, { do: "wait", untilMs: sceneNow + 3000 }],
        ],
        [
          `${phase} concludes where the verdict stays unclear`,
          [{ analysis: analysisIn(phase), investigated: unsettled }, 90_000, { to: "Completed", reason: "ManualReviewRequired" }],
        ],
      ]),
    ),
    "one whose repair needs approval requests it first": [
      { analysis: analysisIn("Recommending"), investigated: investigatedAs(found([repair()]), { environment: "production" }) },
      0,
      {
        to: "AwaitingApproval",
        status: { approval: "rr-0123456789ab-1-a1-aiar" },
        first: { type: "requestApproval", question: { number: 1 } },
      },
    ],
    "one whose repair needs no approval proceeds": [
      { analysis: analysisIn("Investigating"), investigated: investigatedAs(found([repair()])) },
      0,
      {
        to: "Completed",
        through: ["Recommending"],
        reason: "Proceed",
        claims: [{ type: "Analyzed", status: "True", reason: "Actionable" }],
      },
    ],
    "one that cannot be investigated in time fails": [
      { analysis: analysisIn(undefined) },
      deadlineMs,
      { do: "transition", to: "Failed", reason: "ManualReviewRequired", status: { result: "ManualReviewRequired" } },
    ],
    "a question that is open waits, however long": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting), approval: approvalIn(undefined) },
      deadlineMs * 100,
      { do: "wait" },
    ],
    "a yes proceeds": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting), approval: approvalIn("Approved") },
      0,
      { do: "transition", to: "Completed", reason: "Proceed", status: { result: "Proceed" } },
    ],
    "a yes to something else than what is planned does not": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting), approval: approvalIn("Approved", "cd".repeat(32)) },
      0,
      { do: "transition", to: "Completed", reason: "Drifted", status: { result: "Drifted" } },
    ],
    "a no ends it": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting), approval: approvalIn("Rejected") },
      0,
      { do: "transition", to: "Completed", reason: "Rejected", status: { result: "Rejected" } },
    ],
    "a wish for other parameters has the plan revised": [
      {
        analysis: analysisIn("AwaitingApproval", {}, waiting),
        approval: overriddenApproval,
        override: { plan, wish, asked: overriddenApproval, changes: "[]", planned: "no such revision", policy: policyIn({}) },
      },
      0,
      { do: "updateStatus", notice: { reason: "Overridden" }, first: { type: "requestApproval", question: { number: 2 } } },
    ],
    "a plan whose changes cannot be opened has drifted": [
      {
        analysis: analysisIn("AwaitingApproval", {}, waiting),
        approval: overriddenApproval,
        override: {
          plan,
          wish,
          asked: overriddenApproval,
          changes: "",
          unreadable: "the key was replaced",
          planned: "",
          policy: policyIn({}),
        },
      },
      0,
      { to: "Completed", reason: "Drifted", message: "The key was replaced." },
    ],
    "one wish too many is a no": [
      {
        analysis: analysisIn("AwaitingApproval", {}, { ...waiting, overrides: Array.from({ length: maxOverrides }, () => overrideDone) }),
        approval: overriddenApproval,
      },
      0,
      { do: "transition", to: "Completed", reason: "Rejected", status: { result: "Rejected" } },
    ],
    "no answer in time ends it": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting), approval: approvalIn("Expired") },
      0,
      { do: "transition", to: "Completed", reason: "ApprovalExpired", status: { result: "ApprovalExpired" } },
    ],
    "a question that the cluster has overtaken has drifted": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting), approval: approvalIn("Void") },
      0,
      { do: "transition", to: "Completed", reason: "Drifted", status: { result: "Drifted" } },
    ],
    "a question that was deleted is a no": [
      { analysis: analysisIn("AwaitingApproval", {}, waiting) },
      0,
      { do: "transition", to: "Completed", reason: "Rejected", status: { result: "Rejected" } },
    ],
    "a question about a plan that is not there fails": [
      { analysis: analysisIn("AwaitingApproval"), approval: approvalIn("Approved") },
      0,
      { do: "transition", to: "Failed", reason: "ManualReviewRequired", status: { result: "ManualReviewRequired" } },
    ],
    "what has ended stays as it is": [{ analysis: analysisIn("Completed"), approval: approvalIn("Approved") }, deadlineMs, { do: "wait" }],
  };
  test.each(Object.entries(table))("%s", (_name, [seen, after, expected]) => {
    expect(decide(seen, sceneNow + after)).toMatchObject(expected);
  });

  test("evidence is collected until the deadline", () => {
    expect(wantsInvestigation(analysisIn(undefined), sceneNow)).toBe(true);
    expect(wantsInvestigation(analysisIn("Recommending"), sceneNow + deadlineMs)).toBe(false);
  });

  testDecisionLaws<Words, AnalysisObservation>({
    phases,
    transitions: analysisTransitions,
    phaseIn: ({ analysis }) => analysis.status?.phase ?? "Pending",
    cases: Object.values(table).map(([seen, after]) => [seen, sceneNow + after]),
    everything: everything(),
  });
});

describe("what follows from what was found", () => {
  const table: Record<string, [Partial<AIAnalysis["spec"]>, Look, object]> = {
    "a healthy target needs nothing": [
      {},
      withoutCause({ kind: "Healthy", ...said }),
      { route: ["Investigating", "Completed"], status: { verdict: "Healthy", result: "NothingToDo" } },
    ],
    "nor does one that is gone": [{}, withoutCause({ kind: "Gone", ...said }), { status: { verdict: "Healthy", result: "NothingToDo" } }],
    "no proven cause is for a person": [
      {},
      withoutCause({ kind: "Inconclusive", mayStillChange: false, ...said }),
      { route: ["Investigating", "Completed"], status: { verdict: "Inconclusive", result: "ManualReviewRequired" } },
    ],
    "a reversible repair in staging proceeds": [
      {},
      found([repair()]),
      {
        route: ["Investigating", "Recommending", "Completed"],
        status: {
          verdict: "Actionable",
          result: "Proceed",
          chosen: 0,
          plans: [{ autonomy: "auto" }],
          rootCause: { code: "ReleaseCrashes" },
        },
      },
    ],
    "in production a person is asked": [
      { environment: "production", autonomy: "approve" },
      found([repair()]),
      { route: ["Investigating", "Recommending", "AwaitingApproval"], status: { chosen: 0 }, ask: { plan: { autonomy: "approve" } } },
    ],
    "after people refused one repair, the next is not done without them": [
      { rejected: [{ steps: outline, reason: "Rejected by ann." }] },
      found([repair("increase_resources", 0.6)]),
      { status: { chosen: 0, plans: [{ autonomy: "approve" }] }, ask: { why: expect.stringContaining("people rejected another repair") } },
    ],
    "what a language model chose is never done without people, where policy would let the rules": [
      {},
      found([repair()], {}, { by: { engine: "agent", model: "scripted-1", tokens: 9 } }),
      {
        status: { chosen: 0, plans: [{ autonomy: "approve" }], investigator: { engine: "agent", model: "scripted-1", tokens: 9, ms: 5 } },
        ask: { why: "a language model chose it, so it needs approval" },
      },
    ],
    "nor is it more than suggested where no more is granted": [
      { managed: false, autonomy: "suggest" },
      found([repair()], {}, { by: { engine: "agent" } }),
      { status: { result: "Suggested", plans: [{ autonomy: "suggest" }] } },
    ],
    "a plan beyond policy's limits is refused, and the next one is chosen": [
      {},
      found([repair("scale_deployment", 0.9, { replicas: "500" }), repair("rollback_deployment", 0.5)]),
      {
        status: {
          result: "Proceed",
          plans: [{ score: 0.5 }],
          refused: [{ action: "scale_deployment", reason: "replicas 500 is more than the 20 that policy allows" }],
        },
      },
    ],
    "the ceiling of the place holds, whatever the action would be granted": [
      { autonomy: "suggest" },
      found([repair()]),
      { status: { result: "Suggested", plans: [{ autonomy: "suggest" }] } },
    ],
    "without opt-in it is only suggested": [
      { managed: false, autonomy: "suggest" },
      found([repair()]),
      { status: { verdict: "Actionable", result: "Suggested", message: expect.stringContaining("not opted in") } },
    ],
    "what is protected is refused, and by what": [
      { protections: ["namespace shop is protected"], autonomy: "off" },
      found([repair()]),
      {
        status: {
          verdict: "NeedsHuman",
          result: "ManualReviewRequired",
          refused: [{ action: "rollback_deployment", reason: "protected: namespace shop is protected" }],
        },
      },
    ],
    "a cause without a repair is for a person, with the reason": [
      {},
      found([], { person: "restore the content", refused: [{ action: "rollback_deployment", reason: "tried" }] }),
      {
        status: {
          verdict: "NeedsHuman",
          result: "ManualReviewRequired",
          message: "Revision 2 crashes. A person must decide: restore the content; rollback_deployment: tried.",
        },
      },
    ],
    "the plan with the best score is chosen": [
      {},
      found([repair("increase_resources", 0.6), repair("rollback_deployment", 0.8)]),
      { status: { chosen: 0, plans: [{ score: 0.8 }, { score: 0.6 }] } },
    ],
  };
  test.each(Object.entries(table))("%s", (_name, [spec, investigation, expected]) => {
    const analysis = analysisIn(undefined, spec);
    const decision = decide({ analysis, investigated: investigatedAs(investigation, spec) }, sceneNow);
    const route = decision.do === "transition" ? [...(decision.through ?? []), decision.to] : [];
    expect({ ...conclude(mandateOf(analysis), investigation, policyIn(spec)), route }).toMatchObject(expected);
  });

  test("nothing is chosen where nothing is done", () => {
    const suggested = conclude(mandateOf(analysisIn(undefined, { autonomy: "suggest" })), found([repair()]), policyIn({}));
    expect(suggested.status).not.toHaveProperty("chosen");
    expect(suggested).not.toHaveProperty("ask");
  });
});
