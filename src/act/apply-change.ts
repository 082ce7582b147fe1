// Makes one change, guarded, at most once, and says whether it was this call that made it. Never plans, never repeats a write without a look.
import type { Change } from "#api/change.ts";
import { builtInTypes } from "#api/kubernetes.ts";
import { type Key, type KubeObject, type NewObject, type ObjectReference, referenceText, type ResourceType } from "#api/object.ts";
import { findType, isInPlace, wireOperations } from "#actions/change.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isConflict, isGuardFailed, isTransient, KubeError } from "#kube/errors.ts";
import { backoffDelay } from "#lib/backoff.ts";
import { type Clock, delay, type Random } from "#lib/clock.ts";

export interface ApplyDeps {
  readonly kube: Pick<Kube, "get" | "create" | "jsonPatch" | "delete" | "evict">;
  readonly clock: Clock;
  readonly random: Random;
}

export type Applied =
  | { readonly result: "applied" | "already" }
  /** `unsure`: it may have been made all the same. */
  | { readonly result: "failed"; readonly reason: string; readonly unsure: boolean };

/** Five tries, about eight seconds in all: a hiccup of the API server is outlived, an outage is reported. */
const maxTries = 5;
const backoff = { firstMs: 500, maxMs: 4_000 };

/**
 * Flow: look, write, and after an answer that says nothing look again before anything is repeated.
 * Guarantees: nothing is written where the change is in place already; every write carries the uid and the guards.
 */
export const applyChange = async (change: Change, deps: ApplyDeps): Promise<Applied> => {
  const type = findType(builtInTypes, change.object);
  const key = type === undefined ? undefined : keyFor(type, change.object);
  if (type === undefined || key === undefined)
    return { result: "failed", reason: `${referenceText(change.object)}: not a kind that actions support`, unsure: false };
  let sent = false;
  let last = "";
  for (let tries = 1; tries <= maxTries; tries += 1) {
    try {
      if (isInPlace(change, await deps.kube.get(type, key))) return { result: sent ? "applied" : "already" };
      sent = true;
      return await write(change, type, key, deps.kube);
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      last = error.message;
      if (isGuardFailed(error) || isConflict(error) || isAlreadyExists(error)) return await judge(change, type, key, error, deps.kube);
      if (isBudget(error) || !isTransient(error)) return { result: "failed", reason: last, unsure: false };
    }
    if (tries < maxTries) await delay(deps.clock, backoffDelay(backoff, tries, deps.random));
  }
  return { result: "failed", reason: last, unsure: sent };
};

const write = async (change: Change, type: ResourceType, key: Key, kube: ApplyDeps["kube"]): Promise<Applied> => {
  switch (change.type) {
    case "patch":
      await kube.jsonPatch(type, key, wireOperations(change), change.subresource === undefined ? {} : { subresource: change.subresource });
      return { result: "applied" };
    case "create":
      await kube.create(type, change.content as unknown as NewObject<KubeObject>);
      return { result: "applied" };
    case "delete":
      return { result: (await kube.delete(type, key, { uid: change.uid })) === "gone" ? "already" : "applied" };
    case "evict":
      return { result: (await kube.evict(key, { uid: change.uid })) === "gone" ? "already" : "applied" };
  }
};

/** The object is not as planned: either the change is made already, or another client changed it. */
const judge = async (change: Change, type: ResourceType, key: Key, error: KubeError, kube: ApplyDeps["kube"]): Promise<Applied> =>
  isInPlace(change, await kube.get(type, key))
    ? { result: "already" }
    : { result: "failed", reason: `${referenceText(change.object)} changed since planning: ${error.message}`, unsure: false };

/** A PodDisruptionBudget forbids it: not an outage, and an immediate retry would not help. */
const isBudget = (error: KubeError): boolean => error.status === 429 && error.causes.some((cause) => cause.reason === "DisruptionBudget");

const keyFor = (type: ResourceType, reference: ObjectReference): Key | undefined => {
  if (!type.namespaced) return { name: reference.name };
  return reference.namespace === undefined ? undefined : { namespace: reference.namespace, name: reference.name };
};
