// The four lines at the top of a story: state, cause, action, next. Pure; states nothing that is not in the facts.
import { durationText } from "#lib/duration.ts";
import { counted, listed } from "#lib/words.ts";
import { afterwardsText, doneText, proposalText } from "#story/action-words.ts";
import { causeWithLine } from "#story/cause-line.ts";
import { nextSteps } from "#story/next-steps.ts";
import type { AttemptStory, Execution, Facts } from "#story/story.ts";
import { stateWords, type Tone, toneOf } from "#story/words.ts";

export interface Head {
  /** One or two words of at most nine letters, such as Repaired. */
  readonly state: string;
  readonly tone: Tone;
  readonly cause: string;
  readonly action: string;
  readonly next: string;
}

export const headOf = (facts: Facts): Head => ({
  state: stateWords(facts),
  tone: toneOf(facts),
  cause: causeText(facts),
  action: actionText(facts),
  next: nextText(facts),
});

/** The first cause found: a later attempt sees the changes of an earlier one. */
const causeText = ({ attempts, completedAt }: Facts): string => {
  const cause = attempts.map((attempt) => attempt.cause).find((each) => each?.root !== undefined) ?? attempts.at(-1)?.cause;
  if (cause === undefined) return completedAt === undefined ? "Not known yet" : "Not determined";
  return causeWithLine(cause.root?.summary ?? cause.message ?? "None found", cause.evidence);
};

const actionText = (facts: Facts): string => {
  const carriedOut = facts.attempts.findLast((attempt) => attempt.execution?.steps.some(({ run }) => run?.result === "Applied"));
  if (carriedOut?.execution !== undefined) return executedText(facts, carriedOut.execution);
  const current = facts.attempts.at(-1);
  const plan = planOf(current);
  if (plan === undefined)
    return refusedText(current) ?? (facts.completedAt === undefined ? "None yet; nothing was changed" : "None; nothing was changed");
  return `${proposalText(plan.steps)} (proposed; nothing was changed)`;
};

const planOf = (attempt: AttemptStory | undefined): NonNullable<AttemptStory["considered"]>["chosen"] =>
  attempt?.considered?.chosen ?? attempt?.considered?.others[0];

const refusedText = (attempt: AttemptStory | undefined): string | undefined => {
  const refused = attempt?.considered?.refused ?? [];
  return refused.length === 0 ? undefined : `None: ${listed(refused.map(({ action, reason }) => `${action} refused (${reason})`))}`;
};

const executedText = (facts: Facts, execution: Execution): string => {
  const { verification, steps } = execution;
  const done = doneText(
    steps.filter(({ run }) => run?.result === "Applied").map(({ action, target, parameters }) => ({ action, target, parameters })),
  );
  if (steps.some(({ undo }) => undo?.result === "Applied")) return `${done}; undone, because it did not help`;
  if (verification.result !== "SymptomGone")
    return facts.completedAt === undefined ? `${done}; verification is running` : `${done}; not verified`;
  const seconds = verification.stabilisationSeconds;
  const alerts = [...new Set(facts.seen.alerts.filter(({ resolvedAt }) => resolvedAt !== undefined).map(({ name }) => name))];
  const resolved =
    alerts.length === 0 ? "" : `, ${alerts.length === 1 ? "alert" : counted(alerts.length, "alert")} ${listed(alerts)} resolved`;
  return `${done}; healthy${seconds === 0 ? "" : ` for ${durationText(seconds * 1000)}`}${resolved}`;
};

const nextText = (facts: Facts): string => {
  const [first, second] = nextSteps(facts);
  if (facts.outcome === "Remediated") {
    const steps = facts.attempts.findLast((attempt) => attempt.execution !== undefined)?.execution?.steps ?? [];
    return afterwardsText(steps) ?? "Nothing";
  }
  if (first === undefined) return "Nothing";
  if (first.command === undefined) return first.what;
  return second?.command === undefined ? first.command : `${first.command}   (or: ${second.command})`;
};
