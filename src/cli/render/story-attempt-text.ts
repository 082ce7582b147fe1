// One attempt of the story as text: surroundings, cause, choice, change, decision, execution, proof. Pure; wording only.
import type { Permission } from "#api/fields.ts";
import { dateAndTime, durationText, timeOfDay } from "#lib/duration.ts";
import { type Page, paragraph, point, quote, section } from "#cli/render/page.ts";
import { diffsText, parametersText, riskText, stepText } from "#cli/render/plan-text.ts";
import { distinctQuotes } from "#story/distinct-quotes.ts";
import { ruledOutTexts } from "#cli/render/ruled-out.ts";
import { approversText, autonomyWords, verdictWords } from "#story/words.ts";
import type {
  Approval,
  AttemptStory,
  Cause,
  Considered,
  Execution,
  Overrides,
  Run,
  StepStory,
  Story,
  TargetContext,
} from "#story/story.ts";
import { listed } from "#lib/words.ts";
import { oneLine } from "#lib/plain-text.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** What an attempt's text has to know of the whole: where the Jobs run, whether all is over, and what its headline says already. */
type Around = Pick<Story, "namespace" | "completedAt"> & Partial<Pick<Story, "message">>;

export const attemptText = (page: Page, story: Around, attempt: AttemptStory, nowMs: number | undefined): readonly string[] => [
  ...section(page, "CONTEXT", attempt.context === undefined ? [] : contextText(page, attempt.context)),
  ...section(page, "CAUSE", attempt.cause === undefined ? [] : causeText(page, story, attempt.cause)),
  ...section(page, "PLANS", attempt.considered === undefined ? [] : consideredText(page, attempt.considered)),
  ...section(
    page,
    changeTitle(attempt),
    diffsText(page, 1, attempt.considered?.chosen?.diffs ?? attempt.considered?.others[0]?.diffs ?? []),
  ),
  ...section(page, attempt.approval?.phase === "Pending" ? "APPROVAL NEEDED" : "APPROVAL", decidedText(page, story, attempt, nowMs)),
  ...section(page, "EXECUTION", attempt.execution === undefined ? [] : doneText(page, story, attempt.execution)),
  ...section(page, "VERIFICATION", attempt.execution === undefined ? [] : verifiedText(page, attempt.execution)),
  ...section(page, "UNDO", attempt.execution === undefined ? [] : undoText(page, story, attempt.execution)),
  ...section(page, "RESULT", attempt.result === undefined ? [] : paragraph(page, 1, attempt.result)),
];

const contextText = (page: Page, around: TargetContext): readonly string[] => {
  const { replicas } = around;
  const environment =
    around.environment === undefined
      ? []
      : [`environment ${around.environment}${around.environmentSource === undefined ? "" : ` (${around.environmentSource})`}`];
  const facts = [
    ...(replicas === undefined ? [] : [`${replicas.ready} of ${replicas.desired} replicas ready`]),
    ...environment,
    ...(around.priority === undefined ? [] : [`priority ${around.priority}`]),
  ];
  const points = [
    ...(around.exists === false ? ["the target no longer exists"] : []),
    ...(facts.length === 0 ? [] : [facts.join(", ")]),
    ...around.troubledContainers,
    ...around.neighbours,
    ...(around.managedBy === undefined ? [] : [`managed by ${around.managedBy}`]),
    ...(around.siblings ?? []).map((each) => `also open: ${each}`),
    ...around.protections.map((each) => `protected: ${each}`),
    ...(around.managed === false ? ["the namespace is not opted in to repairs"] : []),
    ...(around.autonomy === undefined ? [] : [`Kintsugi may ${autonomyWords[around.autonomy]} here (autonomy: ${around.autonomy})`]),
    ...around.unread.map((each) => `not read: ${each}`),
  ];
  return points.flatMap((text) => point(page, 1, "•", text));
};

const causeText = (page: Page, story: Around, cause: Cause): readonly string[] => {
  const { root, paint } = { root: cause.root, paint: page.paint };
  const confidence = cause.confidence === undefined ? "" : `, confidence ${cause.confidence.toFixed(2)}`;
  const by = cause.investigator === undefined ? "" : `; found by ${investigatorText(cause.investigator)}`;
  return [
    ...(root === undefined ? paragraph(page, 1, cause.message ?? "No cause found.") : paragraph(page, 1, root.summary, paint.bold)),
    ...paragraph(page, 1, `${root === undefined ? "" : `${root.code}: `}${verdictWords[cause.verdict]}${confidence}${by}`, paint.dim),
    ...(cause.verdict === "NeedsHuman" && cause.message !== story.message
      ? paragraph(page, 1, moreThan(root?.summary, cause.message))
      : []),
    ...(root?.chain ?? []).flatMap((link, at) => point(page, 1, `${at + 1}.`, link)),
    ...evidenceText(page, distinctQuotes(cause.evidence)),
    ...ruledOutTexts(cause.ruledOut, ", ruled out").flatMap((text) => point(page, 1, "✗", text)),
  ];
};

