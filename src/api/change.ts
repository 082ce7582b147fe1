// A change to the cluster as a value: what is shown, hashed, approved, dry-run, applied, verified and inverted is this one list.
import type { Json } from "#lib/canonical-json.ts";
import type { ObjectReference } from "#api/object.ts";

/** JSON Patch (RFC 6902), as far as changes use it. Every value that is replaced or removed is guarded by a `test` before it. */
export type PatchOperation =
  | { readonly op: "test"; readonly path: string; readonly value: Json }
  | { readonly op: "add"; readonly path: string; readonly value: Json }
  | { readonly op: "replace"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

export type Change =
  | {
      readonly type: "patch";
      readonly object: ObjectReference;
      readonly uid: string;
      readonly subresource?: "scale";
      readonly operations: readonly PatchOperation[];
    }
  | { readonly type: "create"; readonly object: ObjectReference; readonly content: Json }
  | { readonly type: "delete"; readonly object: ObjectReference; readonly uid: string }
  | { readonly type: "evict"; readonly object: ObjectReference; readonly uid: string };
