// A window that returns: from each minute that a cron expression names in a time zone, for so long. Pure.
import { type Cron, isCronProblem, parseCron } from "#lib/cron.ts";
import { type TimeZone, timeZone } from "#lib/time-zone.ts";

export interface ScheduleText {
  readonly cron: string;
  readonly durationMinutes: number;
  /** Default: UTC. */
  readonly timeZone?: string | undefined;
}

export interface Schedule {
  /** The end of the window that is open, in milliseconds since the epoch; undefined where none is. */
  readonly openUntil: (now: number) => number | undefined;
}

export interface ScheduleProblem {
  readonly field: "cron" | "timeZone";
  /** From 1. */
  readonly column: number;
  readonly message: string;
}

export const isScheduleProblem = (compiled: Schedule | ScheduleProblem): compiled is ScheduleProblem => "field" in compiled;

export const compileSchedule = ({ cron: text, durationMinutes, timeZone: zoneName = "UTC" }: ScheduleText): Schedule | ScheduleProblem => {
  const cron = parseCron(text);
  if (isCronProblem(cron)) return { field: "cron", ...cron };
  const zone = timeZone(zoneName);
  if (zone === undefined) return { field: "timeZone", column: 1, message: `"${zoneName}" is not an IANA time zone, such as Europe/Berlin` };
  const durationMs = durationMinutes * 60_000;
  return {
    openUntil: (now) => {
      const start = latestStart({ cron, zone }, now, durationMs);
      return start === undefined || start + durationMs <= now ? undefined : start + durationMs;
    },
  };
};

interface Times {
  readonly cron: Cron;
  readonly zone: TimeZone;
}

const dayMs = 86_400_000;

/** The last start at or before `now`; looked for as far back as a window may still be open. */
const latestStart = ({ cron, zone }: Times, now: number, durationMs: number): number | undefined => {
  const today = Math.floor(zone.wallTimeAt(now) / dayMs) * dayMs;
  // A day more: the clocks may have been set back since.
  const days = Math.ceil(durationMs / dayMs) + 2;
  for (let day = today; day > today - days * dayMs; day -= dayMs) {
    const start = includes(cron, day) ? latestStartOn({ cron, zone }, day, now) : undefined;
    if (start !== undefined) return start;
  }
  return undefined;
};

const includes = ({ includesDay }: Cron, day: number): boolean => {
  const date = new Date(day);
  return includesDay({ month: date.getUTCMonth() + 1, day: date.getUTCDate(), weekday: date.getUTCDay() });
};

const latestStartOn = ({ cron, zone }: Times, day: number, now: number): number | undefined => {
  const offsets = zone.offsetsAround(day);
  const walls = cron.hours.flatMap((hour) => cron.minutes.map((minute) => day + (hour * 60 + minute) * 60_000)).toReversed();
  const [offset = 0] = offsets;
  if (offsets.length === 1) {
    const wall = walls.find((each) => each - offset <= now);
    return wall === undefined ? undefined : wall - offset;
  }
  const starts = walls.flatMap((wall) => zone.instantsOf(wall)).filter((start) => start <= now);
  return starts.length === 0 ? undefined : Math.max(...starts);
};
