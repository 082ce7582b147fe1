// Lengths of time and points in time as people read them. Pure; all times are UTC.

/** `850ms`, `4.2s`, `38s`, `2m 5s`, `3h 4m`, `2d 3h`. Negative lengths carry a minus. */
export const durationText = (ms: number): string => {
  if (ms < 0) return `-${durationText(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = ms / 1000;
  if (seconds < 10 && ms % 1000 >= 50 && ms % 1000 < 950) return `${seconds.toFixed(1)}s`;
  if (Math.round(seconds) < 60) return `${Math.round(seconds)}s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(Math.floor(whole / 60), "m", whole % 60, "s");
  if (whole < 86_400) return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "m");
  return pair(Math.floor(whole / 86_400), "d", Math.floor((whole % 86_400) / 3600), "h");
};

const pair = (major: number, majorUnit: string, minor: number, minorUnit: string): string =>
  minor === 0 ? `${major}${majorUnit}` : `${major}${majorUnit} ${minor}${minorUnit}`;

/** As kubectl writes an age: `45s`, `12m`, `5h`, `3d`. */
export const ageText = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
};

/** `14:02:10` */
export const timeOfDay = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 19);

/** `2027-03-01 14:02:10` */
export const dateAndTime = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 19).replace("T", " ");

/** Distance from a start, with its sign: `+4.2s`, `-1m 5s`, `+0s`. */
export const offsetText = (ms: number): string => (ms === 0 ? "+0s" : ms < 0 ? durationText(ms) : `+${durationText(ms)}`);
