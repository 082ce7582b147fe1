// Takes secrets out of two versions of an object while a difference between them stays visible. Pure.
import { redact } from "#lib/redact.ts";
import { hiddenLiteral, isTelling } from "#lib/redact/literal.ts";
import { mark as mask } from "#lib/redact/spans.ts";
import { isSecretArgument, isSecretName } from "#lib/redact/structure.ts";

const otherMask = "[redacted: another value]";
/** How it differs, as far as that gives nothing away: what is approved is bound by its hash. */
const otherThan = (before: string, after: string): string => {
  if (after === "") return "[redacted: now empty]";
  if (before.length === after.length) return "[redacted: another value, as long]";
  return `[redacted: another value, ${after.length > before.length ? "longer" : "shorter"}]`;
};

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
  const pairs = [...keys].map((key) => [key, fieldPair(key, valueOf(before, key), valueOf(after, key))] as const);
  const side = (value: unknown, index: 0 | 1): unknown =>
    isMap(value) ? Object.fromEntries(pairs.filter(([key]) => Object.hasOwn(value, key)).map(([key, both]) => [key, both[index]])) : value;
  return [side(before, 0), side(after, 1)];
};

type Pair = readonly [unknown, unknown];

const hideAll = (): string => mask;

const fieldPair = (name: string, before: unknown, after: unknown): Pair => {
  if (name === "env") return environmentPair(before, after);
  return (isText(before) || isText(after)) && isSecretName(name) ? textPair(before, after, hideAll) : pair(before, after);
};

/** Of variables a person sees words, numbers, hosts, ports, addresses and paths; nothing else is needed to judge a repair. */
const environmentPair = (before: unknown, after: unknown): Pair => {
  const [a, b] = pair(before, after);
  if (!Array.isArray(a) && !Array.isArray(b)) return [a, b];
  const length = Math.max(lengthOf(a), lengthOf(b));
  const values = Array.from({ length }, (_, at) => literalPair([itemAt(before, at), itemAt(after, at)], [itemAt(a, at), itemAt(b, at)]));
  return [
    Array.isArray(a) ? values.slice(0, a.length).map(([each]) => each) : a,
    Array.isArray(b) ? values.slice(0, b.length).map(([, each]) => each) : b,
  ];
};

const literalPair = ([before, after]: Pair, [a, b]: Pair): Pair => {
  const [from, to] = [valueOf(a, "value"), valueOf(b, "value")];
  const shownFrom = isText(from) && !from.startsWith(mask.slice(0, -1)) && !isTelling(from) ? hiddenLiteral : from;
  const shownTo = isText(to) && !to.startsWith(mask.slice(0, -1)) && !isTelling(to) ? hiddenLiteral : to;
  const isOther = shownTo === hiddenLiteral && shownFrom === hiddenLiteral && valueOf(before, "value") !== valueOf(after, "value");
  return [withValue(a, shownFrom), withValue(b, isOther ? "[another value]" : shownTo)];
};

/** `["--password", "…"]`: the word before it says that a word is secret. */
const itemPair = ([before, after]: Pair, [flagBefore, flagAfter]: Pair): Pair => {
  if (!isText(before) && !isText(after)) return variablePair(before, after);
  const isSecret = [flagBefore, flagAfter].some((word) => [before, after].some((each) => isText(each) && isSecretArgument(word, each)));
  return isSecret ? textPair(before, after, hideAll) : pair(before, after);
};

/** `{name: DB_PASSWORD, value: …}`: the name says that the value is secret. */
const variablePair = (before: unknown, after: unknown): readonly [unknown, unknown] => {
  const [a, b] = pair(before, after);
  const [valueA, valueB] = textPair(valueOf(before, "value"), valueOf(after, "value"), (text) =>
    maskVariable(valueOf(before, "name") ?? valueOf(after, "name"), text),
  );
  return [withValue(a, valueA), withValue(b, valueB)];
};

const maskVariable = (name: unknown, text: string): string => (isText(name) && isSecretName(name) ? mask : redact(text));

const withValue = (item: unknown, value: unknown): unknown => (isMap(item) && isText(item["value"]) ? { ...item, value } : item);

const textPair = (before: unknown, after: unknown, hide: (text: string) => string): readonly [unknown, unknown] => {
  const a = isText(before) ? hide(before) : before;
  const b = isText(after) ? hide(after) : after;
  return isText(before) && isText(after) && before !== after && a === b
    ? [a, a === mask ? otherThan(before, after) : `${String(b)} ${otherMask}`]
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
