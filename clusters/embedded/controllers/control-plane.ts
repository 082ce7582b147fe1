// What the controllers of the cluster itself run on: Kintsugi's own runtime, over stores that follow the object store without delay, and one
// client for each account. Decides nothing.
import type { KubeObject, ResourceType } from "#api/object.ts";
import type { ObjectStore } from "#embedded/object-store.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import { type Controller, runController } from "#kube/controller.ts";
import { KubeError } from "#kube/errors.ts";
import { type EventRecorder, createEventRecorder } from "#kube/events.ts";
import { type Store, createStore } from "#kube/store.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { HttpClient } from "#lib/http-client.ts";
import { type Log, silentLog } from "#lib/log.ts";

export interface Account {
  /** `system:serviceaccount:kube-system:job-controller` */
  readonly user: string;
  /** Besides system:masters and system:authenticated. */
  readonly group?: "system:nodes";
  /** The source of its events: `job-controller`. */
  readonly component: string;
  /** The field manager of its writes: `kube-controller-manager`. */
  readonly manager: string;
}

/** Of kube-controller-manager. */
export const controllerAccount = (component: string): Account => ({
  ...{ user: `system:serviceaccount:kube-system:${component}`, component, manager: "kube-controller-manager" },
});

export interface Identity {
  readonly kube: Kube;
  readonly events: EventRecorder;
}

export interface ControlPlane {
  readonly clock: Clock;
  readonly random: Random;
  /** Same type, same store. Its index `owner` has the objects by the uid of their controller. */
  storeOf<T extends KubeObject>(type: ResourceType<T>): Store<T>;
  actAs(account: Account): Identity;
  run(controller: Controller): void;
}

export interface ControlPlaneDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly objects: ObjectStore;
  readonly http: HttpClient;
  /** Of a member of system:masters, who may impersonate every account. */
  readonly config: ClusterConfig;
}

export const createControlPlane = ({ clock, random, objects, http, config }: ControlPlaneDeps): ControlPlane => {
  const stores = new Map<string, Store>();
  const never = new AbortController().signal;
  return {
    clock,
    random,
    storeOf: <T extends KubeObject>(type: ResourceType<T>) => {
      const storageKey = `${type.group}/${type.plural}`;
      const known = stores.get(storageKey) ?? follow(objects, storageKey);
      stores.set(storageKey, known);
      return known as Store<T>;
    },
    actAs: ({ user, group, component, manager }) => {
      const groups = ["system:masters", "system:authenticated", ...(group === undefined ? [] : [group])];
      const kube = connect({ ...config, name: component, impersonate: { user, groups } }, { clock, random, http, userAgent: manager });
      return { kube, events: createEventRecorder({ kube, clock, log: silentLog, component, instance: "", quietMs: 0 }) };
    },
    run: (controller) => void runController(controller, { clock, random, log: crashOnBugs }, never),
  };
};

export const controllerUid = ({ metadata }: KubeObject): string | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid;

const follow = (objects: ObjectStore, storageKey: string): Store => {
  const store = createStore({ onBug: crash });
  store.addIndexes({ owner: (object) => [controllerUid(object) ?? ""] });
  const items = objects.list(storageKey) as unknown as readonly KubeObject[];
  store.see({ kind: "synced", items, resourceVersion: String(objects.revision) });
  objects.onChange((change) => {
    if (change.storageKey !== storageKey) return;
    store.see({ kind: change.type === "DELETED" ? "deleted" : "applied", object: change.object as unknown as KubeObject });
  });
  return store;
};

/** Outside the caller's turn: a request that made the change has nothing to do with the bug. */
const crash = (error: unknown): void =>
  queueMicrotask(() => {
    throw error;
  });

/** A refusal by the server is tried again by the runtime; any other error is a bug of this cluster and must not pass unseen. */
const crashOnBugs: Log = {
  ...silentLog,
  error: (_message, fields) => {
    if (!(fields?.["error"] instanceof KubeError)) crash(fields?.["error"]);
  },
  child: () => crashOnBugs,
};
