// The one status write of a pass, for kinds whose status has one owner. Never sends what would change nothing.
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";
import { isNotFound, type KubeError } from "#kube/errors.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { plainTexts } from "#lib/plain-text.ts";

/**
 * Guarantees: a stale view gets 409 (transient); the cache shows the new status when this returns, and the object no more where it has been deleted:
 * until the watch says so, its controller would go on making children for it.
 */
export const writeStatus = async <T extends KubeObject & { status?: unknown }>(
  kube: Kube,
  store: Store<T>,
  type: ResourceType<T>,
  object: T,
  status: NonNullable<T["status"]>,
  signal?: AbortSignal,
): Promise<T> => {
  const plain = plainTexts(status, exactFields) as NonNullable<T["status"]>;
  if (jsonEqual(object.status ?? {}, plain)) return object;
  try {
    const written = await kube.replaceStatus(type, { metadata: object.metadata, status: plain }, signal === undefined ? {} : { signal });
    store.noteWrite(written);
    return written;
  } catch (error) {
    if (isNotFound(error) && saysWhich(error, object)) store.noteGone(object);
    throw error;
  }
};

/** Their hashes are what people approve. What people are shown of them is the diffs. */
const exactFields: ReadonlySet<string> = new Set(["changes", "inverse", "priorState"]);

/** A server that does not know the kind at this moment answers 404 as well, and means all of its objects. */
const saysWhich = (error: KubeError, { metadata }: KubeObject): boolean => error.message.includes(`"${metadata.name}" not found`);
