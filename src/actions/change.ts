// Changes as text, hash and guard: what an approval binds is exactly what runs. Pure; never looks at a resource version or a status.
import * as z from "zod";
import type { Change, PatchOperation } from "#api/change.ts";
import { Reference } from "#api/fields.ts";
import { apiVersionOf, type KubeObject, type ObjectReference, type ResourceType, referenceText } from "#api/object.ts";
import { canonicalJson, hashOf, jsonEqual, sha256, type Json } from "#lib/canonical-json.ts";
import { applyPatch, JsonPatchError, type JsonPatchOperation, parsePointer, valueAt } from "#lib/json-patch.ts";

export const maxChangesBytes = 262_144;
export const maxChanges = 50;
const maxOperations = 1000;

const path = z
  .string()
  .max(1024)
  .refine((text) => parsePointer(text) !== undefined, "not a JSON pointer");
const Operation = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("test"), path, value: z.json() }),
  z.strictObject({ op: z.literal("add"), path, value: z.json() }),
  z.strictObject({ op: z.literal("replace"), path, value: z.json() }),
  z.strictObject({ op: z.literal("remove"), path }),
]);
const uid = z.string().min(1).max(64);
const object = Reference.strict();
const Changes = z
  .array(
    z.discriminatedUnion("type", [
      z.strictObject({
        type: z.literal("patch"),
        object,
        uid,
        subresource: z.literal("scale").optional(),
        operations: z.array(Operation).min(1).max(maxOperations),
      }),
      z.strictObject({ type: z.literal("create"), object, content: z.json() }),
      z.strictObject({ type: z.literal("delete"), object, uid }),
      z.strictObject({ type: z.literal("evict"), object, uid }),
    ]),
  )
  .max(maxChanges);

/** The text that is stored and hashed; undefined where it is too large, which is refused at planning. */
export const encodeChanges = (changes: readonly Change[]): string | undefined => {
  const text = canonicalJson(changes);
  const isLong = changes.some((change) => change.type === "patch" && change.operations.length > maxOperations);
  return changes.length <= maxChanges && !isLong && Buffer.byteLength(text) <= maxChangesBytes ? text : undefined;
};

/** Throws where the text is not a list of changes in canonical form. */
export const decodeChanges = (text: string): readonly Change[] => {
  if (Buffer.byteLength(text) > maxChangesBytes) throw new Error("the changes are larger than 256 KiB");
  const changes = Changes.parse(JSON.parse(text)) as readonly Change[];
  // The hash is over the text: one meaning must have one text.
  if (canonicalJson(changes) !== text) throw new Error("the changes are not in canonical form");
  return changes;
};

export const hashChanges = (changes: readonly Change[]): string => sha256(canonicalJson(changes));

/** The hash of a whole plan: over the hashes of its steps, in order. */
export const hashSteps = (steps: readonly { readonly changesHash: string }[]): string => hashOf(steps.map((step) => step.changesHash));

/** `apps/v1 Deployment shop/web`: for maps. */
export const objectKey = (reference: ObjectReference): string => `${reference.apiVersion} ${referenceText(reference)}`;

export const referenceOf = (live: KubeObject): ObjectReference => ({
  apiVersion: live.apiVersion,
  kind: live.kind,
  ...(live.metadata.namespace === undefined ? {} : { namespace: live.metadata.namespace }),
  name: live.metadata.name,
});

export const findType = <T extends ResourceType>(types: readonly T[], reference: ObjectReference): T | undefined =>
  types.find((type) => type.kind === reference.kind && apiVersionOf(type) === reference.apiVersion);

/**
 * What is sent to the server: the operations behind a test of the uid, so that another object of the same name is left alone.
 * A Scale leaves out replicas that are 0: then its spec is empty, and the value is added, which also replaces.
 */
export const wireOperations = (change: Extract<Change, { type: "patch" }>): readonly JsonPatchOperation[] => [
  { op: "test", path: "/metadata/uid", value: change.uid },
  ...change.operations.map((operation) => (change.subresource === "scale" ? scaleOperation(operation) : operation)),
];

const scaleOperation = (operation: PatchOperation): JsonPatchOperation => {
  if (operation.op === "test" && operation.path === "/spec/replicas" && operation.value === 0)
    return { op: "test", path: "/spec", value: {} };
  return operation.op === "replace" ? { ...operation, op: "add" } : operation;
};

/** The live object after the change; undefined where the change removes it. Throws JsonPatchError where a guard does not hold. */
export const preview = (change: Change, live: KubeObject | undefined): KubeObject | undefined => {
  if (change.type === "create") return change.content as unknown as KubeObject;
  if (change.type !== "patch") return undefined;
  if (live?.metadata.uid !== change.uid) throw new JsonPatchError("guard", 0, "another object, or none, has this name");
  return applyPatch(live, change.operations) as KubeObject;
};

/** True if the change would still do what was planned: the same object, and every value unchanged. */
export const guardsHold = (change: Change, live: KubeObject | undefined): boolean => {
  if (change.type === "create") return live === undefined;
  if (live?.metadata.uid !== change.uid) return false;
  if (change.type !== "patch") return live.metadata.deletionTimestamp === undefined;
  try {
    applyPatch(live, change.operations);
    return true;
  } catch {
    return false;
  }
};

/** True if the object already has the state that the change leads to, no matter who made it so. */
export const isInPlace = (change: Change, live: KubeObject | undefined): boolean => {
  switch (change.type) {
    case "create":
      return live !== undefined && contains(live, change.content);
    case "delete":
    case "evict":
      return live?.metadata.uid !== change.uid || live.metadata.deletionTimestamp !== undefined;
    case "patch":
      return (
        live?.metadata.uid === change.uid && writtenValues(change.operations).every(([at, value]) => jsonEqual(valueAt(live, at), value))
      );
  }
};

/** For each path that is written, its last value; null if it has none. */
const writtenValues = (operations: readonly PatchOperation[]): readonly (readonly [string, Json])[] => {
  const values = new Map<string, Json>();
  for (const operation of operations) {
    if (operation.op === "test") continue;
    for (const known of [...values.keys()]) if (known.startsWith(`${operation.path}/`)) values.delete(known);
    values.set(operation.path, operation.op === "remove" ? null : operation.value);
  }
  return [...values];
};

/** Every field of `part` is in `whole`; the server's defaults come on top. */
const contains = (whole: unknown, part: unknown): boolean => {
  if (Array.isArray(part))
    return Array.isArray(whole) && whole.length === part.length && part.every((item, at) => contains(whole[at], item));
  if (part === null || typeof part !== "object") return jsonEqual(whole, part);
  if (whole === null || typeof whole !== "object") return false;
  return Object.entries(part).every(([key, value]) => contains((whole as Record<string, unknown>)[key], value));
};

/** What a look at the object proves about a change whose maker cannot be asked. */
export type Trace = "in-place" | "untouched" | "unclear";

export const traceOf = (changes: readonly Change[], liveOf: (object: ObjectReference) => KubeObject | undefined): Trace => {
  if (changes.every((change) => isInPlace(change, liveOf(change.object)))) return "in-place";
  if (changes.every((change) => guardsHold(change, liveOf(change.object)) && !isInPlace(change, liveOf(change.object)))) return "untouched";
  return "unclear";
};
