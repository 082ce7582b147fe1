// When a cron schedule falls due: five fields, lists, ranges, steps, and the @ words, in UTC; after robfig/cron, which Kubernetes uses. Pure.

export interface Schedule {
  /** The next time strictly after; undefined where there is none in five years. */
  next(afterMs: number): number | undefined;
}

const words: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
interface Field {
  readonly values: ReadonlySet<number>;
  readonly isAny: boolean;
}

const fieldOf = (text: string, low: number, high: number): Field | undefined => {
  const values = new Set<number>();
  const number = (word: string): number => (/^\d+$/.test(word) ? Number(word) : Number.NaN);
  for (const part of text.split(",")) {
    const [range = "", step = "1"] = part.split("/");
    const isStar = range === "*";
    const [from = "", to] = isStar ? [String(low), String(high)] : range.split("-");
    const first = number(from);
    const last = to === undefined ? (part.includes("/") ? high : first) : number(to);
    const every = Number(step);
    if (Number.isNaN(first) || Number.isNaN(last) || !(every > 0) || first < low || last > high || first > last) return undefined;
    for (let value = first; value <= last; value += every) values.add(value);
  }
  return { values, isAny: text.startsWith("*") };
};

const minuteMs = 60_000;
const horizonMs = 5 * 366 * 24 * 60 * minuteMs;

/** undefined where it is no schedule. */
export const parseSchedule = (text: string): Schedule | undefined => {
  const fields = (words[text.trim()] ?? text).trim().split(/\s+/);
  if (fields.length !== 5) return undefined;
  const [minute, hour, date, month, day] = [
    fieldOf(fields[0] ?? "", 0, 59),
    fieldOf(fields[1] ?? "", 0, 23),
    fieldOf(fields[2] ?? "", 1, 31),
    fieldOf(fields[3] ?? "", 1, 12),
    fieldOf((fields[4] ?? "").replaceAll("7", "0"), 0, 6),
  ];
  if (minute === undefined || hour === undefined || date === undefined || month === undefined || day === undefined) return undefined;
  const isDay = (time: Date): boolean => {
    const [byDate, byDay] = [date.values.has(time.getUTCDate()), day.values.has(time.getUTCDay())];
    // Where both are said, either will do.
    return month.values.has(time.getUTCMonth() + 1) && (date.isAny || day.isAny ? byDate && byDay : byDate || byDay);
  };
  return {
    next: (afterMs) => {
      let time = (Math.floor(afterMs / minuteMs) + 1) * minuteMs;
      while (time < afterMs + horizonMs) {
        const at = new Date(time);
        if (!isDay(at)) time = Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() + 1);
        else if (!hour.values.has(at.getUTCHours())) time = (Math.floor(time / (60 * minuteMs)) + 1) * 60 * minuteMs;
        else if (!minute.values.has(at.getUTCMinutes())) time += minuteMs;
        else return time;
      }
      return undefined;
    },
  };
};
