// An embedded API server on loopback with the objects of a test in it, and every request that reached it. Objects keep their owners; uids are the server's.
import { apiVersionOf, type KubeObject, type ResourceType } from "#api/object.ts";
import { createEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { builtInResources } from "#embedded/resources.ts";
import { listen } from "#embedded/server.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import { resourcePath } from "#kube/resource-path.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type Connected, tokenCredentials } from "#test/cluster.ts";

export interface EmbeddedKube {
  readonly url: string;
  readonly adminToken: string;
  readonly admin: Connected;
  /** `GET /api/v1/…`, in order, without those that put the objects there. */
  readonly requests: string[];
  /** By a token of its own. */
  asToken(token: string): Connected;
  /** In order: what an object is owned by comes before it. */
  put(...objects: readonly KubeObject[]): void;
  kubeconfig(token: string, namespace?: string): string;
  stop(): Promise<void>;
}

export const startEmbeddedKube = async (): Promise<EmbeddedKube> => {
  const cluster = createEmbeddedCluster({ clock: systemClock, random: Math.random });
  const requests: string[] = [];
  const listening = await listen((request) => {
    requests.push(`${request.method} ${request.path}`);
    return cluster.handle(request);
  }, {});
  const uids = new Map<string, string>();
  const open: Connected[] = [];
  const namespaces = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);
  const configOf = (token: string): ClusterConfig => ({
    server: listening.url,
    name: "embedded",
    namespace: "default",
    credentials: tokenCredentials(token),
  });
  const asToken = (token: string): Connected => {
    const kube = connect(configOf(token), { clock: systemClock, random: () => 0.5 });
    open.push(kube);
    return kube;
  };
  const call = (method: string, path: string, body: unknown): KubeObject => {
    const headers = { authorization: `Bearer ${cluster.adminToken}`, "content-type": "application/json" };
    const answer = cluster.handle({ method, path, headers, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as KubeObject;
  };
  const typeOf = (object: KubeObject): ResourceType => {
    const type = builtInResources.find((each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion);
    if (type === undefined) throw new Error(`the embedded server serves no ${object.apiVersion} ${object.kind}`);
    return type;
  };
  const putOne = (object: KubeObject): void => {
    const type = typeOf(object);
    const { uid, resourceVersion: _version, creationTimestamp: _time, ownerReferences, ...metadata } = object.metadata;
    const owners = ownerReferences?.map((owner) => ({ ...owner, uid: uids.get(owner.uid) ?? owner.uid }));
    const { status, ...rest } = object as KubeObject & { status?: unknown };
    const body = { ...rest, metadata: { ...metadata, ...(owners === undefined ? {} : { ownerReferences: owners }) } };
    const path = resourcePath(type, type.namespaced ? metadata.namespace : undefined);
    const made = call("POST", path, body);
    uids.set(uid, made.metadata.uid);
    if (status === undefined) return;
    const { resourceVersion } = made.metadata;
    call("PUT", `${path}/${metadata.name}/status`, { ...body, metadata: { ...body.metadata, resourceVersion }, status });
  };
  return {
    url: listening.url,
    adminToken: cluster.adminToken,
    admin: asToken(cluster.adminToken),
    requests,
    asToken,
    put: (...objects) => {
      for (const object of objects) {
        const { namespace } = object.metadata;
        if (typeOf(object).namespaced && namespace !== undefined && !namespaces.has(namespace)) {
          namespaces.add(namespace);
          putOne({
            apiVersion: "v1",
            kind: "Namespace",
            metadata: { name: namespace, uid: "", resourceVersion: "", creationTimestamp: "" },
          });
        }
        putOne(object);
      }
    },
    kubeconfig: (token, namespace = "default") =>
      JSON.stringify({
        "current-context": "c",
        clusters: [{ name: "c", cluster: { server: listening.url } }],
        contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace } }],
        users: [{ name: "u", user: { token } }],
      }),
    stop: async () => {
      for (const kube of open) kube.close();
      await listening.close();
    },
  };
};
