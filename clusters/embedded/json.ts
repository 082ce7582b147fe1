// Plain JSON as the server handles it: reading without trusting, deep copies, deep freezing. Knows nothing of Kubernetes but its metadata.

import type { KubeObject, ObjectMeta } from "#api/object.ts";

export type JsonRecord = Readonly<Record<string, unknown>>;

/** Any object as the server stores it: frozen, and shared by all readers. */
export interface Stored extends Readonly<KubeObject> {
  readonly metadata: StoredMeta;
  readonly [field: string]: unknown;
}
export interface StoredMeta extends Readonly<ObjectMeta> {
  readonly generateName?: string;
  readonly deletionGracePeriodSeconds?: number;
}

export const isRecord = (value: unknown): value is JsonRecord => typeof value === "object" && value !== null && !Array.isArray(value);

/** The record at a place; an empty one where there is none. */
export const recordOf = (value: unknown): JsonRecord => (isRecord(value) ? value : {});
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
export const numberOf = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** The value at a path of own properties and indexes. */
export const at = (value: unknown, ...path: readonly (string | number)[]): unknown => {
  let here = value;
  for (const step of path) {
    if (Array.isArray(here)) here = (here as unknown[])[Number(step)];
    else if (isRecord(here) && Object.hasOwn(here, step)) here = here[step];
    else return undefined;
  }
  return here;
};

/** A copy with `value` at the path, records made on the way; `undefined` removes what is there. */
export const withValue = (target: unknown, path: readonly string[], value: unknown): JsonRecord => {
  const [step, ...rest] = path;
  const record = recordOf(target);
  if (step === undefined) return recordOf(value);
  const next =
    rest.length === 0 ? value : value === undefined && !isRecord(record[step]) ? record[step] : withValue(record[step], rest, value);
  if (next !== undefined) return { ...record, [step]: next };
  const { [step]: _removed, ...others } = record;
  return others;
};

/** A whole number, or a percentage of all. */
export const shareOf = (value: unknown, of: number, round: (share: number) => number = Math.ceil): number => {
  const text = textOf(value);
  return text.endsWith("%") ? round((Number(text.slice(0, -1)) * of) / 100) : (numberOf(value) ?? 0);
};

export const without = (record: JsonRecord, ...keys: readonly string[]): JsonRecord =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)));

export const deepFreeze = <T>(value: T): T => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
};