/** What the message adds to the summary, which it often begins with. */
const moreThan = (summary: string | undefined, message: string | undefined): string =>
  message === undefined || summary === undefined ? "" : message.startsWith(summary) ? message.slice(summary.length).trim() : message;

const evidenceText = (page: Page, evidence: Execution["verification"]["evidence"]): readonly string[] =>
  evidence.flatMap((each) => [...paragraph(page, 1, `${sourceWords[each.source]} ${each.object}:`), ...quote(page, 2, each.quote)]);

const sourceWords: Readonly<Record<Cause["evidence"][number]["source"], string>> = {
  object: "State of",
  event: "Event on",
  log: "Log of",
  metric: "Metric of",
  alert: "Alert on",
  change: "Change of",
};

const investigatorText = (by: NonNullable<Cause["investigator"]>): string => {
  const model = by.model === undefined ? "" : ` ${by.model}`;
  const tokens = by.tokens === undefined ? "" : `, ${by.tokens} tokens`;
  return `${by.engine === "rules" ? "rules, no language model" : `${by.engine}${model}`}${tokens} in ${durationText(by.ms)}`;
};

const consideredText = (page: Page, considered: Considered): readonly string[] => [
  ...(considered.chosen === undefined ? [] : planText(page, page.paint.green("✓"), considered.chosen, "chosen")),
  ...considered.others.flatMap((plan) => planText(page, "•", plan, considered.chosen === undefined ? "proposed" : "not chosen")),
  ...considered.refused.flatMap((each) => point(page, 1, page.paint.red("✗"), `${each.action}, refused: ${each.reason}`)),
];

const planText = (page: Page, mark: string, plan: NonNullable<Considered["chosen"]>, choice: string): readonly string[] => [
  ...point(page, 1, mark, `${listed(plan.steps.map(stepText), "then")}: ${choice}, ${riskText(plan)}, score ${plan.score.toFixed(2)}`),
  ...paragraph(page, 2, plan.rationale),
  ...paragraph(page, 2, `Expected: ${plan.expected}`),
];

const changeTitle = (attempt: AttemptStory): string => {
  const changed = attempt.execution?.steps.some((step) => step.run?.changed === true || step.run?.result === "Applied");
  if (changed === true) return "CHANGE";
  return attempt.execution === undefined ? "PROPOSED CHANGE" : "PLANNED CHANGE";
};

const decidedText = (page: Page, story: Around, attempt: AttemptStory, nowMs: number | undefined): readonly string[] => {
  if (attempt.approval !== undefined)
    return [...(attempt.overrides ?? []).flatMap((each) => overrideText(page, each)), ...approvalText(page, attempt.approval, nowMs)];
  const chosen = attempt.considered?.chosen ?? attempt.considered?.others[0];
  if (chosen === undefined) return [];
  if (chosen.autonomy === "auto") return paragraph(page, 1, "Not required (autonomy: auto)");
  return story.completedAt === undefined && chosen.autonomy === "approve"
    ? []
    : paragraph(page, 1, `Policy: Kintsugi may ${autonomyWords[chosen.autonomy]} here (autonomy: ${chosen.autonomy})`);
};

const overrideText = (page: Page, { by, parameters, reason, refused }: Overrides[number]): readonly string[] =>
  point(
    page,
    1,
    refused === undefined ? "•" : page.paint.red("✗"),
    `${by} changed the parameters${parametersText(parameters)}${reason === undefined ? "" : `: “${oneLine(reason)}”`}. ${
      refused === undefined ? "The new plan needs approval again." : `Not possible: ${refused}.`
    }`,
  );

const approvalText = (page: Page, approval: Approval, nowMs: number | undefined): readonly string[] => {
  const expires = fromTimestamp(approval.expiresAt);
  const left = nowMs === undefined || expires === undefined || expires < nowMs ? "" : `, in ${durationText(expires - nowMs)}`;
  const asked = `Approvers: ${approversText(approval.approvers)}${approval.minApprovers === 1 ? "" : `; ${approval.minApprovers} approvals needed`}`;
  return [
    ...point(page, 1, "•", `Approval required: ${approval.reason}`),
    ...point(page, 1, "•", asked),
    ...approval.decisions.flatMap((each) =>
      point(
        page,
        1,
        each.decision === "Approved" ? page.paint.green("✓") : page.paint.red("✗"),
        `${each.decision} by ${each.by}${each.via === undefined ? "" : `, with ${each.via}`}${each.message === undefined || each.message === "" ? "" : `: “${oneLine(each.message)}”`}`,
      ),
    ),
    ...(approval.phase === "Pending" && expires !== undefined
      ? point(page, 1, "•", `Expires at ${dateAndTime(expires)} UTC${left}`)
      : approval.message === undefined
        ? []
        : point(page, 1, "•", approval.message)),
  ];
};

