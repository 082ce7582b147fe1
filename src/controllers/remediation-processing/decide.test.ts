import { describe, expect, test } from "vitest";
import { ProcessingPhase, processingTransitions, RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { type Observed, decide } from "#controllers/remediation-processing/decide.ts";
import { defaultSettings } from "#policy/settings.ts";
import { aProcessing, at, context, stamp } from "#test/orchestration-samples.ts";

const seen = (more: Partial<Observed> = {}): Observed => ({
  processing: aProcessing(),
  context,
  labels: { "kintsugi.dev/managed": "true", environment: "staging" },
  ownNamespace: "kintsugi-system",
  settings: defaultSettings,
  missing: [],
  ...more,
});
const unreadable: Observed = {
  processing: aProcessing(),
  labels: undefined,
  ownNamespace: "kintsugi-system",
  settings: defaultSettings,
  missing: ["Deployment shop/web was not found"],
  unreadable: "cannot read properties of undefined",
};
const statusOf = (observed: Observed) => {
  const decision = decide(observed, at(3));
  return decision.do === "finish" ? decision.status : undefined;
};

describe("decide", () => {
  test.each<[string, Observed, object]>([
    [
      "all that is known is written at once",
      seen(),
      {
        phase: "Completed",
        context,
        environment: { value: "staging" },
        priority: "P2",
        autonomy: "auto",
        managed: true,
        completedAt: stamp(3),
      },
    ],
    [
      "production is asked",
      seen({ labels: { "kintsugi.dev/managed": "true", environment: "production" } }),
      { autonomy: "approve", priority: "P1" },
    ],
    ["what is not opted in is only suggested", seen({ labels: { environment: "staging" } }), { autonomy: "suggest", managed: false }],
    ["the label must say true", seen({ labels: { "kintsugi.dev/managed": "yes" } }), { managed: false }],
    [
      "a namespace that was not found is of no environment, and the gap is told",
      { ...unreadable, context },
      {
        phase: "Completed",
        environment: { value: "unknown" },
        managed: false,
        quality: { missing: ["Deployment shop/web was not found"] },
      },
    ],
    [
      "what is protected is not repaired",
      seen({ settings: { ...defaultSettings, protectedNamespaces: ["shop"] } }),
      { autonomy: "off", protections: ["namespace shop is protected"], message: "protected: namespace shop is protected" },
    ],
    [
      "an object that is not understood fails, and says why",
      unreadable,
      { phase: "Failed", message: "cannot read properties of undefined" },
    ],
  ])("%s", (_name, observed, status) => {
    expect(statusOf(observed)).toMatchObject(status);
    expect(RemediationProcessing.status.safeParse(statusOf(observed)).error).toBeUndefined();
  });

  test("the decisions and the transition table have the same edges", () => {
    const decided = ProcessingPhase.options.flatMap((phase) =>
      [seen(), unreadable].flatMap((observed) => {
        const decision = decide({ ...observed, processing: aProcessing({ phase }) }, at(1));
        return decision.do === "finish" ? [`${phase} → ${decision.status.phase}`] : [];
      }),
    );
    const declared = Object.entries(processingTransitions).flatMap(([from, targets]) => targets.map((to) => `${from} → ${to}`));
    expect(decided.toSorted()).toEqual(declared.toSorted());
  });
});
