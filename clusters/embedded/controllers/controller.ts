// What every controller is to the loop that runs it, and what it may do. Types and the client only; no rule of any kind of object.
import type { NamespaceIndex } from "#embedded/controllers/namespace-index.ts";
import { createEventRecorder } from "#embedded/event-recorder.ts";
import type { JsonRecord, Stored } from "#embedded/json.ts";
import type { Change } from "#embedded/object-store.ts";
import type { Place } from "#embedded/objects.ts";
import { type Resource, storageKeyOf } from "#embedded/resources.ts";
import { type SystemClient, createSystemClient } from "#embedded/system-client.ts";
import type { ServerContext } from "#embedded/server-context.ts";

export interface Controller {
  /** The kind it looks after: every change of one makes it look at that one. */
  readonly resource: Resource;
  /** Which ones to look at after a change of something else. */
  affected(change: Change): readonly Place[];
  /** Brings one closer to what it should be. An ApiError makes the loop try again later. */
  sync(object: Stored, again: Again): void;
  /** It is no longer there. */
  gone?(place: Place): void;
}

/** Look again after so many milliseconds, whatever happens until then. */
export type Again = (delayMs: number) => void;

export interface Client extends SystemClient {
  readonly world: ServerContext;
  /** Of one namespace; of a kind without namespaces where there is none. */
  list(resource: Resource, namespace?: string): readonly Stored[];
  find(resource: Resource, namespace: string | undefined, name: string): Stored | undefined;
  tell(about: Stored, type: "Normal" | "Warning", reason: string, message: string): void;
}

/** Go leaves a count of nothing out. */
export const nonZero = (counts: Readonly<Record<string, number>>): JsonRecord =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

/** Events come from `component`, which most times is called as its account is. */
export const createClient = (world: ServerContext, index: NamespaceIndex, account: string, component = account): Client => {
  const recorder = createEventRecorder(world, { component });
  return {
    ...createSystemClient(world, `system:serviceaccount:kube-system:${account}`, "kube-controller-manager"),
    world,
    list: (resource, namespace) => index.list(storageKeyOf(resource), namespace),
    find: world.find,
    tell: (about, type, reason, message) => recorder.record({ about, type, reason, message }),
  };
};
