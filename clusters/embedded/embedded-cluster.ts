// A Kubernetes API server in this process, on a given clock and source of randomness: called directly, or served over HTTP. Knows
// nothing of Kintsugi.
import type { Clock, Random } from "#lib/clock.ts";
import type { AuditEvent } from "#embedded/audit.ts";
import { createAuthorizer } from "#embedded/authorization.ts";
import { createControlPlane } from "#embedded/controllers/control-plane.ts";
import { bootstrap } from "#embedded/bootstrap.ts";
import { createHandler } from "#embedded/handler.ts";
import type { ApiResponse } from "#embedded/response.ts";
import { createGarbageCollector } from "#embedded/garbage-collection.ts";
import { createIdentities } from "#embedded/identity.ts";
import type { Stored } from "#embedded/json.ts";
import { type StoreSnapshot, createObjectStore } from "#embedded/object-store.ts";
import type { ApiRequest } from "#embedded/request.ts";
import { inProcessHttp } from "#embedded/in-process-http.ts";
import { type Listening, type ListenOptions, listen } from "#embedded/server.ts";
import { debounce } from "#embedded/debounce.ts";
import { type Workloads, startWorkloads } from "#embedded/workloads.ts";
import { createServerContext } from "#embedded/server-context.ts";

export interface EmbeddedDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** What the cluster begins with, instead of what a fresh one has. */
  readonly from?: ClusterSnapshot;
  /** Called with each request once it is answered, as an audit log is. */
  readonly audit?: (event: AuditEvent) => void;
  /** Controllers and nodes; without it nothing makes pods, and none runs. */
  readonly workloads?: Workloads;
}

/** Every object with its version: definitions, policies and rights with it. Plain data; tokens of the cluster that it was taken of are not valid elsewhere. */
export type ClusterSnapshot = StoreSnapshot;

export interface EmbeddedCluster {
  /** A bearer token of a member of system:masters. */
  readonly adminToken: string;
  /** The whole of a request, at once; only a watch goes on. */
  handle(request: ApiRequest): ApiResponse;
  /** All objects of one kind, by `group/plural`: for what looks on without asking, as monitoring does. */
  list(storageKey: string): readonly Stored[];
  listen(options?: ListenOptions): Promise<Listening>;
  /** Forgets all history: older lists and watches answer 410. */
  compact(): void;
  snapshot(): ClusterSnapshot;
}

export const createEmbeddedCluster = ({ clock, random, from, audit, workloads }: EmbeddedDeps): EmbeddedCluster => {
  const store = createObjectStore(from);
  const server = createServerContext({ clock, random, store });
  const identities = createIdentities({
    clock,
    random,
    account: (namespace, name) => server.find({ group: "", plural: "serviceaccounts" }, namespace, name),
    pod: (namespace, name) => server.find({ group: "", plural: "pods" }, namespace, name),
  });
  const handle = createHandler({
    server,
    identities,
    authorizer: createAuthorizer(store),
    audit,
    logOf: (pod, query) => running?.logOf(pod, query) ?? "",
  });
  store.onChange(debounce(clock, createGarbageCollector(server)));
  if (from === undefined) bootstrap(server);
  const { adminToken } = identities;
  const plane = { clock, random, objects: store, http: inProcessHttp({ handle }), adminToken };
  const running = workloads === undefined ? undefined : startWorkloads(createControlPlane(plane), workloads);
  return {
    adminToken,
    handle,
    list: (storageKey) => store.list(storageKey),
    listen: (options = {}) => listen(handle, options),
    compact: store.compact,
    snapshot: store.snapshot,
  };
};
