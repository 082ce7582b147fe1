import { expect, test } from "vitest";
import { parseSchedule } from "#embedded/controllers/cron-schedule.ts";

const from = "2030-01-01T00:00:30Z"; // a Tuesday

test.each([
  ["* * * * *", "2030-01-01T00:01:00Z"],
  ["*/15 * * * *", "2030-01-01T00:15:00Z"],
  ["0 6 * * *", "2030-01-01T06:00:00Z"],
  ["30 1-3/2 * * *", "2030-01-01T01:30:00Z"],
  ["0 0 * * 1", "2030-01-07T00:00:00Z"],
  ["0 0 * * 7", "2030-01-06T00:00:00Z"],
  ["0 0 29 2 *", "2032-02-29T00:00:00Z"],
  ["0 0 1,15 * *", "2030-01-15T00:00:00Z"],
  ["0 0 20 * 3", "2030-01-02T00:00:00Z"],
  ["0 12 * 6 *", "2030-06-01T12:00:00Z"],
  ["@hourly", "2030-01-01T01:00:00Z"],
  ["@yearly", "2031-01-01T00:00:00Z"],
])("%s is due next at %s", (text, next) => {
  expect(parseSchedule(text)?.next(Date.parse(from))).toBe(Date.parse(next));
});

test.each(["", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "x * * * *"])(
  "%j is no schedule",
  (text) => {
    expect(parseSchedule(text)).toBeUndefined();
  },
);

test("a day that never comes is never due", () => {
  expect(parseSchedule("0 0 31 2 *")?.next(Date.parse(from))).toBeUndefined();
});
