// Plain data as lines of YAML, each with its place, for diffs. Pure; for reading only, never parsed again.

export interface Line {
  readonly text: string;
  /** The path of what encloses it, such as `spec.template.spec.containers[app]`. */
  readonly place: string;
}

export const linesOf = (value: unknown): Line[] => (value === undefined ? [] : block(value, "", ""));

const block = (value: unknown, indent: string, place: string): Line[] => {
  if (Array.isArray(value)) return value.flatMap((item: unknown, at) => dashed(item, indent, `${place}[${nameOf(item) ?? at}]`));
  return Object.entries(value as Readonly<Record<string, unknown>>)
    .filter(([, child]) => child !== undefined)
    .toSorted(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .flatMap(([key, child]) => member(key, child, indent, place));
};

const member = (key: string, value: unknown, indent: string, place: string): Line[] => {
  const head = `${indent}${plain(key)}:`;
  const inside = place === "" ? key : `${place}.${key}`;
  if (isEmptyOrScalar(value)) return texts(value, head, indent, place);
  // As kubectl writes it: items stand under their key without a further indent.
  return [{ text: head, place }, ...block(value, Array.isArray(value) ? indent : `${indent}  `, inside)];
};

const dashed = (item: unknown, indent: string, place: string): Line[] => {
  if (isEmptyOrScalar(item)) return texts(item, `${indent}-`, indent, place);
  const [first, ...rest] = block(item, `${indent}  `, place);
  return first === undefined ? [] : [{ ...first, text: `${indent}- ${first.text.slice(indent.length + 2)}` }, ...rest];
};

const texts = (value: unknown, head: string, indent: string, place: string): Line[] => {
  if (typeof value !== "string" || !value.includes("\n")) return [{ text: `${head} ${scalar(value)}`, place }];
  return [{ text: `${head} |`, place }, ...value.split("\n").map((line) => ({ text: `${indent}  ${line}`, place }))];
};

const scalar = (value: unknown): string => {
  if (Array.isArray(value)) return "[]";
  if (typeof value === "object" && value !== null) return "{}";
  return typeof value === "string" ? plain(value) : JSON.stringify(value ?? null);
};

/** Quoted if YAML could take it for something else. */
const plain = (text: string): string =>
  quantity.test(text) || (word.test(text) && !/:(?: |$)| $/.test(text) && !keyword.test(text)) ? text : JSON.stringify(text);
const quantity = /^\d+(?:m|[kMGTPE]i?)$/;
const word = /^[A-Za-z_/.][-\w./@:%+ ]*$/;
const keyword = /^(?:true|false|null|yes|no|on|off|y|n)$/i;

const isEmptyOrScalar = (value: unknown): boolean => typeof value !== "object" || value === null || Object.keys(value).length === 0;

const nameOf = (item: unknown): string | undefined => {
  const name = typeof item === "object" && item !== null ? (item as { name?: unknown }).name : undefined;
  return typeof name === "string" ? name : undefined;
};

/** What names a thing comes first, as people write it. */
const order = ["apiVersion", "kind", "metadata", "name", "namespace"];
const rank = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length);
