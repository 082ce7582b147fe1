// A finalizer of ours, taken off an object: objects are created with it. Never touches another's finalizer.
import { type KubeObject, type ResourceType, keyOf } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isNotFound } from "#kube/errors.ts";
import { pointer } from "#lib/json-patch.ts";

type Patches = Pick<Kube, "jsonPatch">;

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
