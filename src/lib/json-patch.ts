// JSON Patch (RFC 6902) and JSON Pointer (RFC 6901) over plain data. Pure: never changes the document it is given.
import { jsonEqual } from "#lib/canonical-json.ts";

export type JsonPatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: unknown }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };
export type JsonPatch = readonly JsonPatchOperation[];

/** `guard`: a `test` did not hold. `path`: a place that is not there. `malformed`: not a patch, or past a bound. */
export type JsonPatchFault = "guard" | "path" | "malformed";

export class JsonPatchError extends Error {
  readonly fault: JsonPatchFault;
  readonly operation: number;
  constructor(fault: JsonPatchFault, operation: number, message: string) {
    super(message);
    this.name = "JsonPatchError";
    this.fault = fault;
    this.operation = operation;
  }
}

export const maxOperations = 10_000;
export const maxDepth = 128;
/** Copies may double a document each time; the API server has the same bound for the same reason. */
export const maxCopiedBytes = 8 * 1024 * 1024;

export const escapeSegment = (segment: string | number): string => String(segment).replaceAll("~", "~0").replaceAll("/", "~1");

/** `pointer("metadata", "labels", "a/b")` is `/metadata/labels/a~1b`. */
export const pointer = (...segments: readonly (string | number)[]): string =>
  segments.map((segment) => `/${escapeSegment(segment)}`).join("");

/** The segments of a pointer; undefined where it is not one. */
export const parsePointer = (text: string): readonly string[] | undefined => {
  if (text === "") return [];
  if (!text.startsWith("/") || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
};

/** The value at a pointer; undefined where there is none. */
export const valueAt = (document: unknown, path: string): unknown => {
  const segments = parsePointer(path);
  if (segments === undefined) return undefined;
  let value = document;
  for (const segment of segments) value = childOf(value, segment);
  return value;
};

/**
 * Applies every operation in order and returns the new document; unchanged parts are shared with the old one.
 * Guarantees: all or nothing; throws JsonPatchError with the index of the operation that failed.
 */
export const applyPatch = (document: unknown, patch: JsonPatch): unknown => {
  if (patch.length > maxOperations) throw new JsonPatchError("malformed", maxOperations, `a patch has at most ${maxOperations} operations`);
  let copiedBytes = 0;
  let result = document;
  patch.forEach((operation, index) => {
    const fail = (fault: JsonPatchFault, message: string): never => {
      throw new JsonPatchError(fault, index, `operation ${index} (${operation.op} ${operation.path}): ${message}`);
    };
    const read = (path: string): readonly string[] => {
      const segments = parsePointer(path) ?? fail("malformed", `"${path}" is not a JSON pointer`);
      return segments.length > maxDepth ? fail("malformed", `a pointer has at most ${maxDepth} segments`) : segments;
    };
    const present = (path: string): unknown => {
      const value = valueAt(result, path);
      return value === undefined ? fail("path", `nothing is at "${path}"`) : value;
    };
    const path = read(operation.path);
    switch (operation.op) {
      case "test":
        // An absent value equals nothing, not even null: as the API server has it for everything but null.
        if (!jsonEqual(valueAt(result, operation.path), operation.value)) fail("guard", "the value is another one");
        return;
      case "add":
        result = edit(result, path, { kind: "add", value: operation.value }, fail);
        return;
      case "replace":
        present(operation.path);
        result = edit(result, path, { kind: "replace", value: operation.value }, fail);
        return;
      case "remove":
        present(operation.path);
        result = edit(result, path, { kind: "remove" }, fail);
        return;
      case "copy": {
        read(operation.from);
        const value = present(operation.from);
        copiedBytes += JSON.stringify(value).length;
        if (copiedBytes > maxCopiedBytes) fail("malformed", `the copies exceed ${maxCopiedBytes} bytes`);
        result = edit(result, path, { kind: "add", value }, fail);
        return;
      }
      case "move": {
        const from = read(operation.from);
        const value = present(operation.from);
        if (operation.path.startsWith(`${operation.from}/`)) fail("malformed", "a value cannot move into itself");
        result = edit(edit(result, from, { kind: "remove" }, fail), path, { kind: "add", value }, fail);
        return;
      }
      default:
        fail("malformed", "unknown operation");
    }
  });
  return result;
};

type Edit = { readonly kind: "add" | "replace"; readonly value: unknown } | { readonly kind: "remove" };
type Fail = (fault: JsonPatchFault, message: string) => never;
type JsonObject = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 6901: no sign, no leading zero. */
const indexOf = (segment: string): number => (/^(0|[1-9]\d{0,8})$/.test(segment) ? Number(segment) : -1);

const childOf = (value: unknown, segment: string): unknown => {
  if (Array.isArray(value)) return value[indexOf(segment)];
  // Own properties only: a pointer must not reach a prototype.
  return isObject(value) && Object.hasOwn(value, segment) ? value[segment] : undefined;
};

const edit = (value: unknown, path: readonly string[], change: Edit, fail: Fail): unknown => {
  const [segment, ...rest] = path;
  if (segment === undefined) return change.kind === "remove" ? null : change.value;
  if (Array.isArray(value)) return editArray(value, segment, rest, change, fail);
  if (!isObject(value)) return fail("path", `the parent of "${segment}" is not there`);
  if (rest.length > 0) {
    if (!Object.hasOwn(value, segment)) return fail("path", `"${segment}" is not there`);
    return { ...value, [segment]: edit(value[segment], rest, change, fail) };
  }
  if (change.kind !== "remove") return { ...value, [segment]: change.value };
  const { [segment]: _removed, ...others } = value;
  return others;
};

const editArray = (items: readonly unknown[], segment: string, rest: readonly string[], change: Edit, fail: Fail): unknown => {
  const adds = rest.length === 0 && change.kind === "add";
  const index = adds && segment === "-" ? items.length : indexOf(segment);
  if (index < 0 || index > items.length || (index === items.length && !adds)) return fail("path", `there is no item "${segment}"`);
  if (rest.length > 0) return items.with(index, edit(items[index], rest, change, fail));
  if (change.kind === "remove") return items.toSpliced(index, 1);
  return adds ? items.toSpliced(index, 0, change.value) : items.with(index, change.value);
};
