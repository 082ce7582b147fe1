// The labels by which policy judges an object: its namespace's, or a cluster-scoped object's own. Asks the API server, never a cache: a label may have changed since.
import { Namespaces } from "#api/kubernetes.ts";
import { type Need, type ObjectReference, referenceText } from "#api/object.ts";
import { readObject } from "#cluster/read-for-action.ts";
import type { Kube } from "#kube/client.ts";

/** The action's own rights cover the kind of a cluster-scoped object. */
export const needs: readonly Need[] = [{ group: Namespaces.group, resource: Namespaces.plural, verbs: ["get"], scope: "cluster" }];

type Labels = Readonly<Record<string, string>> | undefined;
type Reader = Pick<Kube, "get" | "list">;

/** Absent where the holder of the labels does not exist. */
export const readPolicyLabels = async (kube: Reader, target: ObjectReference, signal?: AbortSignal): Promise<Labels> => {
  const holder =
    target.namespace === undefined
      ? await readObject(kube, target, signal)
      : await kube.get(Namespaces, { name: target.namespace }, signal === undefined ? {} : { signal });
  return holder === undefined ? undefined : (holder.metadata.labels ?? {});
};

export type LabelsOf = (target: ObjectReference) => Labels;

/** The labels of many objects, read once for each namespace. */
export const readLabelsOf = async (kube: Reader, targets: readonly ObjectReference[], signal?: AbortSignal): Promise<LabelsOf> => {
  const holders = new Map(targets.map((target) => [holderKey(target), target]));
  const read = await Promise.all([...holders].map(async ([key, target]) => [key, await readPolicyLabels(kube, target, signal)] as const));
  const known = new Map(read);
  return (target) => known.get(holderKey(target));
};

const holderKey = (target: ObjectReference): string => target.namespace ?? referenceText(target);
