// What undoes a change, computed before it is made: its guards are the values the change writes. Pure.
import type { Change, PatchOperation } from "#api/change.ts";
import type { KubeObject, ObjectReference } from "#api/object.ts";
import type { Action } from "#actions/action.ts";
import { encodeChanges } from "#actions/change.ts";
import { maskPair } from "#actions/mask.ts";
import { canonicalJson, type Json } from "#lib/canonical-json.ts";
import { applyPatch, parsePointer, pointer, valueAt } from "#lib/json-patch.ts";

/** What is stored where nothing can undo the changes. An empty list means that nothing needs to. */
export const irreversible = "irreversible";
export type Inverse = readonly Change[] | typeof irreversible;

/** Objects as they are before the changes. */
export type LiveOf = (object: ObjectReference) => KubeObject | undefined;

/** Assumption: the guards of the changes hold on the objects given. */
export const invert = (action: Pick<Action, "undo">, changes: readonly Change[], liveOf: LiveOf): Inverse => {
  if (action.undo === "none-needed") return [];
  if (action.undo === "irreversible") return irreversible;
  const inverses = changes.map((change) => invertChange(change, liveOf(change.object)));
  const possible = inverses.filter((inverse) => inverse !== undefined);
  return possible.length === changes.length ? possible.toReversed() : irreversible;
};

/** Undefined where it has none: what is created has no uid yet, what is deleted comes back as another object. */
export const invertChange = (change: Change, live: KubeObject | undefined): Change | undefined => {
  if (change.type !== "patch" || live === undefined) return undefined;
  let document: unknown = live;
  const steps: PatchOperation[][] = [];
  for (const operation of change.operations) {
    const after = applyPatch(document, [operation]);
    if (operation.op !== "test") steps.push(invertOperation(operation, document, after));
    document = after;
  }
  return { ...change, operations: steps.toReversed().flat() };
};

const invertOperation = (operation: Exclude<PatchOperation, { op: "test" }>, before: unknown, after: unknown): PatchOperation[] => {
  const path = resolved(operation.path, before);
  const parent = parentOf(path, before);
  const old = valueAt(before, path) as Json | undefined;
  if (operation.op === "remove") {
    const restore: PatchOperation = { op: "add", path, value: old ?? null };
    // In a list, another item has this index now.
    return Array.isArray(parent) ? [restore] : [{ op: "test", path, value: null }, restore];
  }
  const guard: PatchOperation = { op: "test", path, value: valueAt(after, path) as Json };
  const inserted = operation.op === "add" && (old === undefined || Array.isArray(parent));
  return inserted ? [guard, { op: "remove", path }] : [guard, { op: "replace", path, value: old ?? null }];
};

/** `-` is the end of a list: as a number, so that the inverse finds the item again. */
const resolved = (path: string, document: unknown): string => {
  if (!path.endsWith("/-")) return path;
  const parent = parentOf(path, document);
  return Array.isArray(parent) ? pointer(...(parsePointer(path) ?? []).slice(0, -1), parent.length) : path;
};

const parentOf = (path: string, document: unknown): unknown => valueAt(document, pointer(...(parsePointer(path) ?? []).slice(0, -1)));

export const encodeInverse = (inverse: Inverse): string | undefined => (inverse === irreversible ? irreversible : encodeChanges(inverse));

/** Whether an encoded inverse holds anything of an object. */
export const holdsChanges = (inverse: string): boolean => inverse !== irreversible && inverse !== "[]";

/** The objects as they were, for the record: without status, bookkeeping and anything that is secret. */
export const priorStateOf = (changes: readonly Change[], liveOf: LiveOf): string =>
  canonicalJson(
    changes.flatMap((change) => {
      const live = liveOf(change.object);
      return live === undefined ? [] : [priorObject(live)];
    }),
  );

/** What a status and the server's bookkeeping say is gone by tomorrow; a copy of the object inside itself says nothing new. */
const priorObject = (live: KubeObject): unknown => {
  const { metadata, status: _status, ...rest } = live as KubeObject & { status?: unknown };
  const { name, namespace, uid, generation, labels, annotations, ownerReferences } = metadata;
  const { "kubectl.kubernetes.io/last-applied-configuration": _copy, ...notes } = annotations ?? {};
  const kept = { ...rest, metadata: { name, namespace, uid, generation, labels, annotations: notes, ownerReferences } };
  return maskPair(kept, kept, live.kind)[0];
};
