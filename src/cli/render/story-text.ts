// The story as text that a newcomer understands without a manual. Pure; wording only, no facts of its own.
import { counted, times } from "#lib/words.ts";
import { referenceText } from "#api/object.ts";
import { dateAndTime, durationText, offsetText, timeOfDay } from "#lib/duration.ts";
import { headLines } from "#cli/render/head.ts";
import { type Page, paragraph, point, section } from "#cli/render/page.ts";
import { attemptText } from "#cli/render/story-attempt-text.ts";
import { meaningOf, type Tone } from "#story/words.ts";
import type { NextStep } from "#story/next-steps.ts";
import type { SeenAlert, Story } from "#story/story.ts";
import { createPaint, widthOf } from "#cli/render/text.ts";
import { oneLine } from "#lib/plain-text.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface StoryOptions {
  readonly columns: number;
  readonly color: boolean;
  /** For what is still running or waiting: without it, no time left is shown. */
  readonly nowMs?: number;
}

const widest = 118;

export const renderStory = (story: Story, options: StoryOptions): string => {
  const page: Page = { width: Math.min(options.columns, widest), paint: createPaint(options) };
  const several = story.attempts.length > 1;
  const lines = [
    ...headline(page, story, options.nowMs),
    ...section(
      page,
      "NEXT STEPS",
      story.next.flatMap((next) => stepLines(page, next)),
    ),
    ...section(page, "ALERTS", seenText(page, story)),
    ...story.attempts.flatMap((attempt) => [
      ...(several ? ["", page.paint.bold(`── Attempt ${attempt.number} ──`)] : []),
      ...attemptText(page, story, attempt, options.nowMs),
    ]),
    ...section(page, `TIMELINE (UTC, ${story.startedAt.slice(0, 10)})`, timelineText(page, story)),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
};

const headline = (page: Page, story: Story, nowMs: number | undefined): readonly string[] => {
  const state = story.outcome === undefined ? story.phase : `${story.phase} (${story.outcome})`;
  const words = cancelledText(story) ?? meaningOf(story);
  const message = story.message === undefined || oneLine(story.message) === words ? [] : paragraph(page, 1, story.message);
  const start = fromTimestamp(story.startedAt);
  const started = start === undefined ? [] : paragraph(page, 1, `Started ${dateAndTime(start)} UTC.`);
  return [
    ...headLines(page, {
      ...story.head,
      style: page.paint[colors[story.head.tone]],
      subject: [referenceText(story.target), ...tookText(story, nowMs), story.request],
    }),
    ...section(page, "STATUS", [
      ...paragraph(page, 1, words.startsWith(state) ? words : `${state}: ${words}`),
      ...started,
      ...message,
      ...(story.blockedBy === undefined ? [] : point(page, 1, "Waits for:", story.blockedBy)),
      ...(story.leader === undefined ? [] : point(page, 1, "Follows:", story.leader)),
      ...awaitingText(story).flatMap((text) => paragraph(page, 1, text)),
      ...(story.cancelAsked && story.completedAt === undefined
        ? paragraph(page, 1, `${story.cancel?.by ?? "A user"} requested cancellation; what has started ends first.`)
        : []),
    ]),
  ];
};

/** One line: since when, and what has been tried. */
const awaitingText = ({ phase, awaiting }: Story): readonly string[] => {
  const since = fromTimestamp(awaiting?.since);
  if (phase !== "AwaitingPerson" || awaiting === undefined || since === undefined) return [];
  const { looks, reminders = 0 } = awaiting;
  const analyzed = looks === 0 ? "" : ` Kintsugi analyzed again ${times(looks)}.`;
  const reminded = reminders === 0 ? "" : ` It sent ${counted(reminders, "reminder")}.`;
  return [`Waiting since ${dateAndTime(since)} UTC.${analyzed}${reminded}`];
};

const colors = { good: "green", waiting: "yellow", bad: "red", running: "cyan" } as const satisfies Record<Tone, string>;

const tookText = ({ startedAt, completedAt }: Story, nowMs: number | undefined): readonly string[] => {
  const [start, end] = [fromTimestamp(startedAt), fromTimestamp(completedAt)];
  if (start === undefined) return [];
  if (end !== undefined) return [`in ${durationText(Math.max(0, end - start))}`];
  return nowMs === undefined ? [] : [`for ${durationText(Math.max(0, nowMs - start))}`];
};

const cancelledText = ({ phase, cancel, completedAt }: Story): string | undefined => {
  if (phase !== "Cancelled" || cancel === undefined) return undefined;
  const at = fromTimestamp(completedAt);
  const why = cancel.message === undefined || cancel.message === "" ? "" : `: “${oneLine(cancel.message)}”`;
  return `Cancelled by ${cancel.by}${at === undefined ? "" : ` at ${timeOfDay(at)} UTC`}${why}.`;
};

const stepLines = (page: Page, next: NextStep): readonly string[] => [
  ...paragraph(page, 1, next.what),
  ...(next.command === undefined ? [] : [`    ${page.paint.cyan(next.command)}`]),
];

const seenText = (page: Page, story: Story): readonly string[] => {
  const { seen } = story;
  const target = referenceText(story.target);
  return [
    ...(seen.requestedBy === undefined
      ? seen.alerts.flatMap((alert) => point(page, 1, "•", alertText(alert)))
      : point(page, 1, "•", requesterText(seen.requestedBy))),
    ...seen.annotations.flatMap((text) => point(page, 2, page.paint.dim("it says"), `“${oneLine(text)}”`)),
    ...(seen.reported === target ? [] : point(page, 1, "•", `It names ${seen.reported}, a part of ${target}`)),
    ...(seen.unresolved === undefined ? [] : point(page, 1, "•", `Unresolved: ${seen.unresolved}`)),
  ];
};

const requesterText = ({ by, message = "" }: NonNullable<Story["seen"]["requestedBy"]>): string =>
  `Requested by ${by}${message === "" ? "" : ` (“${oneLine(message)}”)`}, without an alert`;

const alertText = (alert: SeenAlert): string => {
  const severity = alert.severity === undefined ? "" : ` (${alert.severity})`;
  const since = fromTimestamp(alert.startsAt);
  const resolved = fromTimestamp(alert.resolvedAt);
  const began = since === undefined ? "" : ` since ${timeOfDay(since)}`;
  return `Alert ${alert.name}${severity}${began}, delivered ${times(alert.count)}${alert.firings === undefined ? "" : `, fired ${times(alert.firings)}`}${resolved === undefined ? "" : `, resolved at ${timeOfDay(resolved)}`}`;
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
