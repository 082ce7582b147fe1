// Takes secrets out of two versions of an object while a difference between them stays visible. Pure.
import { redact, redactValue } from "#lib/redact.ts";

const mask = "[redacted]";
const otherMask = "[redacted: another value]";

/** Masked: what a Secret holds, values of variables with a secret's name, and whatever redact() finds in a text. */
export const maskPair = (before: unknown, after: unknown, kind: string): readonly [unknown, unknown] => {
  if (kind !== "Secret") return pair(before, after);
  return [secretOf(before, after, mask), secretOf(after, before, otherMask)];
};

const pair = (before: unknown, after: unknown): readonly [unknown, unknown] => {
  if (isText(before) || isText(after)) return textPair(before, after, redact);
  if (Array.isArray(before) || Array.isArray(after)) {
    const pairs = Array.from({ length: Math.max(lengthOf(before), lengthOf(after)) }, (_, at) =>
      itemPair([itemAt(before, at), itemAt(after, at)], [itemAt(before, at - 1), itemAt(after, at - 1)]),
    );
    return [
      Array.isArray(before) ? pairs.slice(0, before.length).map(([a]) => a) : before,
      Array.isArray(after) ? pairs.slice(0, after.length).map(([, b]) => b) : after,
    ];
  }
  if (!isMap(before) && !isMap(after)) return [before, after];
  const keys = new Set([...Object.keys(isMap(before) ? before : {}), ...Object.keys(isMap(after) ? after : {})]);
  const pairs = [...keys].map((key) => [key, pair(valueOf(before, key), valueOf(after, key))] as const);
  const side = (value: unknown, index: 0 | 1): unknown =>
    isMap(value) ? Object.fromEntries(pairs.filter(([key]) => Object.hasOwn(value, key)).map(([key, both]) => [key, both[index]])) : value;
  return [side(before, 0), side(after, 1)];
};

type Pair = readonly [unknown, unknown];

/** `["--password", "…"]`: the word before it says that a word is secret. */
const itemPair = ([before, after]: Pair, [flagBefore, flagAfter]: Pair): Pair => {
  if (!isText(before) && !isText(after)) return variablePair(before, after);
  const flag = [flagBefore, flagAfter].find((word) => isText(word) && /^--?[A-Za-z][\w.-]*$/.test(word));
  return isText(flag) ? textPair(before, after, (text) => maskVariable(flag.replace(/^-+/, ""), text)) : pair(before, after);
};

/** `{name: DB_PASSWORD, value: …}`: the name says that the value is secret. */
const variablePair = (before: unknown, after: unknown): readonly [unknown, unknown] => {
  const [a, b] = pair(before, after);
  const [valueA, valueB] = textPair(valueOf(before, "value"), valueOf(after, "value"), (text) =>
    maskVariable(valueOf(before, "name") ?? valueOf(after, "name"), text),
  );
  return [withValue(a, valueA), withValue(b, valueB)];
};

const maskVariable = (name: unknown, text: string): string => {
  if (!isText(name)) return redact(text);
  const masked = redactValue({ [name]: text }) as Record<string, unknown>;
  return masked[name] === mask ? mask : redact(text);
};

const withValue = (item: unknown, value: unknown): unknown => (isMap(item) && isText(item["value"]) ? { ...item, value } : item);

const textPair = (before: unknown, after: unknown, hide: (text: string) => string): readonly [unknown, unknown] => {
  const a = isText(before) ? hide(before) : before;
  const b = isText(after) ? hide(after) : after;
  return isText(before) && isText(after) && before !== after && a === b
    ? [a, a === mask ? otherMask : `${String(b)} ${otherMask}`]
    : [a, b];
};

const secretOf = (object: unknown, other: unknown, differing: string): unknown => {
  if (!isMap(object)) return object;
  const hidden = (field: string): unknown => {
    const values = object[field];
    const others = valueOf(other, field);
    if (!isMap(values)) return values;
    return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, value === valueOf(others, key) ? mask : differing]));
  };
  return Object.fromEntries(
    Object.entries(object).map(([field, value]) => [
      field,
      field === "data" || field === "stringData" ? hidden(field) : pair(value, value)[0],
    ]),
  );
};

const isText = (value: unknown): value is string => typeof value === "string";
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const valueOf = (value: unknown, key: string): unknown => (isMap(value) && Object.hasOwn(value, key) ? value[key] : undefined);
const itemAt = (value: unknown, at: number): unknown => (Array.isArray(value) ? (value as unknown[])[at] : undefined);
const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);
