// Windows that return: cron fields, time zones, and the nights on which the clocks change.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCronProblem, parseCron } from "#lib/cron.ts";
import { compileSchedule, isScheduleProblem, type Schedule, type ScheduleText } from "#policy/schedule.ts";

const compiled = (text: ScheduleText): Schedule => {
  const schedule = compileSchedule(text);
  if (isScheduleProblem(schedule)) throw new Error(`${schedule.field}: ${schedule.message}`);
  return schedule;
};
const endAt = (text: ScheduleText, now: string): string | undefined => {
  const until = compiled(text).openUntil(Date.parse(now));
  return until === undefined ? undefined : new Date(until).toISOString();
};

describe("a cron expression that is not valid is a problem with its column", () => {
  test.each([
    ["", 1, "has 5 fields (minute, hour, day, month, weekday), not 0"],
    ["0 18 * *", 1, "not 4"],
    ["@daily", 1, "not 1"],
    ["60 * * * *", 1, 'invalid minute "60": expected a number from 0 to 59'],
    ["0 24 * * *", 3, 'invalid hour "24"'],
    ["0 0 0 * *", 5, 'invalid day of the month "0"'],
    ["0 0 * 13 *", 7, 'invalid month "13"'],
    ["0 0 * * fun", 9, 'invalid day of the week "fun"'],
    ["0 0 * * 5-2", 9, "a range ends after it begins"],
    ["*/0 * * * *", 1, 'invalid minute "*/0"'],
    ["1-2-3 * * * *", 1, 'invalid minute "1-2-3"'],
    ["1/2/3 * * * *", 1, 'invalid minute "1/2/3"'],
    ["1,,2 * * * *", 1, 'invalid minute ""'],
    ["-1 * * * *", 1, 'invalid minute "-1"'],
    ["0 0 30 2 *", 5, "no date matches this day and month"],
    ["0 0 31 4,6,9,11 *", 5, "no date matches"],
  ])("%j", (cron, column, message) => {
    expect(compileSchedule({ cron, durationMinutes: 60 })).toMatchObject({
      field: "cron",
      column,
      message: expect.stringContaining(message) as string,
    });
  });

  test.each(["Europe/Atlantis", "+02:00", "", "Etc/../UTC"])("%j is not a time zone", (timeZone) => {
    expect(compileSchedule({ cron: "0 0 * * *", durationMinutes: 60, timeZone })).toMatchObject({ field: "timeZone" });
  });

  test("any text is an expression or a problem, and nothing throws", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const parsed = parseCron(text);
        expect(isCronProblem(parsed) ? parsed.message.length : parsed.minutes.length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });
});

const night = { cron: "30 1 * * *", durationMinutes: 60 };
const twoThirty = { cron: "30 2 * * *", durationMinutes: 60, timeZone: "Europe/Berlin" };
const weekend = { cron: "0 18 * * FRI", durationMinutes: 3_780, timeZone: "Europe/Berlin" };

