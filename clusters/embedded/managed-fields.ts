// The manager of each field: metadata.managedFields, and server-side apply on top of it, after structured-merge-diff in a plain form: a set of
// paths for each manager. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { apiVersionOf } from "#api/object.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import { type Resource } from "#embedded/resources.ts";
import { type Schema, fieldSchema, listKeysOf } from "#embedded/schema.ts";
import { ApiError } from "#embedded/status.ts";

export interface Tracking {
  readonly schema: Schema;
  readonly manager: string;
  readonly subresource?: string | undefined;
  readonly time: string;
}

/** A path in the notation of fieldsV1: `f:spec`, `k:{"name":"web"}`, `v:"x"`; its steps joined by a character no step has. */
type Path = string;
const separator = "\u0000";

interface Entry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time: string;
  readonly subresource?: string;
  readonly fields: ReadonlySet<Path>;
}

/** The part of every object that the server writes has no manager. */
const isOwn = (path: readonly string[]): boolean =>
  path.length === 1
    ? path[0] === "apiVersion" || path[0] === "kind"
    : path[0] === "metadata" && !["labels", "annotations", "finalizers", "ownerReferences"].includes(path[1] ?? "");

/** Every leaf of the value, and every item of a keyed list by its key. */
const leavesOf = (
  schema: Schema | undefined,
  value: unknown,
  fields: readonly string[] = [],
  steps: readonly string[] = [],
  found = new Map<Path, unknown>(),
): Map<Path, unknown> => {
  const isAtomic = schema?.["x-kubernetes-map-type"] === "atomic";
  if (isRecord(value) && !isAtomic && (Object.keys(value).length > 0 || steps.length === 0)) {
    for (const [key, item] of Object.entries(value))
      if (!isOwn([...fields, key])) leavesOf(fieldSchema(schema, key), item, [...fields, key], [...steps, `f:${key}`], found);
    return found;
  }
  const keys = listKeysOf(schema);
  if (Array.isArray(value) && keys !== undefined) {
    for (const item of value as unknown[]) {
      const below = [...steps, `k:${JSON.stringify(keyOf(schema, item, keys))}`];
      found.set([...below, "."].join(separator), null);
      leavesOf(schema?.items, item, fields, below, found);
    }
  } else if (Array.isArray(value) && isSet(schema)) {
    for (const item of value as unknown[]) found.set([...steps, `v:${JSON.stringify(item)}`].join(separator), item);
  } else found.set(steps.join(separator), value);
  return found;
};

const isSet = (schema: Schema | undefined): boolean => schema?.["x-kubernetes-list-type"] === "set";

const keyOf = (list: Schema | undefined, item: unknown, keys: readonly string[]): JsonRecord =>
  Object.fromEntries(keys.map((key) => [key, at(item, key) ?? list?.items?.properties?.[key]?.default ?? ""]));

/** fieldsV1 out of paths. */
const toTree = (paths: Iterable<Path>): JsonRecord => {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let here = root;
    for (const step of path.split(separator)) here = (here[step] ??= {}) as Record<string, unknown>;
  }
  return root;
};

const fromTree = (tree: unknown, steps: readonly string[] = [], found = new Set<Path>()): Set<Path> => {
  const entries = Object.entries(recordOf(tree));
  if (entries.length === 0 && steps.length > 0) found.add(steps.join(separator));
  for (const [step, below] of entries) fromTree(below, [...steps, step], found);
  return found;
};

const entriesOf = (object: JsonRecord | undefined): Entry[] =>
  listOf(at(object, "metadata", "managedFields")).map((item) => ({
    manager: textOf(at(item, "manager")),
    operation: at(item, "operation") === "Apply" ? "Apply" : "Update",
    apiVersion: textOf(at(item, "apiVersion")),
    time: textOf(at(item, "time")),
    ...(at(item, "subresource") === undefined ? {} : { subresource: textOf(at(item, "subresource")) }),
    fields: fromTree(at(item, "fieldsV1")),
  }));

const withEntries = (object: JsonRecord, entries: readonly Entry[]): JsonRecord =>
  withValue(
    object,
    ["metadata", "managedFields"],
    entries
      .filter(({ fields }) => fields.size > 0)
      .map(({ fields, ...rest }) => ({ ...rest, fieldsType: "FieldsV1", fieldsV1: toTree(fields) })),
  );

/** The object with its managedFields as an ordinary write leaves them. */
export const tracked = (old: Stored | undefined, next: JsonRecord, resource: Resource, tracking: Tracking): JsonRecord => {
  const before = leavesOf(tracking.schema, old ?? {});
  const after = leavesOf(tracking.schema, next);
  const changed = new Set(
    [...after].filter(([path, value]) => !before.has(path) || !jsonEqual(before.get(path), value)).map(([path]) => path),
  );
  const entries = entriesOf(old).map((entry) => ({
    ...entry,
    fields: new Set([...entry.fields].filter((path) => after.has(path) && (!changed.has(path) || isSame("Update", entry, tracking)))),
  }));
  if (changed.size === 0) return withEntries(next, entries);
  const own = entries.find((entry) => isSame("Update", entry, tracking));
  const entry = entryOf("Update", resource, tracking, new Set([...(own?.fields ?? []), ...changed]));
  return withEntries(next, [...entries.filter((each) => each !== own), entry]);
};

const isSame = (operation: Entry["operation"], entry: Entry, { manager, subresource }: Tracking): boolean =>
  entry.operation === operation && entry.manager === manager && entry.subresource === subresource;

const entryOf = (
  operation: Entry["operation"],
  resource: Resource,
  { manager, time, subresource }: Tracking,
  fields: ReadonlySet<Path>,
): Entry => ({
  manager,
  operation,
  apiVersion: apiVersionOf(resource),
  time,
  fields,
  ...(subresource === undefined ? {} : { subresource }),
});

