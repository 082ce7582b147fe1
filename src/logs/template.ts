// The constant part of a message: what varies from one occurrence to the next becomes a mark. Pure, and linear in the message.

const messageAtMost = 600;

type Mark = readonly [pattern: RegExp, mark: string];

/** Forms that hold what would be kept: a time has colons with digits. */
const whole: readonly Mark[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, "<id>"],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?/g, "<time>"],
  [/\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/g, "<ip>"],
];

/** In this order: longer forms first. */
const variables: readonly Mark[] = [
  [/\b0x[0-9a-f]{1,16}\b/gi, "<hex>"],
  [/\b(?=[0-9a-f]{0,63}\d)[0-9a-f]{12,64}\b/gi, "<hex>"],
  [/\b\d{1,12}(?:\.\d{1,9})?(?:ns|µs|us|ms|s|m|h|%|[kKMGT]i?B?)\b/g, "<n>"],
  [/\d{1,20}(?:\.\d{1,9})?/g, "<n>"],
];

/** Ports and HTTP statuses stay: they distinguish faults. */
const kept = /(?::\d{2,5}\b(?!\.\d))|\b[45]\d\d\b/g;

export const templateOf = (message: string): string => {
  const text = message.slice(0, messageAtMost);
  const keep: string[] = [];
  let masked = whole
    .reduce((masking, [pattern, mark]) => masking.replaceAll(pattern, mark), text)
    .replaceAll(kept, (found) => {
      keep.push(found);
      return `\u0000${String.fromCharCode(0xe000 + keep.length - 1)}`;
    });
  for (const [pattern, mark] of variables) masked = masked.replaceAll(pattern, mark);
  // oxlint-disable-next-line no-control-regex
  return masked.replaceAll(/\u0000([\ue000-\uf8ff])/g, (_, letter: string) => keep[letter.charCodeAt(0) - 0xe000] ?? "");
};
