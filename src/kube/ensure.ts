// Makes sure that a child of a deterministic name exists and is ours. The create is the lock; another's object of that name is never touched.
import { keyOf, type KubeObject, type NewObject, type ObjectMeta, type ResourceType } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists } from "#kube/errors.ts";
import type { Store } from "#kube/store.ts";

export type Ensured<T extends KubeObject> =
  | { readonly state: "created" | "found"; readonly object: T }
  /** An object of that name has another owner, or is being deleted: look again when it has gone. */
  | { readonly state: "conflict"; readonly object: T };

/**
 * Flow: the cache, else create, else (it exists already) a live read.
 * Guarantees: at most one create is sent; the object returned has `owner` among its owners unless it is a conflict.
 */
export const ensure = async <T extends KubeObject, V extends KubeObject = T>(
  kube: Kube,
  store: Store<V>,
  type: ResourceType<T>,
  object: NewObject<T>,
  owner: Pick<ObjectMeta, "uid">,
  signal?: AbortSignal,
): Promise<Ensured<T | V>> => {
  const options = signal === undefined ? {} : { signal };
  const known = store.get(keyOf(object));
  if (known !== undefined) return judge<T | V>(known, owner);
  try {
    const created = await kube.create(type, object, options);
    store.noteWrite(created);
    return { state: "created", object: created };
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const live = await kube.get(type, keyOf(object), options);
    // Gone again between the two calls: the error is transient, so the whole pass is repeated.
    if (live === undefined) throw error;
    return judge<T | V>(live, owner);
  }
};

const judge = <T extends KubeObject>(object: T, owner: Pick<ObjectMeta, "uid">): Ensured<T> => {
  const ours = object.metadata.ownerReferences?.some((reference) => reference.uid === owner.uid) ?? false;
  return ours && object.metadata.deletionTimestamp === undefined ? { state: "found", object } : { state: "conflict", object };
};

/**
 * The owner as the server has it, before a child is made for what a list may show too late. Undefined: it is gone, or on its way out.
 * One that is gone is taken out of the cache.
 */
export const liveOwner = async <T extends KubeObject>(
  kube: Pick<Kube, "get">,
  store: Store<T>,
  type: ResourceType<T>,
  owner: T,
  signal: AbortSignal,
): Promise<T | undefined> => {
  const live = await kube.get(type, keyOf(owner), { signal });
  if (live?.metadata.uid !== owner.metadata.uid) {
    store.noteGone(owner);
    return undefined;
  }
  return live.metadata.deletionTimestamp === undefined ? live : undefined;
};

/**
 * The reference a child carries: it is removed with its owner. Without blockOwnerDeletion: where OwnerReferencesPermissionEnforcement
 * is on, setting it takes a right on the owner's finalizers, and no deletion of ours waits for the children.
 */
export const ownedBy = (owner: KubeObject): NonNullable<ObjectMeta["ownerReferences"]>[number] => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
});