const doneText = (page: Page, story: Around, execution: Execution): readonly string[] => [
  ...execution.steps.flatMap((step) => stepDone(page, story, step)),
  ...(execution.message === undefined || execution.message === execution.verification.message ? [] : paragraph(page, 1, execution.message)),
];

const stepDone = (page: Page, story: Around, step: StepStory): readonly string[] => {
  const what = `${step.action} on ${step.object}${parametersText(step.parameters)}`;
  const mark =
    step.state === "Failed" || step.state === "UndoFailed"
      ? page.paint.red("✗")
      : step.run?.phase === "Completed"
        ? page.paint.green("✓")
        : "•";
  return [
    ...point(page, 1, mark, `${what}: ${runState(step.run) ?? step.state}`),
    ...(step.run?.permission === undefined ? [] : paragraph(page, 2, allowedText(step.run.permission, step.run.approval))),
    ...(step.run === undefined ? [] : runText(page, story, step.run)),
    ...(step.message === undefined || step.message === step.run?.message ? [] : paragraph(page, 2, step.message)),
  ];
};

const runState = (run: Run | undefined): string | undefined =>
  run === undefined
    ? undefined
    : (resultWords[run.result ?? ""] ?? (run.failure === undefined ? run.phase : `${run.phase} (${run.failure})`));

const resultWords: Readonly<Record<string, string>> = {
  Applied: "applied",
  AlreadyApplied: "already in place",
  NotNeeded: "no change needed",
};

const runText = (page: Page, story: Around, run: Run): readonly string[] => [
  ...(run.dryRun === undefined ? [] : paragraph(page, 2, `Server-side dry run: ${run.dryRun}`)),
  ...(run.job === undefined ? [] : paragraph(page, 2, `By Job ${story.namespace}/${run.job} as ServiceAccount ${run.account}`)),
  ...(run.failure !== undefined && run.changed !== undefined
    ? paragraph(page, 2, run.changed ? "Part of the change was made before it failed" : "Nothing was changed")
    : []),
  ...(run.message === undefined ? [] : paragraph(page, 2, run.message)),
];

const allowedText = ({ environment, reason }: Permission, approval: string | undefined): string =>
  `Allowed ${approval === undefined ? "without an approval" : `by AIApprovalRequest ${approval}`}, environment ${environment}: ${reason}`;

const verifiedText = (page: Page, execution: Execution): readonly string[] => {
  const { verification: proof } = execution;
  const since = fromTimestamp(proof.healthySince);
  const resolved = fromTimestamp(proof.alertResolvedAt);
  const rule = `required: ${proof.object} healthy${proof.stabilisationSeconds === 0 ? "" : ` for ${proof.stabilisationSeconds} s`}`;
  if (proof.result === undefined && proof.healthySince === undefined && execution.phase !== "Verifying") return [];
  return [
    ...point(page, 1, "•", rule),
    ...(since === undefined ? [] : point(page, 1, "•", `Healthy since ${timeOfDay(since)}`)),
    ...(resolved === undefined ? [] : point(page, 1, "•", `The alert was resolved at ${timeOfDay(resolved)}`)),
    ...(proof.result === "SymptomGone" ? point(page, 1, page.paint.green("✓"), "The symptom is gone") : []),
    ...(proof.result === "SymptomPersists" ? point(page, 1, page.paint.red("✗"), "The symptom persists") : []),
    ...(proof.message === undefined ? [] : paragraph(page, 1, proof.message)),
    ...evidenceText(page, proof.evidence),
  ];
};

const undoText = (page: Page, story: Around, execution: Execution): readonly string[] => {
  const undone = execution.steps.filter((step) => step.undo !== undefined);
  return undone.toReversed().flatMap((step) => {
    const mark = step.undo?.phase === "Completed" ? page.paint.green("✓") : step.undo?.phase === "Failed" ? page.paint.red("✗") : "•";
    return [
      ...point(page, 1, mark, `Undo of ${step.action} on ${step.object}: ${runState(step.undo)}`),
      ...(step.undo === undefined ? [] : runText(page, story, step.undo)),
    ];
  });
};
