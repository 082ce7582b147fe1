// The story as text, kept as files: a reviewer sees each change of wording.
import { describe, expect, test } from "vitest";

import type { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import type { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import type { RemediationRequest } from "#api/kinds/remediation-request.ts";
import type { StoryObjects } from "#story/objects.ts";
import { renderStory } from "#cli/render/story-text.ts";
import { storyOf } from "#story/story-of.ts";
import { oneLine } from "#lib/plain-text.ts";
import {
  after,
  approvedSample,
  awaitingApprovalSample,
  healthySample,
  needsHumanSample,
  remediatedSample,
  rolledBackSample,
  sampleStart,
} from "#test/sample-requests.ts";

const plain = { columns: 100, color: false, nowMs: sampleStart + 60_000 };

describe("the story of a request", () => {
  test.each([
    ["remediated", remediatedSample()],
    ["awaiting-approval", awaitingApprovalSample()],
    ["approved", approvedSample()],
    ["rolled-back", rolledBackSample()],
    ["needs-human", needsHumanSample()],
    ["healthy", healthySample()],
  ])("%s reads as its golden file", async (name, objects) => {
    await expect(renderStory(storyOf(objects), plain)).toMatchFileSnapshot(`__golden__/${name}.golden.txt`);
  });
});

type Status = NonNullable<RemediationRequest["status"]>;
const withStatus = (objects: StoryObjects, change: Partial<Status>): StoryObjects => ({
  ...objects,
  request: { ...objects.request, status: { ...objects.request.status, ...change } },
});
/** As read half-way: no outcome yet. */
const underway = (objects: StoryObjects, change: Partial<Status>): StoryObjects => {
  const { outcome: _outcome, completedAt: _completedAt, message: _message, ...status } = objects.request.status ?? {};
  return { ...objects, request: { ...objects.request, status: { ...status, ...change } } };
};
const text = (objects: StoryObjects): string => renderStory(storyOf(objects), plain);
const nothing = { processings: [], analyses: [], approvals: [], workflows: [], executions: [] };

describe("what the story says on the way", () => {
  test.each([
    ["Repaired", remediatedSample()],
    ["Waiting", awaitingApprovalSample()],
    ["Undone", rolledBackSample()],
    ["Not fixed", needsHumanSample()],
    ["Healthy", healthySample()],
  ])("%s, Cause, Action and Next are the first four lines, with the log line of the cause", (state, objects) => {
    const labels = text(objects)
      .split("\n\n")[0]!
      .split("\n")
      .flatMap((line) => (line.startsWith(" ") ? [] : [line.slice(0, 9).trim()]));
    expect(labels).toEqual([state, "Cause", "Action", "Next"]);
    const logged = storyOf(objects).attempts[0]?.cause?.evidence.find(({ source }) => source === "log");
    if (logged !== undefined)
      expect(text(objects).split("\n\n")[0]!.replaceAll(/\s+/g, " ")).toContain(oneLine(logged.quote.split("\n").at(-1)!));
  });

  test("a request before its first phase", () => {
    const { status: _status, ...request } = remediatedSample().request;
    const story = text({ ...nothing, request });
    expect(story).toMatch(/^Pending   Deployment shop\/checkout  for 1m  rr-/);
    expect(story).toContain("delivered once");
    expect(story).toContain(`kintsugi cancel ${request.metadata.name}`);
  });

  test.each([
    ["Blocked", { blockedBy: "another repair of Deployment shop/checkout" }, "Waits for: another repair"],
    ["Analyzing", { leader: "rr-000000000000-1" }, "Follows: rr-000000000000-1"],
    ["Executing", { message: "Rolling back" }, "Rolling back"],
    ["Verifying", {}, "checks that the symptom stays away"],
    ["TimedOut", { completedAt: after(9000) }, "Timed out Deployment shop/checkout  in 9s  rr-"],
  ] as const)("in the phase %s", (phase, change, words) => {
    expect(text(underway(remediatedSample(), { phase, ...change }))).toContain(words);
  });

  test("ranked alternatives beside the chosen plan, what people wanted otherwise, and the question that is open now", () => {
    const sample = awaitingApprovalSample();
    const [analysis] = sample.analyses as [AIAnalysis];
    const [question] = sample.approvals as [AIApprovalRequest];
    const [plan] = analysis.status?.plans ?? [];
    const [step] = plan?.steps ?? [];
    const alternative = { ...plan!, steps: [{ ...step!, action: "increase_resources", parameters: { memory: "1Gi" } }], score: 0.41 };
    const replaced = [{ action: step!.action, target: step!.target, parameters: { revision: "1" } }];
    const wish = { by: "alice", step: "s1", replaced };
    const overrides = [
      { ...wish, parameters: { revision: "77" }, refused: "revision 77 no longer exists" },
      { ...wish, parameters: { revision: "3" }, reason: "1 has a leak" },
    ];
    const questions = ["", "-2", "-3"].map((suffix): AIApprovalRequest => ({
      ...question,
      metadata: { ...question.metadata, name: `${question.metadata.name}${suffix}` },
      ...(suffix === "-3" ? { spec: { ...question.spec, reason: "the third question" } } : { status: { phase: "Overridden" as const } }),
    }));
    const status = { ...analysis.status, plans: [plan!, alternative], overrides, approval: questions[2]!.metadata.name };
    const story = text({ ...sample, analyses: [{ ...analysis, status }], approvals: questions });
    const inOneLine = story.replaceAll(/\s+/g, " ");
    expect(inOneLine).toContain("(revision 1): chosen, low risk, can be undone, score 0.93");
    expect(inOneLine).toContain(
      "increase_resources on Deployment shop/checkout (memory 1Gi): not chosen, low risk, can be undone, score 0.41",
    );
    expect(inOneLine).toContain("alice changed the parameters (revision 77). Not possible: revision 77 no longer exists.");
    expect(inOneLine).toContain("alice changed the parameters (revision 3): “1 has a leak”. The new plan needs approval again.");
    expect(inOneLine).toContain("Approval required: the third question");
    expect(story).toContain("APPROVAL NEEDED\n");
  });

  test("a cancel that was asked for and is not done yet", () => {
    const sample = underway(remediatedSample(), { phase: "Executing" });
    const cancelled = (cancel: { by: string; message?: string }, objects: StoryObjects): string =>
      text({ ...objects, request: { ...objects.request, spec: { ...objects.request.spec, cancel } } });
    expect(cancelled({ by: "alice" }, sample)).toContain("alice requested cancellation");
    const ended = underway(remediatedSample(), { phase: "Cancelled", completedAt: after(9000) });
    expect(cancelled({ by: "alice", message: "by hand" }, ended)).toMatch(/^  Cancelled by alice at \d\d:\d\d:\d\d UTC: “by hand”\.$/m);
  });

  test("children that are gone leave no gap that would be filled by guessing", () => {
    const story = text({ ...nothing, request: remediatedSample().request });
    expect(story).toMatch(/^Repaired  Deployment shop\/checkout/);
    expect(story).not.toContain("CAUSE");
  });

  test("another installation's namespace is part of every command", () => {
    const sample = awaitingApprovalSample();
    const request = { ...sample.request, metadata: { ...sample.request.metadata, namespace: "kintsugi-two" } };
    expect(text({ ...sample, request })).toContain(`kintsugi approve ${request.metadata.name} --kintsugi-namespace kintsugi-two`);
  });
});

describe("how the story ends", () => {
  test("a suggestion names the label that would let Kintsugi repair here", () => {
    const sample = withStatus(remediatedSample(), { outcome: "Suggested" });
    const processings = sample.processings.map((each) => ({
      ...each,
      status: { ...each.status, managed: false, autonomy: "suggest" as const },
    }));
    const analyses = sample.analyses.map((each) => {
      const { chosen: _chosen, ...status } = each.status ?? {};
      return { ...each, status: { ...status, plans: (status.plans ?? []).map((plan) => ({ ...plan, autonomy: "suggest" as const })) } };
    });
    const story = text({ ...sample, processings, analyses, workflows: [], executions: [] });
    expect(story).toContain("kubectl label namespace shop kintsugi.dev/managed=true");
    expect(story).toContain("the namespace is not opted in to repairs");
    expect(story).toContain(": proposed, low risk");
    expect(story).toContain("Policy: Kintsugi may only propose a repair here (autonomy: suggest)");
  });

  test.each([
    ["Expired", "ApprovalExpired", "Approval expired without a decision", "Kintsugi asks again"],
    ["Void", "Error", "Approval void: the target changed", "the details are below"],
    ["Rejected", "Rejected", "Rejected by alice", "The repair was rejected"],
  ] as const)("an approval that is %s", (phase, outcome, moment, words) => {
    const sample = withStatus(approvedSample(), { phase: "Failed", outcome });
    const approvals = sample.approvals.map((each) => ({
      ...each,
      spec: { ...each.spec, minApprovers: 2, decisions: phase === "Rejected" ? [{ by: "alice", decision: "Rejected" as const }] : [] },
      status: { ...each.status, phase, message: "so it is" },
    }));
    const story = text({ ...sample, approvals, workflows: [], executions: [] });
    expect(story).toContain(moment);
    expect(story.toLowerCase()).toContain(words.toLowerCase());
    expect(story).toContain("2 approvals needed");
    expect(story).toContain("so it is");
  });

  test("a step that failed says what was and was not changed", () => {
    const sample = withStatus(remediatedSample(), { phase: "Failed", outcome: "ManualReviewRequired" });
    const executions = sample.executions.map((each) => ({
      ...each,
      status: {
        phase: "Failed" as const,
        failure: "DryRunRejected" as const,
        changed: false,
        dryRun: { accepted: false, message: "quota exceeded" },
        message: "The API server refused it",
        completedAt: after(3000),
      },
    }));
    const workflows = sample.workflows.map((each) => ({
      ...each,
      status: {
        phase: "Failed" as const,
        steps: [{ id: "s1", state: "Failed" as const, message: "Step s1 failed" }],
        message: "No step was carried out",
        completedAt: after(3100),
      },
    }));
    const story = text({ ...sample, executions, workflows });
    for (const words of [
      "✗ rollback_deployment",
      "Failed (DryRunRejected)",
      "Server-side dry run: rejected: quota exceeded",
      "Nothing was changed",
      "Step s1 failed",
      "No step was carried out",
      "Repair ended: Failed",
      "PLANNED CHANGE",
      "kubectl describe deployment/checkout -n shop",
    ])
      expect(story).toContain(words);
    expect(story).not.toContain("VERIFICATION");
  });

  test("an undo that could not be done is a cross, and one underway has no result yet", () => {
    const sample = rolledBackSample();
    const failed = sample.executions.map((each) =>
      each.spec.undoes === undefined
        ? each
        : { ...each, status: { phase: "Failed" as const, failure: "UndoGuardFailed" as const, changed: true } },
    );
    expect(text({ ...sample, executions: failed })).toMatch(
      /✗ Undo of rollback_deployment .*: Failed\s+\(UndoGuardFailed\)\n +Part of the change was made before it failed/,
    );
    const begun = sample.executions.map((each) => {
      const { status: _status, ...rest } = each;
      return each.spec.undoes === undefined ? each : rest;
    });
    expect(text({ ...sample, executions: begun })).toContain("Undo of rollback_deployment on Deployment shop/checkout: Pending");
  });

  test("the context shows what could be read", () => {
    const sample = needsHumanSample();
    const processings = sample.processings.map((each) => ({
      ...each,
      status: {
        phase: "Completed" as const,
        protections: ["namespace shop is protected"],
        quality: { missing: ["the pods of Deployment shop/checkout"] },
        context: {
          exists: false,
          ownerChain: [],
          containers: [],
          neighbours: [
            {
              relation: "protectedBy" as const,
              object: { apiVersion: "policy/v1", kind: "PodDisruptionBudget", namespace: "shop", name: "checkout" },
              detail: "minAvailable 2",
            },
          ],
          revisions: [],
          managedBy: { tool: "Helm" as const, object: "shop/checkout", proof: "annotation meta.helm.sh/release-name" },
        },
      },
    }));
    const story = text({ ...sample, processings });
    for (const words of [
      "no longer exists",
      "protected: namespace shop is protected",
      "not read: the pods",
      "limits its disruption; minAvailable 2",
      "managed by Helm shop/checkout",
    ])
      expect(story).toContain(words);
  });

  test("a model that was asked is named with what it cost", () => {
    const sample = remediatedSample();
    const analyses = sample.analyses.map((each) => ({
      ...each,
      status: { ...each.status, investigator: { engine: "holmesgpt" as const, model: "m-1", tokens: 1200, ms: 9000 } },
    }));
    expect(text({ ...sample, analyses })).toMatch(/found by holmesgpt m-1,\s+1200 tokens in 9s/);
  });

  test("what the headline says is not said again, and a verdict is not a deed", () => {
    const why = "ConfigMap shop/checkout-config was edited. A person must decide: nothing puts it back.";
    const sample = withStatus(needsHumanSample(), { message: why });
    const analyses = sample.analyses.map((each) => ({ ...each, status: { ...each.status, message: why } }));
    expect(text({ ...sample, analyses }).match(/A person must\s+decide/g)).toHaveLength(1);
    const repaired = remediatedSample();
    const healthy = "Healthy for 60 s without a break.";
    const workflows = repaired.workflows.map((each) => ({
      ...each,
      status: { ...each.status, message: healthy, verification: { ...each.status?.verification, message: healthy } },
    }));
    expect(text({ ...repaired, workflows }).match(/Healthy for 60 s without a break/g)).toHaveLength(1);
  });

  test("without a cause it says what is known instead", () => {
    const sample = withStatus(needsHumanSample(), { outcome: "ManualReviewRequired" });
    const analyses = sample.analyses.map((each) => ({
      ...each,
      status: { phase: "Completed" as const, verdict: "Inconclusive" as const, completedAt: after(900) },
    }));
    const story = text({ ...sample, analyses });
    expect(story).toContain("No cause found.");
    expect(story).toContain("no cause could be proven");
    expect(story).toContain("Verdict: Inconclusive");
  });
});
