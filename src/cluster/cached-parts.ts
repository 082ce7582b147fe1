// The parts that the caches keep of every kind alike: metadata, conditions, the states of containers. Pure; what is left out here, no reader can read.
import type { ContainerStateDetail, ContainerStatus, ObjectCondition } from "#api/kubernetes.ts";
import { type KubeObject, type ObjectMeta, type OwnerReference, controllerOf } from "#api/object.ts";
import { type ManagedBy, managedBy } from "#cluster/managed-by.ts";
import type { SharedText } from "#lib/shared-text.ts";

/** Typed as never, so that reading them does not compile. */
type Bare = ObjectMeta & { labels?: never; annotations?: never; finalizers?: never; managedFields?: never };
export type Labelled = ObjectMeta & { annotations?: never; finalizers?: never; managedFields?: never };

export interface Cached extends KubeObject {
  metadata: Bare;
  /** Of an object that nothing built-in controls: what controls an object is looked at itself. */
  managedBy?: ManagedBy;
}
export type CachedCondition = Pick<ObjectCondition, "type" | "status" | "reason">;

export interface CachedContainer {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: CachedContainerState;
  readonly lastState?: Pick<CachedContainerState, "terminated">;
}
export interface CachedContainerState {
  readonly waiting?: { readonly reason?: string };
  readonly running?: object;
  readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly finishedAt?: string };
}

/** Drops members that are undefined: what was absent stays absent. */
export const present = <T extends object>(value: { [K in keyof T]: T[K] | undefined }): T => {
  const kept: Partial<T> = {};
  for (const key in value) if (value[key] !== undefined) kept[key] = value[key];
  return kept as T;
};

/** Nothing of what is not there: one object of an odd shape must not stop the cache of all. */
export const picked = <T extends object, K extends keyof T>(value: T | null | undefined, keys: readonly K[]): Pick<T, K> => {
  const kept: Partial<Pick<T, K>> = {};
  for (const key of keys) if (value?.[key] !== undefined) kept[key] = value[key];
  return kept as Pick<T, K>;
};

export const bare = ({ apiVersion, kind, metadata }: KubeObject, share: SharedText): Cached => {
  const { namespace, creationTimestamp } = metadata;
  // Of its owners the one that controls it: there may be any number of others.
  const controller = controllerOf({ metadata });
  return {
    apiVersion,
    kind,
    metadata: {
      ...picked(metadata, ["name", "uid", "resourceVersion", "generation", "deletionTimestamp"]),
      creationTimestamp: share(creationTimestamp),
      ...(namespace === undefined ? {} : { namespace: share(namespace) }),
      ...(controller === undefined ? {} : { ownerReferences: [ownerOf(controller, share)] }),
    },
    ...managerOf({ apiVersion, kind, metadata }, controller),
  };
};

export const labelled = (object: KubeObject, share: SharedText): KubeObject & { metadata: Labelled } => {
  const { apiVersion, kind, metadata } = bare(object, share);
  return { apiVersion, kind, metadata: { ...metadata, ...picked(object.metadata, ["labels"]) } as Labelled };
};

const managerOf = (object: KubeObject, controller: OwnerReference | undefined): Pick<Cached, "managedBy"> => {
  const manager = controller === undefined || controller.apiVersion.includes(".") ? managedBy(object) : undefined;
  return manager === undefined ? {} : { managedBy: manager };
};

const ownerOf = (owner: OwnerReference, share: SharedText): OwnerReference => ({
  ...picked(owner, ["controller"]),
  apiVersion: share(owner.apiVersion),
  kind: share(owner.kind),
  name: share(owner.name),
  uid: share(owner.uid),
});

export const conditionsOf = (
  conditions: readonly ObjectCondition[] | undefined,
  ...types: readonly string[]
): CachedCondition[] | undefined =>
  conditions?.filter(({ type }) => types.length === 0 || types.includes(type)).map((condition) => picked(condition, conditionFields));
const conditionFields = ["type", "status", "reason"] as const;

/** Messages are left out: a program writes its own, of thousands of characters, and the evidence reads them live. */
export const containersOf = (statuses: readonly ContainerStatus[] | undefined, share: SharedText): CachedContainer[] | undefined =>
  statuses?.map(({ name, image, ready, restartCount, state, lastState }) =>
    present<CachedContainer>({
      name: share(name),
      image: share(image),
      ready,
      restartCount,
      state: state && stateOf(state),
      lastState: lastState?.terminated && stateOf({ terminated: lastState.terminated }),
    }),
  );

const stateOf = ({ waiting, running, terminated }: ContainerStateDetail): CachedContainerState =>
  present<CachedContainerState>({
    waiting: waiting && picked(waiting, ["reason"]),
    running: running && {},
    terminated: terminated && picked(terminated, ["exitCode", "reason", "finishedAt"]),
  });
