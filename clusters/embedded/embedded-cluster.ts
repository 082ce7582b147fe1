// A Kubernetes API server in this process, with or without controllers and nodes: called directly, by clients of this process, or over HTTP. The
// one way to open one. Knows nothing of Kintsugi.
import type { AuditEvent } from "#embedded/audit.ts";
import { createAuthorizer } from "#embedded/authorization.ts";
import { bootstrap } from "#embedded/bootstrap.ts";
import { createControlPlane } from "#embedded/controllers/control-plane.ts";
import { debounce } from "#embedded/debounce.ts";
import { createGarbageCollector, mayLeaveGarbage } from "#embedded/garbage-collection.ts";
import { createHandler } from "#embedded/handler.ts";
import { createIdentities } from "#embedded/identity.ts";
import { inProcessHttp } from "#embedded/in-process-http.ts";
import { type ObjectStore, type StoreSnapshot, createObjectStore } from "#embedded/object-store.ts";
import type { ApiRequest } from "#embedded/request.ts";
import type { ApiResponse } from "#embedded/response.ts";
import { createServerContext } from "#embedded/server-context.ts";
import { type ListenOptions, listen } from "#embedded/server.ts";
import { type Workloads, startWorkloads } from "#embedded/workloads.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { HttpClient } from "#lib/http-client.ts";
import { systemClock } from "#lib/system-clock.ts";

export interface EmbeddedOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** What the cluster begins with, definitions, policies and rights with it, instead of what a fresh one has. */
  readonly from?: ClusterSnapshot;
  /** Called with each request once it is answered, as an audit log is. */
  readonly audit?: (event: AuditEvent) => void;
  /** Controllers and nodes; without it nothing makes pods, and none runs. */
  readonly workloads?: Workloads;
  /** Default: collected, as by kube-controller-manager. */
  readonly garbage?: "kept";
  /** Sees every request before the server and may answer it: to watch requests, or to make them fail. */
  readonly before?: (request: ApiRequest, next: Handle) => ApiResponse;
}

type Handle = (request: ApiRequest) => ApiResponse;

/** Every object with its version: definitions, policies and rights with it. Plain data; tokens of the cluster that it was taken of are not valid elsewhere. */
export type ClusterSnapshot = StoreSnapshot;

export interface EmbeddedCluster {
  /** A bearer token of a member of system:masters. */
  readonly adminToken: string;
  /** The whole of a request, at once; only a watch goes on. */
  readonly handle: Handle;
  /** For clients in this process: nothing leaves it, and no time passes but the clock's. */
  readonly http: HttpClient;
  /** Of the administrator, together with `http`. */
  readonly config: ClusterConfig;
  /** A client in this process: the administrator's, or as another person. */
  connect(as?: ClusterConfig["impersonate"]): Kube & { close(): void };
  /** As etcd has them: for what looks on without asking, as monitoring does, or puts a test's objects there as they are. */
  readonly objects: ObjectStore;
  /** `config`: of the administrator, over HTTP. */
  listen(options?: ListenOptions): Promise<{ readonly url: string; readonly config: ClusterConfig; close(): Promise<void> }>;
}

export const openEmbeddedCluster = (options: EmbeddedOptions = {}): EmbeddedCluster => {
  const { clock = systemClock, random = Math.random, from, audit, workloads, garbage, before } = options;
  const store = createObjectStore(from);
  const server = createServerContext({ clock, random, store });
  const identities = createIdentities({
    clock,
    random,
    account: (namespace, name) => server.find({ group: "", plural: "serviceaccounts" }, namespace, name),
    pod: (namespace, name) => server.find({ group: "", plural: "pods" }, namespace, name),
  });
  const answer = createHandler({
    server,
    identities,
    authorizer: createAuthorizer(store),
    audit,
    logOf: (pod, query) => running?.logOf(pod, query) ?? "",
  });
  const handle: Handle = before === undefined ? answer : (request) => before(request, answer);
  const collect = debounce(clock, createGarbageCollector(server));
  if (garbage !== "kept") store.onChange((change) => mayLeaveGarbage(change) && collect());
  if (from === undefined) bootstrap(server);
  const { adminToken } = identities;
  const http = inProcessHttp({ handle });
  const credentials = { current: () => Promise.resolve({ token: adminToken }), invalidate: () => {} };
  const config = { name: "embedded", server: "http://embedded", namespace: "default", credentials };
  // Kubernetes' own parts stand behind what is before the server.
  const plane = { clock, random, objects: store, http: inProcessHttp({ handle: answer }), config };
  const running = workloads === undefined ? undefined : startWorkloads(createControlPlane(plane), workloads);
  return {
    adminToken,
    handle,
    http,
    config,
    connect: (as) => connect(as === undefined ? config : { ...config, impersonate: as }, { clock, random, http }),
    objects: store,
    listen: async (listenOptions = {}) => {
      const listening = await listen(handle, listenOptions);
      return { ...listening, config: { ...config, server: listening.url } };
    },
  };
};
