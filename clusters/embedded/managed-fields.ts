// Who wrote which field: metadata.managedFields, and server-side apply on top of it, after structured-merge-diff in a plain form: a set of
// paths for each manager. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { type JsonRecord, type Stored, at, isRecord, listOf, recordOf, textOf, withValue } from "#embedded/json.ts";
import { type Resource, apiVersionOf } from "#embedded/resources.ts";
import { ApiError } from "#embedded/status.ts";

export type ListKeysOf = (path: readonly string[]) => readonly string[] | undefined;

export interface Tracking {
  readonly listKeys: ListKeysOf;
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

/** The server's own part of every object belongs to nobody. */
const isOwn = (path: readonly string[]): boolean =>
  path.length === 1
    ? path[0] === "apiVersion" || path[0] === "kind"
    : path[0] === "metadata" && !["labels", "annotations", "finalizers", "ownerReferences"].includes(path[1] ?? "");

/** Every leaf of the value, and every item of a keyed list by its key. */
const leavesOf = (
  listKeys: ListKeysOf,
  value: unknown,
  fields: readonly string[] = [],
  steps: readonly string[] = [],
  found = new Map<Path, unknown>(),
): Map<Path, unknown> => {
  if (isRecord(value) && (Object.keys(value).length > 0 || steps.length === 0)) {
    for (const [key, item] of Object.entries(value))
      if (!isOwn([...fields, key])) leavesOf(listKeys, item, [...fields, key], [...steps, `f:${key}`], found);
    return found;
  }
  const keys = Array.isArray(value) ? listKeys(fields) : undefined;
  if (Array.isArray(value) && keys !== undefined) {
    for (const item of value as unknown[]) {
      const below = [...steps, `k:${JSON.stringify(keyOf(item, keys))}`];
      found.set([...below, "."].join(separator), null);
      leavesOf(listKeys, item, fields, below, found);
    }
    return found;
  }
  if (Array.isArray(value) && fields.join(".") === "metadata.finalizers") {
    for (const item of value as unknown[]) found.set([...steps, `v:${JSON.stringify(item)}`].join(separator), item);
    return found;
  }
  found.set(steps.join(separator), value);
  return found;
};

const keyOf = (item: unknown, keys: readonly string[]): JsonRecord =>
  Object.fromEntries(keys.map((key) => [key, at(item, key) ?? (key === "protocol" ? "TCP" : "")]));

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
  const before = leavesOf(tracking.listKeys, old ?? {});
  const after = leavesOf(tracking.listKeys, next);
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

/** What is there and what is applied, together; what this manager applied before and applies no longer is taken away, unless somebody else has it too. */
export const applied = (old: Stored | undefined, config: JsonRecord, resource: Resource, application: Application): Applied => {
  const wanted = leavesOf(application.listKeys, config);
  const live = leavesOf(application.listKeys, old ?? {});
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
  for (const path of dropped.toSorted((a, b) => a.length - b.length)) object = recordOf(withoutPath(object, path.split(separator), []));
  const merged = recordOf(merge(application.listKeys, object, config, []));
  return {
    object: merged,
    track: (next) => {
      const force = new Set(conflicts.map(({ path }) => path));
      const present = leavesOf(application.listKeys, next);
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

const merge = (listKeys: ListKeysOf, old: unknown, config: unknown, fields: readonly string[]): unknown => {
  if (isRecord(config)) {
    const result: Record<string, unknown> = { ...recordOf(old) };
    for (const [key, value] of Object.entries(config)) result[key] = merge(listKeys, result[key], value, [...fields, key]);
    return result;
  }
  const keys = Array.isArray(config) ? listKeys(fields) : undefined;
  if (Array.isArray(config) && keys !== undefined) {
    const result = [...listOf(old)];
    for (const item of config as unknown[]) {
      const key = keyOf(item, keys);
      const index = result.findIndex((other) => jsonEqual(keyOf(other, keys), key));
      if (index < 0) result.push(item);
      else result[index] = merge(listKeys, result[index], item, fields);
    }
    return result;
  }
  if (Array.isArray(config) && fields.join(".") === "metadata.finalizers") return [...new Set([...listOf(old), ...(config as unknown[])])];
  return config;
};

const withoutPath = (value: unknown, steps: readonly string[], fields: readonly string[]): unknown => {
  const [step = "", ...rest] = steps;
  if (step.startsWith("f:")) {
    const key = step.slice(2);
    const { [key]: below, ...others } = recordOf(value);
    if (below === undefined) return value;
    if (rest.length === 0) return others;
    const next = withoutPath(below, rest, [...fields, key]);
    const empty = Array.isArray(next) ? next.length === 0 : isRecord(next) && Object.keys(next).length === 0;
    return empty ? others : { ...others, [key]: next };
  }
  if (step.startsWith("v:")) return listOf(value).filter((item) => JSON.stringify(item) !== step.slice(2));
  if (step.startsWith("k:")) {
    const key = JSON.parse(step.slice(2)) as JsonRecord;
    const fits = (item: unknown): boolean => jsonEqual(keyOf(item, Object.keys(key)), key);
    if (rest[0] === ".") return listOf(value).filter((item) => !fits(item));
    return listOf(value).map((item) => (fits(item) ? withoutPath(item, rest, fields) : item));
  }
  return value;
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
  const [first] = causes;
  const byManager = Object.entries(Object.groupBy(causes, (cause) => cause.message.replace(/^conflict /, "conflicts ")));
  const text =
    causes.length === 1 && first !== undefined
      ? `${first.message}: ${first.field}`
      : byManager.map(([manager, each = []]) => [`${manager}:`, ...each.map((cause) => `- ${cause.field}`)].join("\n")).join("\n");
  const counted = causes.length === 1 ? "1 conflict" : `${causes.length} conflicts`;
  return new ApiError(409, "Conflict", `Apply failed with ${counted}: ${text}`, { causes });
};

const shownManager = ({ manager, subresource, operation, apiVersion }: Entry): string =>
  `${JSON.stringify(manager)}${subresource === undefined ? "" : ` with subresource ${JSON.stringify(subresource)}`}${operation === "Update" ? ` using ${apiVersion}` : ""}`;
