// Who wrote what, as the API server records it in managedFields. Pure; where the record does not say, the answer is "unknown".
import type { ObjectMeta } from "#api/object.ts";
import { type FieldDifference, fieldText, isPlain, nameOf, type Step } from "#cluster/journal/field-differences.ts";
import { fromTimestamp } from "#lib/clock.ts";

type ManagedFields = ObjectMeta["managedFields"];

interface Entry {
  readonly manager: string;
  /** Epoch milliseconds: when this manager last changed one of its fields, in whole seconds. */
  readonly at: number;
  readonly subresource: string;
  readonly fields: unknown;
}

export const unknownManager = "unknown";

const maxNameLength = 128;

const entriesOf = (managedFields: ManagedFields): readonly Entry[] =>
  (managedFields ?? []).flatMap((entry) => {
    const at = fromTimestamp(entry.time);
    if (at === undefined || typeof entry.manager !== "string") return [];
    const { subresource = "" } = entry;
    return [{ manager: entry.manager.slice(0, maxNameLength), at, subresource, fields: (entry as { fieldsV1?: unknown }).fieldsV1 }];
  });

export interface LastWrite {
  readonly by: string;
  readonly at: number;
}

/** The newest write of anything but the status; undefined where nothing is recorded. */
export const lastWrite = (managedFields: ManagedFields): LastWrite | undefined =>
  newest(entriesOf(managedFields).filter(({ subresource }) => subresource !== "status"));

/** The oldest write: who made it, as far as that is still recorded. */
export const firstWrite = (managedFields: ManagedFields): LastWrite | undefined => {
  const first = entriesOf(managedFields).toSorted((a, b) => a.at - b.at)[0];
  return first === undefined ? undefined : { by: first.manager, at: first.at };
};

/**
 * The author and the time of each difference. `since`: the newest write that was known before. A removed field has no manager any more:
 * its author is the manager that has written since, and unknown without such a record.
 */
export const writersOf = (
  managedFields: ManagedFields,
  differences: readonly FieldDifference[],
  since: number,
): readonly (LastWrite | undefined)[] => {
  const entries = entriesOf(managedFields);
  return differences.map(({ steps }) => {
    const inStatus = steps[0] !== undefined && "field" in steps[0] && steps[0].field === "status";
    const writers = entries.filter(({ subresource }) => (subresource === "status") === inStatus);
    const held = writers.map((entry) => ({ entry, depth: heldDepth(entry.fields, steps) }));
    const deepest = Math.max(...held.map(({ depth }) => depth));
    const owner = deepest < 0 ? undefined : newest(held.flatMap(({ entry, depth }) => (depth === deepest ? [entry] : [])));
    if (owner !== undefined) return owner;
    const last = newest(writers);
    return last !== undefined && last.at > since ? last : undefined;
  });
};

const newest = (entries: readonly Entry[]): LastWrite | undefined => {
  const last = entries.toSorted((a, b) => a.at - b.at).at(-1);
  return last === undefined ? undefined : { by: last.manager, at: last.at };
};

/**
 * How many of the steps to a field this `fieldsV1` holds; -1 where it does not hold the field. An empty set on the way is a leaf: all that is
 * below an atomic field, or only the bare map, whose fields others hold. Who holds more of the way is nearer to the truth.
 */
const heldDepth = (fields: unknown, steps: readonly Step[]): number => {
  let at: unknown = fields;
  for (const [depth, step] of steps.entries()) {
    if (!isPlain(at)) return -1;
    if (depth > 0 && Object.keys(at).length === 0) return depth;
    at = "field" in step ? at[`f:${step.field}`] : itemIn(at, step.item);
    if (at === undefined) return -1;
  }
  return isPlain(at) ? steps.length : -1;
};

const itemIn = (fields: Readonly<Record<string, unknown>>, item: Readonly<Record<string, unknown>>): unknown => {
  for (const [key, below] of Object.entries(fields)) {
    if (!key.startsWith("k:")) continue;
    const wanted = parsedKey(key.slice(2));
    if (wanted !== undefined && Object.entries(wanted).every(([name, value]) => (item[name] ?? defaultOf(name)) === value)) return below;
  }
  return undefined;
};

/** Part of a port's key, and left out of what people write. */
const defaultOf = (name: string): unknown => (name === "protocol" ? "TCP" : undefined);

const parsedKey = (text: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const key: unknown = JSON.parse(text);
    return isPlain(key) ? key : undefined;
  } catch {
    return undefined;
  }
};

export interface RecordedWrite extends LastWrite {
  /** Paths of some of the fields that the manager holds. */
  readonly fields: readonly string[];
}

const maxFields = 6;

/** Every manager's last write except status writes, newest first: all that is known of an object that was not watched. */
export const recordedWrites = (managedFields: ManagedFields): readonly RecordedWrite[] =>
  entriesOf(managedFields)
    .filter(({ subresource }) => subresource !== "status")
    .map(({ manager, at, fields }) => ({ by: manager, at, fields: leavesOf(fields, [], []).slice(0, maxFields) }))
    .toSorted((a, b) => b.at - a.at);

const ignoredLeaves = /^metadata\.annotations(?:$|\[kubectl\.kubernetes\.io\/last-applied-configuration\])|^metadata\.labels$/;

const leavesOf = (fields: unknown, steps: readonly Step[], found: string[]): string[] => {
  if (found.length >= maxFields) return found;
  const inside = isPlain(fields) ? Object.entries(fields).filter(([key]) => key.startsWith("f:") || key.startsWith("k:")) : [];
  if (inside.length === 0) {
    const text = fieldText(steps);
    if (text !== "" && !ignoredLeaves.test(text)) found.push(text);
    return found;
  }
  for (const [key, below] of inside) leavesOf(below, [...steps, stepOf(key)], found);
  return found;
};

const stepOf = (key: string): Step => {
  if (key.startsWith("f:")) return { field: key.slice(2) };
  const item = parsedKey(key.slice(2)) ?? {};
  return { item, name: nameOf(item) ?? "?" };
};

/** Of a Secret's metadata: the names of its keys, and when its data was last written. Never a value: the record has none. */
export const secretWrites = (managedFields: ManagedFields): { readonly keys: readonly string[]; readonly dataWrittenAt?: string } => {
  const entries = entriesOf(managedFields).filter(({ fields }) => isPlain(fields) && isPlain(fields["f:data"]));
  const keys = entries.flatMap(({ fields }) => Object.keys((fields as { "f:data": object })["f:data"]));
  const names = [...new Set(keys.filter((key) => key.startsWith("f:")).map((key) => key.slice(2)))].toSorted();
  const last = newest(entries);
  return { keys: names, ...(last === undefined ? {} : { dataWrittenAt: new Date(last.at).toISOString() }) };
};
