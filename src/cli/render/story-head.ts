// What a person needs of a request at three in the morning, in four lines: state, Cause, Action, Next. Pure; says nothing that is not in the story.
import { referenceText } from "#api/object.ts";
import { afterwardsText, doneText, proposalText } from "#cli/render/action-words.ts";
import { durationText } from "#cli/render/duration.ts";
import { headLines } from "#cli/render/head.ts";
import type { Page } from "#cli/render/page.ts";
import { nextSteps, stateWords, toneOf } from "#cli/render/story-words.ts";
import type { AttemptStory, Execution, Story } from "#cli/render/story.ts";
import { causeWithLine } from "#cli/render/telling-line.ts";
import { counted, listed } from "#cli/render/text.ts";
import { fromTimestamp } from "#lib/clock.ts";

export const storyHead = (page: Page, story: Story, nowMs: number | undefined): readonly string[] =>
  headLines(page, {
    state: stateWords(story),
    style: page.paint[toneOf(story)],
    subject: [referenceText(story.target), ...tookText(story, nowMs), story.request],
    cause: causeText(story),
    action: actionText(story),
    next: nextText(story),
  });

const tookText = (story: Story, nowMs: number | undefined): readonly string[] => {
  const [start, end] = [fromTimestamp(story.startedAt), fromTimestamp(story.completedAt)];
  if (start === undefined) return [];
  if (end !== undefined) return [`in ${durationText(Math.max(0, end - start))}`];
  return nowMs === undefined ? [] : [`for ${durationText(Math.max(0, nowMs - start))}`];
};

/** The first cause that was found: a later attempt sees what an earlier one has left behind. */
const causeText = ({ attempts, completedAt }: Story): string => {
  const cause = attempts.map((attempt) => attempt.cause).find((each) => each?.root !== undefined) ?? attempts.at(-1)?.cause;
  if (cause === undefined) return completedAt === undefined ? "Not known yet" : "Not determined";
  return causeWithLine(cause.root?.summary ?? cause.message ?? "None found", cause.evidence);
};

const actionText = (story: Story): string => {
  const carriedOut = story.attempts.findLast((attempt) => attempt.execution?.steps.some(({ run }) => run?.result === "Applied"));
  if (carriedOut?.execution !== undefined) return executedText(story, carriedOut.execution);
  const present = story.attempts.at(-1);
  const plan = planOf(present);
  if (plan === undefined)
    return refusedText(present) ?? (story.completedAt === undefined ? "None yet; nothing was changed" : "None; nothing was changed");
  return `${proposalText(plan.steps)} (proposed; nothing was changed)`;
};

const planOf = (attempt: AttemptStory | undefined): NonNullable<AttemptStory["considered"]>["chosen"] =>
  attempt?.considered?.chosen ?? attempt?.considered?.others[0];

const refusedText = (attempt: AttemptStory | undefined): string | undefined => {
  const refused = attempt?.considered?.refused ?? [];
  return refused.length === 0 ? undefined : `None: ${listed(refused.map(({ action, reason }) => `${action} refused (${reason})`))}`;
};

const executedText = (story: Story, execution: Execution): string => {
  const { verification, steps } = execution;
  const done = doneText(
    steps.filter(({ run }) => run?.result === "Applied").map(({ action, target, parameters }) => ({ action, target, parameters })),
  );
  if (steps.some(({ undo }) => undo?.result === "Applied")) return `${done}; undone, because it did not help`;
  if (verification.result !== "SymptomGone")
    return story.completedAt === undefined ? `${done}; verification is running` : `${done}; not verified`;
  const seconds = verification.stabilisationSeconds;
  const alerts = [...new Set(story.seen.alerts.filter(({ resolvedAt }) => resolvedAt !== undefined).map(({ name }) => name))];
  const resolved =
    alerts.length === 0 ? "" : `, ${alerts.length === 1 ? "alert" : counted(alerts.length, "alert")} ${listed(alerts)} resolved`;
  return `${done}; healthy${seconds === 0 ? "" : ` for ${durationText(seconds * 1000)}`}${resolved}`;
};

const nextText = (story: Story): string => {
  const [first, second] = nextSteps(story);
  if (story.outcome === "Remediated") {
    const steps = story.attempts.findLast((attempt) => attempt.execution !== undefined)?.execution?.steps ?? [];
    return afterwardsText(steps) ?? "Nothing";
  }
  if (first === undefined) return "Nothing";
  if (first.command === undefined) return first.what;
  return second?.command === undefined ? first.command : `${first.command}   (or: ${second.command})`;
};
