// One window of a policy, compiled: once from one time to another, or again and again by a schedule. Pure.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { compileSchedule, isScheduleProblem } from "#policy/schedule.ts";

export type Freeze = NonNullable<RemediationPolicy["spec"]["freezes"]>[number];

export interface Window {
  readonly name: string;
  /** When it closes, in milliseconds since the epoch; undefined where it is not open at `now`. */
  readonly openUntil: (now: number) => number | undefined;
}

export interface WindowProblem {
  /** Below the freeze: `.schedule.cron`. */
  readonly field: string;
  /** From 1. */
  readonly column: number;
  readonly message: string;
}

export const isWindowProblem = (compiled: Window | WindowProblem): compiled is WindowProblem => "field" in compiled;

/** A window that could never be open is a problem, not a window without effect. */
export const compileWindow = ({ name, from, to, schedule }: Freeze): Window | WindowProblem => {
  if (schedule !== undefined) {
    const compiled = compileSchedule(schedule);
    if (isScheduleProblem(compiled)) return { ...compiled, field: `.schedule.${compiled.field}` };
    if (from === undefined && to === undefined) return { name, openUntil: compiled.openUntil };
  } else if (from !== undefined && to !== undefined) return between(name, from, to);
  return { field: "", column: 1, message: "a freeze has a schedule, or else from and to" };
};

const between = (name: string, from: string, to: string): Window | WindowProblem => {
  const [start, end] = [fromTimestamp(from), fromTimestamp(to)];
  if (start === undefined) return { field: ".from", column: 1, message: `"${from}" is not a time, such as 2030-01-31T08:00:00Z` };
  if (end === undefined) return { field: ".to", column: 1, message: `"${to}" is not a time, such as 2030-01-31T08:00:00Z` };
  if (end <= start) return { field: ".to", column: 1, message: "the window ends before it begins" };
  return { name, openUntil: (now) => (start <= now && now < end ? end : undefined) };
};
