// The one status write of a pass, for kinds whose status has one owner. Never sends what would change nothing.
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import type { Store } from "#kube/store.ts";
import { jsonEqual } from "#lib/canonical-json.ts";

/** Guarantees: a stale view gets 409 (transient); the cache shows the new status when this returns. */
export const writeStatus = async <T extends KubeObject & { status?: unknown }>(
  kube: Kube,
  store: Store<T>,
  type: ResourceType<T>,
  object: T,
  status: NonNullable<T["status"]>,
  signal?: AbortSignal,
): Promise<T> => {
  if (jsonEqual(object.status ?? {}, status)) return object;
  const written = await kube.replaceStatus(type, { metadata: object.metadata, status }, signal === undefined ? {} : { signal });
  store.noteWrite(written);
  return written;
};
