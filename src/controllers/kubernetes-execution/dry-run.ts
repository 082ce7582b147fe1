// Sends a change to the API server as a dry run. Throws only transient errors.
import type { Change } from "#api/change.ts";
import { type Key, type KubeObject, type NewObject, referenceText } from "#api/object.ts";
import { wireOperations } from "#actions/change.ts";
import { typeOf } from "#cluster/read-for-action.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isConflict, isGuardFailed, isNotFound, isTransient, KubeError } from "#kube/errors.ts";

export type DryRunAnswer =
  | { readonly kind: "accepted" }
  /** The object does not match the guards of the change. */
  | { readonly kind: "drifted"; readonly message: string }
  | { readonly kind: "rejected"; readonly message: string };

type Writer = Pick<Kube, "create" | "jsonPatch" | "delete" | "evict">;

export const dryRun = async (kube: Writer, change: Change, signal: AbortSignal): Promise<DryRunAnswer> => {
  try {
    return (await send(kube, change, signal)) === "gone"
      ? { kind: "drifted", message: `${referenceText(change.object)} no longer exists` }
      : { kind: "accepted" };
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    const { message } = error;
    // A 429 of a disruption budget is no overload: a retry gets the same answer.
    const isBudget = error.status === 429 && error.causes.some((cause) => cause.reason === "DisruptionBudget");
    if (isGuardFailed(error) || isConflict(error) || isNotFound(error) || isAlreadyExists(error)) return { kind: "drifted", message };
    if (isTransient(error) && !isBudget) throw error;
    return { kind: "rejected", message };
  }
};

const send = async (kube: Writer, change: Change, signal: AbortSignal): Promise<unknown> => {
  const type = typeOf(change.object);
  if (type === undefined) throw new Error(`${referenceText(change.object)} is of an unsupported kind`);
  const key: Key =
    change.object.namespace === undefined ? { name: change.object.name } : { namespace: change.object.namespace, name: change.object.name };
  const options = { dryRun: true as const, signal };
  switch (change.type) {
    case "patch":
      return kube.jsonPatch(
        type,
        key,
        wireOperations(change),
        change.subresource === undefined ? options : { ...options, subresource: change.subresource },
      );
    case "create":
      return kube.create(type, change.content as unknown as NewObject<KubeObject>, options);
    case "delete":
      return kube.delete(type, key, { ...options, uid: change.uid });
    case "evict":
      return kube.evict(key, { ...options, uid: change.uid });
  }
};
