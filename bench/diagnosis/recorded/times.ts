// Times and ages as kubectl prints them. Pure.

/** `Fri, 21 Nov 2025 19:49:17 +0800` as RFC 3339. */
export const timestampOf = (text: string | undefined): string | undefined => {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} /.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : second(time);
};

/** `93s`, `5m26s`, `2d3h`, `1y20d` in milliseconds. */
export const ageMs = (text: string): number | undefined => {
  if (!/^(?:\d+[ydhms])+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+)([ydhms])/g)].reduce((sum, [, count = "0", unit = ""]) => sum + Number(count) * (unitMs[unit] ?? 0), 0);
};

const unitMs: Readonly<Record<string, number>> = { y: 365 * 86_400_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };

/** `103s (x2 over 5m)`: when last, when first, how often. */
export const occurrences = (text: string, now: number): { readonly lastAt?: string; readonly firstAt?: string; readonly count: number } => {
  const match = /^(\S+?)(?:\s+\(x(\d+) over (\S+)\))?$/.exec(text.trim());
  const last = ageMs(match?.[1] ?? "");
  const first = ageMs(match?.[3] ?? "") ?? last;
  return {
    count: Number(match?.[2] ?? 1),
    ...(last === undefined ? {} : { lastAt: second(now - last) }),
    ...(first === undefined ? {} : { firstAt: second(now - first) }),
  };
};

/**
 * When it was recorded: a local time without its zone, which the texts beside it do have.
 * Caveats: UTC where none of them says.
 */
export const recordedAt = (stamp: string | undefined, texts: Iterable<string>): number => {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.\d+)?(Z|[+-]\d{2}:?\d{2})?$/.exec(stamp ?? "");
  if (match === null) return 0;
  const zone = match[3] ?? zoneIn(texts) ?? "Z";
  const time = Date.parse(`${match[1]}T${match[2]}${zone}`);
  return Number.isNaN(time) ? 0 : time;
};

const zoneIn = (texts: Iterable<string>): string | undefined => {
  for (const text of texts) {
    const zone = /\d{2}:\d{2}:\d{2} ([+-]\d{2})(\d{2})\b/.exec(text);
    if (zone !== null) return `${zone[1]}:${zone[2]}`;
  }
  return undefined;
};

export const second = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.\d+Z$/, "Z");
