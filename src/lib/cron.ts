// A cron expression of five fields, as Kubernetes' CronJobs take it, without macros. Pure: which minutes and days it names; no time zone, no clock.

export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** Whether a date matches: `month` from 1, `weekday` from 0, which is Sunday. */
  readonly includesDay: (date: CalendarDay) => boolean;
}

export interface CalendarDay {
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}

/** `column` counts from 1. */
export interface CronProblem {
  readonly column: number;
  readonly message: string;
}

interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Names for `from`, `from + 1`, … */
  readonly names?: readonly string[];
}

const fields = [
  { name: "minute", from: 0, to: 59 },
  { name: "hour", from: 0, to: 23 },
  { name: "day of the month", from: 1, to: 31 },
  { name: "month", from: 1, to: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] },
  // 7 is Sunday too.
  { name: "day of the week", from: 0, to: 7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
] as const satisfies readonly Field[];

/** The longest day of each month, in a leap year. */
const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

export const isCronProblem = (parsed: Cron | CronProblem): parsed is CronProblem => "column" in parsed;

/** Never throws. An expression that no date matches is a problem. */
export const parseCron = (text: string): Cron | CronProblem => {
  const words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], column: match.index + 1 }));
  if (words.length !== fields.length)
    return { column: 1, message: `a cron expression has 5 fields (minute, hour, day, month, weekday), not ${words.length}` };
  const sets: (readonly number[])[] = [];
  for (const [index, field] of fields.entries()) {
    const word = words[index] ?? { text: "", column: 1 };
    const values = valuesOf(word.text, field);
    if (typeof values === "string") return { column: word.column, message: values };
    sets.push(values);
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = sets;
  const anyDay = words[2]?.text.startsWith("*") === true;
  const anyWeekday = words[4]?.text.startsWith("*") === true;
  if (anyWeekday && !months.some((month) => days.some((day) => day <= (longest[month - 1] ?? 0))))
    return { column: words[2]?.column ?? 1, message: "no date matches this day and month" };
  return {
    minutes,
    hours,
    includesDay: ({ month, day, weekday }) => {
      const [onDay, onWeekday] = [days.includes(day), weekdays.includes(weekday) || (weekday === 0 && weekdays.includes(7))];
      // As in every cron: where both are restricted, either is enough.
      return months.includes(month) && (anyDay || anyWeekday ? onDay && onWeekday : onDay || onWeekday);
    },
  };
};

/** Ascending; or what is wrong with the text. */
const valuesOf = (text: string, field: Field): readonly number[] | string => {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const range = rangeOf(part, field);
    if (typeof range === "string") return range;
    for (let value = range.first; value <= range.last; value += range.step) found.add(value);
  }
  return [...found].toSorted((a, b) => a - b);
};

interface Range {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const rangeOf = (part: string, field: Field): Range | string => {
  const { name, from, to } = field;
  const invalid = `invalid ${name} "${part}": expected a number from ${from} to ${to}, a range, a list or a step`;
  const [base = "", stepText, more] = part.split("/");
  const step = stepText === undefined ? 1 : /^\d{1,2}$/.test(stepText) ? Number(stepText) : 0;
  if (more !== undefined || step < 1) return invalid;
  if (base === "*") return { first: from, last: to, step };
  const [firstText = "", lastText, beyond] = base.split("-");
  const first = valueOf(firstText, field);
  // As in every cron: a step without a range runs to the end.
  const last = lastText === undefined ? (stepText === undefined ? first : to) : valueOf(lastText, field);
  if (beyond !== undefined || first === undefined || last === undefined) return invalid;
  return first > last ? `invalid ${name} "${part}": a range ends after it begins` : { first, last, step };
};

const valueOf = (text: string, { from, to, names = [] }: Field): number | undefined => {
  const named = names.indexOf(text.toLowerCase());
  const value = named >= 0 ? named + from : /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= from && value <= to ? value : undefined;
};
