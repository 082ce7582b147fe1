// A diagnosis as people see it: one finding for each root cause with its plans, the unexplained symptoms, what was ruled out and what was not read.
// Pure.
import type { Quote, Reference } from "#api/fields.ts";
import type { Refusal } from "#api/kinds/ai-analysis.ts";
import { kubectlOf } from "#actions/kubectl.ts";
import { referenceText } from "#api/object.ts";
import { causes } from "#diagnosis/registry.ts";
import { unmetNeeds } from "#diagnosis/unmet-needs.ts";
import type { RuledOut } from "#diagnosis/finding.ts";
import type { Evidence } from "#evidence/evidence.ts";
import type { Investigation, PlannedFinding } from "#investigation/investigate.ts";
import type { PlannedRepair } from "#investigation/plan-repair.ts";
import type { ReadyPods } from "#investigation/ready-pods.ts";
import type { Looked } from "#investigation/survey.ts";
import type { Anomaly } from "#diagnosis/anomalies/anomaly.ts";
import type { Unexplained } from "#investigation/unexplained.ts";

export interface ReportedFinding {
  readonly code: string;
  readonly object: Reference;
  readonly summary: string;
  readonly verdict: "Actionable" | "NeedsHuman" | "Inconclusive";
  readonly confidence: number;
  readonly chain: readonly string[];
  readonly evidence: readonly Quote[];
  readonly explains: readonly Reference[];
  readonly plans: readonly PlannedRepair["plan"][];
  /** The commands that make the changes of the first plan by hand. */
  readonly commands: readonly string[];
  /** Pods of what is at fault, or of what it affects. */
  readonly pods?: ReadyPods | undefined;
  readonly refused: readonly Refusal[];
  /** Why a person is needed, where one is. */
  readonly person?: string;
  /** The request that is in progress for it; nothing else is proposed then. */
  readonly request?: { readonly name: string; readonly phase: string };
}

export interface Report {
  readonly collectedAt: string;
  readonly scope: Evidence["scope"];
  /** Most certain first. */
  readonly findings: readonly ReportedFinding[];
  /** How many were left out as less certain. */
  /** States that may still pass, such as pods of a rollout that are not ready yet; no part of any finding. */
  readonly inProgress: readonly Anomaly[];
  readonly unlikely: number;
  readonly ruledOut: readonly RuledOut[];
  readonly notRead: readonly string[];
  /** Alerts that a Prometheus says are firing where it was looked: beside the findings, no part of any. */
  readonly firing: Evidence["firing"];
  /** Text of the cluster that reads as an instruction: shown to people, never followed, no part of any finding. */
  readonly hostileTexts: readonly Quote[];
  /** The object that was asked about, where it belongs to the scope's. */
  readonly asked: Reference | undefined;
  /** How much was looked at, for a person to judge by. */
  readonly looked: Looked;
}

/** `asked`: what a person asked about, where that belongs to the target. */
export const reportOf = (
  evidence: Evidence,
  found: Investigation,
  { asked, namespace }: { readonly asked?: Reference | undefined; readonly namespace?: string | undefined } = {},
): Report => ({
  collectedAt: evidence.collectedAt,
  scope: found.scope,
  findings: [...found.findings.map(reported), ...found.unexplained.map(reportedUnexplained)],
  inProgress: found.inProgress,
  unlikely: found.unlikely,
  ruledOut: found.ruledOut.slice(0, maxRuledOut),
  notRead: [...found.unfinished, ...evidence.gaps, ...unmetNeeds(causes, evidence.lacks)],
  firing: evidence.firing.filter(({ labels }) => namespace === undefined || labels["namespace"] === namespace),
  hostileTexts: found.hostileTexts,
  asked,
  looked: found.looked,
});

const maxRuledOut = 8;

const reported = (finding: PlannedFinding): ReportedFinding => {
  const { code, object, summary, confidence, chain, quotes, explains = [], planned, pods, refused, person, request } = finding;
  return {
    code,
    object,
    summary,
    verdict: planned.length > 0 || request !== undefined ? "Actionable" : "NeedsHuman",
    confidence,
    chain,
    evidence: quotes,
    explains: explains.filter((each) => referenceText(each) !== referenceText(object)),
    plans: planned.map(({ plan }) => plan),
    commands: commandsOf(planned[0]),
    pods,
    refused,
    ...(person === undefined ? {} : { person }),
    ...(request === undefined ? {} : { request: { name: request.name, phase: request.phase } }),
  };
};

/** Nothing is proven: below every finding that is. */
const unexplainedConfidence = 0.3;

const reportedUnexplained = ({ quotes, ...trouble }: Unexplained): ReportedFinding => ({
  ...trouble,
  code: "Unexplained",
  verdict: "Inconclusive",
  confidence: unexplainedConfidence,
  evidence: quotes,
  explains: [],
  plans: [],
  commands: [],
  refused: [],
});

const commandsOf = (repair: PlannedRepair | undefined): readonly string[] => {
  const steps = repair?.plan.steps ?? [];
  return steps.flatMap((step) => kubectlOf(step, steps.length === 1 ? repair?.changes : []) ?? []);
};
