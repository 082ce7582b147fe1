// Finalizers of ours on an object: put on before anything outside exists, taken off after it is gone. Never touches another's finalizer.
import { type KubeObject, type ResourceType, keyOf } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isNotFound } from "#kube/errors.ts";
import { type JsonPatchOperation, pointer } from "#lib/json-patch.ts";

type Patches = Pick<Kube, "jsonPatch">;

export const hasFinalizer = (object: KubeObject, finalizer: string): boolean => object.metadata.finalizers?.includes(finalizer) ?? false;

/**
 * Guarantees: when it resolves, the object carries the finalizer, and it is still the object we looked at.
 * Caveats: an object that is being deleted takes no new finalizers; the API server refuses it, and so must the caller's decision.
 */
export const addFinalizer = async <T extends KubeObject>(
  kube: Patches,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
): Promise<T> => {
  if (hasFinalizer(object, finalizer)) return object;
  const present = object.metadata.finalizers;
  const add: JsonPatchOperation =
    present === undefined || present.length === 0
      ? { op: "add", path: "/metadata/finalizers", value: [finalizer] }
      : { op: "add", path: "/metadata/finalizers/-", value: finalizer };
  // By version: adding the whole list must not erase what someone has put there meanwhile.
  const guard: JsonPatchOperation = { op: "test", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion };
  return kube.jsonPatch(type, keyOf(object), [guard, add]);
};

/** Resolves with the object as it is then; also where it is gone already. */
export const removeFinalizer = async <T extends KubeObject>(
  kube: Patches,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
): Promise<T | undefined> => {
  const index = object.metadata.finalizers?.indexOf(finalizer) ?? -1;
  if (index < 0) return object;
  const path = pointer("metadata", "finalizers", index);
  try {
    return await kube.jsonPatch(type, keyOf(object), [
      { op: "test", path: "/metadata/uid", value: object.metadata.uid },
      { op: "test", path, value: finalizer },
      { op: "remove", path },
    ]);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
};