describe("a window is open from its start, for its duration", () => {
  test.each<[string, ScheduleText, string, string | undefined]>([
    ["before it", night, "2026-06-01T01:29:59.999Z", undefined],
    ["at its start", night, "2026-06-01T01:30:00Z", "2026-06-01T02:30:00.000Z"],
    ["in its last millisecond", night, "2026-06-01T02:29:59.999Z", "2026-06-01T02:30:00.000Z"],
    ["at its end", night, "2026-06-01T02:30:00Z", undefined],
    ["across midnight", { cron: "0 22 * * *", durationMinutes: 480 }, "2026-06-02T05:00:00Z", "2026-06-02T06:00:00.000Z"],
    ["over a weekend, in Berlin's summer", weekend, "2026-06-05T16:00:00Z", "2026-06-08T07:00:00.000Z"],
    ["before that weekend", weekend, "2026-06-05T15:59:00Z", undefined],
    ["over a weekend, in Berlin's winter", weekend, "2026-12-04T17:00:00Z", "2026-12-07T08:00:00.000Z"],
    [
      "that begins again while it is open",
      { cron: "*/10 * * * *", durationMinutes: 15 },
      "2026-06-01T00:12:00Z",
      "2026-06-01T00:25:00.000Z",
    ],
    [
      "on a day or a weekday, where both are named",
      { cron: "0 0 13 * FRI", durationMinutes: 60 },
      "2026-06-05T00:10:00Z",
      "2026-06-05T01:00:00.000Z",
    ],
    ["on the day, where both are named", { cron: "0 0 13 * FRI", durationMinutes: 60 }, "2026-06-13T00:10:00Z", "2026-06-13T01:00:00.000Z"],
    ["on neither", { cron: "0 0 13 * FRI", durationMinutes: 60 }, "2026-06-14T00:10:00Z", undefined],
    ["on Sunday, also as 7", { cron: "0 12 * * 7", durationMinutes: 60 }, "2026-06-07T12:30:00Z", "2026-06-07T13:00:00.000Z"],
    ["on February 29", { cron: "0 0 29 2 *", durationMinutes: 1440 }, "2028-02-29T12:00:00Z", "2028-03-01T00:00:00.000Z"],
    ["in a step from a number", { cron: "0 20/2 * * *", durationMinutes: 30 }, "2026-06-01T22:10:00Z", "2026-06-01T22:30:00.000Z"],
    [
      "for a week",
      { cron: "0 0 1 jan *", durationMinutes: 10_080, timeZone: "Pacific/Kiritimati" },
      "2027-01-07T09:59:00Z",
      "2027-01-07T10:00:00.000Z",
    ],
    [
      "west of Greenwich",
      { cron: "0 23 31 12 *", durationMinutes: 60, timeZone: "America/Los_Angeles" },
      "2027-01-01T07:30:00Z",
      "2027-01-01T08:00:00.000Z",
    ],
    [
      "with a zone of three quarters of an hour",
      { cron: "0 9 * * *", durationMinutes: 30, timeZone: "Asia/Kathmandu" },
      "2026-06-01T03:20:00Z",
      "2026-06-01T03:45:00.000Z",
    ],
    // 2026-03-29: 02:00 becomes 03:00. 2026-10-25: 03:00 becomes 02:00.
    ["at a time that the night skips, as if the clocks had not changed", twoThirty, "2026-03-29T01:30:00Z", "2026-03-29T02:30:00.000Z"],
    ["before the skipped time", twoThirty, "2026-03-29T01:29:00Z", undefined],
    ["at the first of two equal times", twoThirty, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00.000Z"],
    ["at the second of two equal times", twoThirty, "2026-10-25T01:45:00Z", "2026-10-25T02:30:00.000Z"],
    ["after both", twoThirty, "2026-10-25T02:30:00Z", undefined],
    ["the day after, an hour of UTC later", twoThirty, "2026-10-26T01:30:00Z", "2026-10-26T02:30:00.000Z"],
    [
      "by elapsed time, over a change of the clocks",
      { cron: "0 0 29 3 *", durationMinutes: 240, timeZone: "Europe/Berlin" },
      "2026-03-29T02:59:00Z",
      "2026-03-29T03:00:00.000Z",
    ],
  ])("%s", (_name, schedule, now, until) => {
    expect(endAt(schedule, now)).toBe(until);
  });
});

/** Another way to the same answer: every minute that the clocks of the zone show, compared with the fields one by one. */
const isOpenByMinutes = (text: ScheduleText, fields: readonly (readonly number[] | "*")[], now: number): boolean => {
  const [minute, hour, day, month, weekday] = fields;
  const allows = (set: readonly number[] | "*" | undefined, value: number): boolean => set === "*" || (set?.includes(value) ?? false);
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: text.timeZone ?? "UTC",
    dateStyle: "short",
    timeStyle: "short",
    hourCycle: "h23",
  });
  const first = Math.ceil((now - text.durationMinutes * 60_000 + 1) / 60_000) * 60_000;
  for (let at = first; at <= now; at += 60_000) {
    const [d = 0, mo = 0, y = 0, h = 0, m = 0] = format.format(at).split(/\D+/).map(Number);
    const wd = new Date(Date.UTC(y, mo - 1, d)).getUTCDay();
    const [onDay, onWeekday] = [allows(day, d), allows(weekday, wd)];
    const isDay = day === "*" || weekday === "*" ? onDay && onWeekday : onDay || onWeekday;
    if (allows(minute, m) && allows(hour, h) && allows(month, mo) && isDay) return true;
  }
  return false;
};

const field = (from: number, to: number) =>
  fc.oneof(fc.constant("*" as const), fc.uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 4 }));
const cronText = (fields: readonly (readonly number[] | "*")[]): string =>
  fields.map((each) => (each === "*" ? each : each.join(","))).join(" ");

test("a window is open where a minute within its duration matches, in every zone and across the return to winter time", () => {
  const scene = fc.record({
    fields: fc.tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)),
    durationMinutes: fc.integer({ min: 1, max: 2_000 }),
    timeZone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Auckland"),
    // Around the return to winter time in Europe, America and the south, and a summer day.
    now: fc
      .tuple(fc.constantFrom("2026-10-24", "2026-10-31", "2026-04-04", "2026-07-01"), fc.integer({ min: 0, max: 3 * 86_400 }))
      .map(([date, seconds]) => Date.parse(`${date}T00:00:00Z`) + seconds * 1000),
  });
  fc.assert(
    fc.property(scene, ({ fields, durationMinutes, timeZone, now }) => {
      const text = { cron: cronText(fields), durationMinutes, timeZone };
      const isOpen = compiled(text).openUntil(now) !== undefined;
      expect(isOpen).toBe(isOpenByMinutes(text, fields, now));
    }),
    { numRuns: 120 },
  );
});

test("the end of an open window lies after now, by its duration at most", () => {
  fc.assert(
    fc.property(
      field(0, 59),
      field(0, 23),
      fc.integer({ min: 1, max: 10_080 }),
      fc.integer({ min: 0, max: 31_536_000 }),
      (minute, hour, durationMinutes, s) => {
        const now = Date.parse("2026-01-01T00:00:00Z") + s * 1000;
        const until = compiled({ cron: cronText([minute, hour, "*", "*", "*"]), durationMinutes, timeZone: "Europe/Berlin" }).openUntil(
          now,
        );
        if (until !== undefined) expect(until > now && until <= now + durationMinutes * 60_000).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
