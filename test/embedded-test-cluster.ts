// An embedded API server of a test file's own, over HTTP, for what is tested against Kubernetes and not of Kubernetes: test/contract holds it to
// the real one. Without controllers and nodes: what they would write, the test writes.
import { apiVersionOf, type KubeObject, type ResourceType } from "#api/object.ts";
import type { AuditEvent } from "#embedded/audit.ts";
import { openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { builtInResources } from "#embedded/resources.ts";
import { resourcePath } from "#kube/resource-path.ts";
import { createUserActions } from "#scenarios/user-actions.ts";
import { clusterAt, type TestCluster } from "#test/cluster.ts";

export interface EmbeddedTestCluster extends TestCluster {
  readonly adminToken: string;
  /** Every request that was answered, in order, without those of `put`. */
  readonly audit: AuditEvent[];
  /** The same as `GET /api/v1/…`. */
  readonly requests: string[];
  /** As `kubectl apply --server-side --force-conflicts`. */
  apply(manifests: readonly object[]): Promise<void>;
  /** With status and owners, of which uids are the server's, and their namespaces: what an object is owned by comes before it. */
  put(...objects: readonly KubeObject[]): void;
  kubeconfig(token: string, namespace?: string): string;
  /** Cuts every connection, and listens no more. */
  stop(): Promise<void>;
}

export const startEmbeddedCluster = async (): Promise<EmbeddedTestCluster> => {
  const audit: AuditEvent[] = [];
  const requests: string[] = [];
  let isPutting = false;
  const server = openEmbeddedCluster({
    audit: (event) => void (isPutting || audit.push(event)),
    before: (request, next) => {
      if (!isPutting) requests.push(`${request.method} ${request.path}`);
      return next(request);
    },
  });
  const { config, url, close } = await server.listen();
  const cluster = clusterAt(config);
  const userActions = createUserActions({ kube: cluster.admin, as: ({ by, groups }) => cluster.asPerson(by, groups) });

  const call = (method: string, path: string, body: unknown): KubeObject => {
    const headers = { authorization: `Bearer ${server.adminToken}`, "content-type": "application/json" };
    const answer = server.handle({ method, path, headers, body: JSON.stringify(body) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as KubeObject;
  };
  const uids = new Map<string, string>();
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
  const put = (object: KubeObject): void => {
    const { namespace } = object.metadata;
    const isMissing = typeOf(object).namespaced && !server.objects.list("/namespaces").some(({ metadata }) => metadata.name === namespace);
    if (isMissing) call("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    putOne(object);
  };

  return {
    ...cluster,
    adminToken: server.adminToken,
    audit,
    requests,
    apply: (manifests) => userActions.apply(manifests),
    put: (...objects) => {
      isPutting = true;
      try {
        objects.forEach(put);
      } finally {
        isPutting = false;
      }
    },
    kubeconfig: (token, namespace = "default") =>
      JSON.stringify({
        "current-context": "c",
        clusters: [{ name: "c", cluster: { server: url } }],
        contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace } }],
        users: [{ name: "u", user: { token } }],
      }),
    stop: async () => {
      cluster.close();
      await close();
    },
  };
};

const typeOf = (object: KubeObject): ResourceType => {
  const type = builtInResources.find((each) => each.kind === object.kind && apiVersionOf(each) === object.apiVersion);
  if (type === undefined) throw new Error(`the embedded server serves no ${object.apiVersion} ${object.kind}`);
  return type;
};