export interface Application extends Tracking {
  readonly force: boolean;
}

export interface Applied {
  /** What is wanted, without managedFields. */
  readonly object: JsonRecord;
  track(next: JsonRecord): JsonRecord;
}

/** The stored object merged with the applied one, without the fields that this manager has stopped to apply and no other manager has. */
export const applied = (old: Stored | undefined, config: JsonRecord, resource: Resource, application: Application): Applied => {
  const wanted = leavesOf(application.schema, config);
  const live = leavesOf(application.schema, old ?? {});
  const entries = entriesOf(old);
  const own = entries.find((entry) => isSame("Apply", entry, application));
  const others = entries.filter((entry) => entry !== own);
  const conflicts = [...wanted].flatMap(([path, value]) =>
    live.has(path) && jsonEqual(live.get(path), value)
      ? []
      : others.filter((entry) => entry.fields.has(path)).map((entry) => ({ path, entry })),
  );
  if (conflicts.length > 0 && !application.force) throw applyConflict(conflicts);
  const dropped = [...(own?.fields ?? [])].filter(
    (path) =>
      !wanted.has(path) &&
      !others.some((entry) =>
        [...entry.fields].some((field) => field === path || field.startsWith(`${path.replace(/\0\.$/, "")}${separator}`)),
      ),
  );
  let object: JsonRecord = old ?? {};
  // Whole items first: what was inside them goes with them.
  for (const path of dropped.toSorted((a, b) => a.length - b.length))
    object = recordOf(withoutPath(application.schema, object, path.split(separator)));
  const merged = recordOf(merge(application.schema, object, config));
  return {
    object: merged,
    track: (next) => {
      const force = new Set(conflicts.map(({ path }) => path));
      const present = leavesOf(application.schema, next);
      const entry = entryOf("Apply", resource, application, new Set(wanted.keys()));
      // The time is that of the last apply that changed anything, were it only a value.
      const isUnchanged =
        own !== undefined &&
        jsonEqual([...own.fields].toSorted(), [...entry.fields].toSorted()) &&
        [...wanted].every(([path, value]) => live.has(path) && jsonEqual(live.get(path), value));
      const mine = isUnchanged ? own : entry;
      const rest = entries.map((each) =>
        each === own ? mine : { ...each, fields: new Set([...each.fields].filter((path) => !force.has(path) && present.has(path))) },
      );
      return withEntries(next, own === undefined ? [...rest, mine] : rest);
    },
  };
};

const merge = (schema: Schema | undefined, old: unknown, config: unknown): unknown => {
  if (isRecord(config)) {
    const result: Record<string, unknown> = schema?.["x-kubernetes-map-type"] === "atomic" ? {} : { ...recordOf(old) };
    for (const [key, value] of Object.entries(config)) result[key] = merge(fieldSchema(schema, key), result[key], value);
    return result;
  }
  if (!Array.isArray(config)) return config;
  if (isSet(schema)) return [...new Set([...listOf(old), ...(config as unknown[])])];
  const keys = listKeysOf(schema);
  if (keys === undefined) return config;
  const result = [...listOf(old)];
  for (const item of config as unknown[]) {
    const key = keyOf(schema, item, keys);
    const index = result.findIndex((other) => jsonEqual(keyOf(schema, other, keys), key));
    if (index < 0) result.push(item);
    else result[index] = merge(schema?.items, result[index], item);
  }
  return result;
};

const withoutPath = (schema: Schema | undefined, value: unknown, [step = "", ...rest]: readonly string[]): unknown => {
  const text = step.slice(2);
  if (step.startsWith("f:")) {
    const { [text]: below, ...others } = recordOf(value);
    if (below === undefined) return value;
    if (rest.length === 0) return others;
    const next = withoutPath(fieldSchema(schema, text), below, rest);
    const isEmpty = Array.isArray(next) ? next.length === 0 : isRecord(next) && Object.keys(next).length === 0;
    return isEmpty ? others : { ...others, [text]: next };
  }
  if (step.startsWith("v:")) return listOf(value).filter((item) => JSON.stringify(item) !== text);
  const key = JSON.parse(text) as JsonRecord;
  const fits = (item: unknown): boolean => jsonEqual(keyOf(schema, item, Object.keys(key)), key);
  if (rest[0] === ".") return listOf(value).filter((item) => !fits(item));
  return listOf(value).map((item) => (fits(item) ? withoutPath(schema?.items, item, rest) : item));
};

/** `.spec.containers[name="web"].image`. */
const shownPath = (path: Path): string =>
  path
    .split(separator)
    .filter((step) => step !== ".")
    .map((step) =>
      step.startsWith("f:")
        ? `.${step.slice(2)}`
        : step.startsWith("k:")
          ? `[${Object.entries(JSON.parse(step.slice(2)) as JsonRecord)
              .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
              .join(",")}]`
          : `[=${step.slice(2)}]`,
    )
    .join("");

const applyConflict = (conflicts: readonly { readonly path: Path; readonly entry: Entry }[]): ApiError => {
  const causes = conflicts.map(({ path, entry }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${shownManager(entry)}`,
    field: shownPath(path),
  }));
  const text = causes.map(({ message, field }) => `${message}: ${field}`).join("\n");
  const counted = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
  return new ApiError(409, "Conflict", `Apply failed with ${counted}: ${text}`, { causes });
};

const shownManager = ({ manager, subresource, operation, apiVersion }: Entry): string =>
  `${JSON.stringify(manager)}${subresource === undefined ? "" : ` with subresource ${JSON.stringify(subresource)}`}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
