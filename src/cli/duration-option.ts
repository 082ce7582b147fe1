// A length of time as an option: 30s, 5m, 2h, 7d. Pure.
import { misuse } from "#cli/failure.ts";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const parsedDuration = (text: string): number | undefined => {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = unitMs[unit];
  return ms === undefined ? undefined : Number(count) * ms;
};

export const durationMs = (text: string): number => {
  const ms = parsedDuration(text);
  if (ms === undefined || ms === 0) throw misuse(`"${text}" is not a duration: use a number with s, m, h or d, such as 5s`);
  return ms;
};
