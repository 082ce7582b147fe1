// The story as text that a newcomer understands without a manual. Pure; wording only, no facts of its own.
import { times } from "#lib/words.ts";
import { referenceText } from "#api/object.ts";
import { dateAndTime, durationText, offsetText, timeOfDay } from "#cli/render/duration.ts";
import { type Page, paragraph, point, section } from "#cli/render/page.ts";
import { attemptText } from "#cli/render/story-attempt-text.ts";
import { phaseWords, nextSteps, outcomeWords, toneOf } from "#cli/render/story-words.ts";
import type { SeenAlert, Story } from "#cli/render/story.ts";
import { createPaint, oneLine, widthOf } from "#cli/render/text.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface StoryOptions {
  readonly columns: number;
  readonly color: boolean;
  /** For what is still running or waiting; without it nothing is said of the time left. */
  readonly nowMs?: number;
}

const widest = 118;

export const renderStory = (story: Story, options: StoryOptions): string => {
  const page: Page = { width: Math.min(options.columns, widest), paint: createPaint(options) };
  const several = story.attempts.length > 1;
  const lines = [
    ...headline(page, story),
    ...section(
      page,
      "WHAT YOU CAN DO",
      nextSteps(story).flatMap((next) => stepLines(page, next)),
    ),
    ...section(page, "WHAT WAS SEEN", seenText(page, story)),
    ...story.attempts.flatMap((attempt) => [
      ...(several ? ["", page.paint.bold(`── Attempt ${attempt.number} of ${story.attempts.length} ──`)] : []),
      ...attemptText(page, story, attempt, options.nowMs),
    ]),
    ...section(page, `TIMELINE (UTC, ${story.startedAt.slice(0, 10)})`, timelineText(page, story)),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

const headline = (page: Page, story: Story): readonly string[] => {
  const { paint } = page;
  const state = story.outcome === undefined ? story.phase : `${story.phase}: ${story.outcome}`;
  const tone = paint[toneOf(story)];
  const words = story.outcome === undefined ? phaseWords[story.phase] : outcomeWords[story.outcome];
  const message = story.message === undefined || oneLine(story.message) === words ? [] : paragraph(page, 1, story.message);
  const took = tookText(story);
  return [
    `${paint.bold(referenceText(story.target))}  ${tone(state)}  ${paint.dim(story.request)}`,
    ...paragraph(page, 1, words),
    ...message,
    ...(story.blockedBy === undefined ? [] : point(page, 1, "It waits for:", story.blockedBy)),
    ...(story.leader === undefined ? [] : point(page, 1, "It follows:", story.leader)),
    ...(story.cancelAsked && story.completedAt === undefined
      ? paragraph(page, 1, "Somebody asked to cancel it; what has begun is ended in order first.")
      : []),
    ...(took === undefined ? [] : paragraph(page, 1, took, paint.dim)),
  ];
};

const tookText = (story: Story): string | undefined => {
  const start = fromTimestamp(story.startedAt);
  const end = fromTimestamp(story.completedAt);
  if (start === undefined) return undefined;
  return end === undefined
    ? `Begun ${dateAndTime(start)} UTC.`
    : `Begun ${dateAndTime(start)} UTC, took ${durationText(Math.max(0, end - start))}.`;
};

const stepLines = (page: Page, next: { readonly what: string; readonly command?: string | undefined }): readonly string[] => [
  ...paragraph(page, 1, next.what),
  ...(next.command === undefined ? [] : [`    ${page.paint.cyan(next.command)}`]),
];

const seenText = (page: Page, story: Story): readonly string[] => {
  const { seen } = story;
  const target = referenceText(story.target);
  return [
    ...seen.alerts.flatMap((alert) => point(page, 1, "•", alertText(alert))),
    ...seen.said.flatMap((text) => point(page, 2, page.paint.dim("it says"), `“${oneLine(text)}”`)),
    ...(seen.reported === target ? [] : point(page, 1, "•", `It names ${seen.reported}, which belongs to ${target}`)),
  ];
};

const alertText = (alert: SeenAlert): string => {
  const severity = alert.severity === undefined ? "" : ` (${alert.severity})`;
  const since = fromTimestamp(alert.startsAt);
  const resolved = fromTimestamp(alert.resolvedAt);
  const began = since === undefined ? "" : ` since ${timeOfDay(since)}`;
  return `Alert ${alert.name}${severity}${began}, delivered ${times(alert.count)}${resolved === undefined ? "" : `, resolved at ${timeOfDay(resolved)}`}`;
};

const timelineText = (page: Page, story: Story): readonly string[] => {
  const offsets = story.timeline.map((moment) => offsetText(moment.offsetSeconds * 1000));
  const width = Math.max(0, ...offsets.map(widthOf));
  return story.timeline.flatMap((moment, at) => {
    const time = timeOfDay(fromTimestamp(moment.at) ?? 0);
    const lead = `${time}  ${page.paint.dim((offsets[at] ?? "").padStart(width))} `;
    return point(page, 1, lead, moment.what);
  });
};
