// Wall-clock time of an IANA time zone and the instants that it names. Pure; the rules are those that Node carries.

/** A date and time without a zone, in milliseconds as if it were UTC. */
export type WallTime = number;

export interface TimeZone {
  readonly wallTimeAt: (epochMs: number) => WallTime;
  /**
   * When the clocks of the zone show this time. Two instants where they are set back over it. Where they are set forward over it, the instant
   * at which they would have shown it.
   */
  readonly instantsOf: (wall: WallTime) => readonly number[];
  /** The offsets from UTC, in milliseconds, in force somewhere around that day: one, unless the clocks change. */
  readonly offsetsAround: (wall: WallTime) => readonly number[];
}

const dayMs = 86_400_000;

/** Undefined for a name that is no IANA time zone. */
export const timeZone = (name: string): TimeZone | undefined => {
  const format = formatOf(name);
  if (format === undefined) return undefined;
  const wallTimeAt = (epochMs: number): WallTime => {
    const parts = Object.fromEntries(format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const offsetAt = (epochMs: number): number => wallTimeAt(epochMs) - Math.floor(epochMs / 1000) * 1000;
  // Zones are at most 14 hours from UTC.
  const offsetsAround = (wall: WallTime): readonly number[] => [...new Set([offsetAt(wall - dayMs), offsetAt(wall + 2 * dayMs)])];
  return {
    wallTimeAt,
    offsetsAround,
    instantsOf: (wall) => {
      const [before = 0, ...after] = offsetsAround(wall);
      if (after.length === 0) return [wall - before];
      const shown = [before, ...after].filter((offset) => offsetAt(wall - offset) === offset).map((offset) => wall - offset);
      return shown.length === 0 ? [wall - before] : shown;
    },
  };
};

const formatOf = (name: string): Intl.DateTimeFormat | undefined => {
  // Node takes offsets such as +02:00 for zones; they know no summer time, so that a reader would be surprised.
  if (!/^[A-Za-z]/.test(name)) return undefined;
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      ...({ year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const),
    });
  } catch {
    return undefined;
  }
};
