// How controllers write a status, and the parts that several of them write: counts and conditions.
import type { ObjectCondition } from "#api/kubernetes.ts";
import { type KubeObject, type ResourceType, keyOf } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { jsonEqual } from "#lib/canonical-json.ts";

type WithStatus = KubeObject & { readonly status?: unknown };

/** Writes only a status that differs. A patch, because a PUT to the status of a built-in kind would take its labels and owners away. */
export const writeStatus = async <T extends WithStatus>(kube: Kube, type: ResourceType<T>, object: T, status: object): Promise<void> => {
  if (jsonEqual(status, object.status ?? {})) return;
  const unchanged = { op: "test", path: "/metadata/resourceVersion", value: object.metadata.resourceVersion } as const;
  await kube.jsonPatch(type, keyOf(object), [unchanged, { op: "add", path: "/status", value: status }], { subresource: "status" });
};

/** Go omits a count of zero. */
export const nonZero = (counts: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

export const conditionOf = (conditions: readonly ObjectCondition[] | undefined, type: string): ObjectCondition | undefined =>
  conditions?.find((condition) => condition.type === type);

/** The condition goes to the end. One of the same status and reason stays as it is; one of the same status keeps its transition time. */
export const withCondition = (conditions: readonly ObjectCondition[], condition: ObjectCondition): readonly ObjectCondition[] => {
  const before = conditionOf(conditions, condition.type);
  if (before?.status === condition.status && before.reason === condition.reason) return conditions;
  const since = before?.status === condition.status ? { lastTransitionTime: before.lastTransitionTime ?? "" } : {};
  return [...conditions.filter((each) => each !== before), { ...condition, ...since }];
};
