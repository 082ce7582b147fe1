import { describe, expect, test } from "vitest";
import { phaseOf } from "#api/define-kind.ts";
import { processingTransitions, RemediationProcessing } from "#api/kinds/remediation-processing.ts";
import { type ProcessingObservation, decide, phases, type Words } from "#controllers/remediation-processing/decide.ts";
import { testDecisionLaws } from "#test/decision-laws.ts";
import { defaultSettings } from "#policy/settings.ts";
import { aProcessing, at, context } from "#test/orchestration-samples.ts";

const seen = (more: Partial<ProcessingObservation> = {}): ProcessingObservation => ({
  processing: aProcessing(),
  context,
  labels: { "kintsugi.dev/managed": "true", environment: "staging" },
  ownNamespace: "kintsugi-system",
  settings: defaultSettings,
  missing: [],
  ...more,
});
const unreadable: ProcessingObservation = {
  processing: aProcessing(),
  labels: undefined,
  ownNamespace: "kintsugi-system",
  settings: defaultSettings,
  missing: ["Deployment shop/web was not found"],
  unreadable: "cannot read properties of undefined",
};
const statusOf = (observed: ProcessingObservation) => {
  const decision = decide(observed, at(3));
  return decision.do === "transition" ? { phase: decision.to, message: decision.message, ...decision.status } : undefined;
};

describe("decide", () => {
  test.each<[string, ProcessingObservation, object]>([
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
      "a missing namespace has an unknown environment, and the gap is recorded",
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
});

testDecisionLaws<Words, ProcessingObservation>({
  phases,
  transitions: processingTransitions,
  phaseIn: ({ processing }) => phaseOf(processing),
  cases: [
    [seen(), at(1)],
    [unreadable, at(1)],
  ],
});
