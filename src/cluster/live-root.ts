// From an object to the one that controls it in the end, read from the API server: for a person, who has no caches. Reads only.
import type { Reference } from "#api/fields.ts";
import { controllerOf, type KubeObject } from "#api/object.ts";
import { readObject } from "#cluster/read-for-action.ts";
import type { Kube } from "#kube/client.ts";

const maxOwners = 5;

/** The object itself where nothing controls it; undefined where there is none of that name. */
export const liveRoot = async (
  kube: Pick<Kube, "get" | "list">,
  reference: Reference,
  signal?: AbortSignal,
): Promise<{ reference: Reference; object: KubeObject } | undefined> => {
  let at = reference;
  let object = await readObject(kube, at, signal);
  for (let depth = 0; object !== undefined && depth < maxOwners; depth += 1) {
    const owner = controllerOf(object);
    if (owner === undefined) break;
    const above: Reference = {
      apiVersion: owner.apiVersion,
      kind: owner.kind,
      name: owner.name,
      ...(at.namespace === undefined ? {} : { namespace: at.namespace }),
    };
    const found = await readObject(kube, above, signal);
    // An owner of a kind that is not known here is not looked into: what it controls is.
    if (found === undefined) break;
    at = above;
    object = found;
  }
  return object === undefined ? undefined : { reference: at, object };
};
