// Canonical JSON and the hashes over it: two equal values have one text, on every machine and in every version.
import { createHash } from "node:crypto";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** Keys in code-unit order, no white space, `undefined` left out (RFC 8785 for the values Kubernetes has). */
export const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(",")}}`;
  }
  return JSON.stringify(value ?? null);
};

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The hash that binds an approval: SHA-256 in lower-case hex over the canonical JSON. */
export const hashOf = (value: unknown): string => sha256(canonicalJson(value));

/** Whether both have the same canonical text, found without writing it. */
export const jsonEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => jsonEqual(item ?? null, (b as unknown[])[index] ?? null));
  if (!isObject(a) || !isObject(b)) return !isObject(a) && !isObject(b) && canonicalJson(a) === canonicalJson(b);
  if (Array.isArray(b)) return false;
  for (const key of Object.keys(a)) if (a[key] !== undefined && (!has(b, key) || !jsonEqual(a[key], b[key]))) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && !has(a, key)) return false;
  return true;
};

/** Its own: a key may be called `constructor`. */
const has = (object: Readonly<Record<string, unknown>>, key: string): boolean => Object.hasOwn(object, key) && object[key] !== undefined;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;
