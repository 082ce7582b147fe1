// An embedded API server with Kintsugi installed; lists of pods, ReplicaSets and Deployments come from a large cluster that is made up page by page. Serves until it is killed.
import process from "node:process";
import { CONTROLLER_ACCOUNT, MANAGED_LABEL, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { KubeObject } from "#api/object.ts";
import { type EmbeddedOptions, openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { install } from "#manifests/install.ts";
import { createUserActions } from "#scenarios/user-actions.ts";
import { clusterAt, tokenOf } from "#test/cluster.ts";
import { largeDeployment, largePod, largeSets, podsOfSet, setsOfDeployment } from "#test/large-pod.ts";

const [pods = 0] = process.argv.slice(2).map(Number);
const namespace = "kintsugi-system";
const image = "example.test/kintsugi:1";

interface Collection {
  readonly count: number;
  readonly at: (index: number) => KubeObject;
}
const sets = Math.ceil(pods / podsOfSet);
const collections = new Map<string, Collection>([
  ["/api/v1/pods", { count: pods, at: largePod }],
  ["/apis/apps/v1/deployments", { count: sets, at: (index) => largeDeployment(index * podsOfSet) }],
  [
    "/apis/apps/v1/replicasets",
    {
      count: sets * setsOfDeployment,
      at: (index) => largeSets(Math.floor(index / setsOfDeployment) * podsOfSet)[index % setsOfDeployment] as KubeObject,
    },
  ],
]);

const before: EmbeddedOptions["before"] = (request, next) => {
  const { pathname, searchParams } = new URL(request.path, "http://bench");
  const collection = collections.get(pathname);
  if (collection === undefined || request.method !== "GET" || searchParams.has("watch")) return next(request);
  // Its own pages are none of the server's business.
  const answer = next({ ...request, path: pathname });
  if (answer.status !== 200) return answer;
  const [from, limit] = [Number(searchParams.get("continue") ?? 0), Number(searchParams.get("limit") ?? collection.count)];
  const to = Math.min(collection.count, from + limit);
  const list = answer.body as { readonly metadata: object; readonly items: readonly KubeObject[] };
  const items = Array.from({ length: to - from }, (_, index) => collection.at(from + index));
  // What the server holds itself comes with the last page.
  const [own, rest] = to < collection.count ? [[], { continue: String(to) }] : [list.items, {}];
  return { ...answer, body: { ...list, metadata: { ...list.metadata, ...rest }, items: [...items, ...own] } };
};
const server = openEmbeddedCluster({ before });
const listening = await server.listen();
const cluster = clusterAt(listening.config);
const userActions = createUserActions({ kube: cluster.admin, as: ({ by, groups }) => cluster.asPerson(by, groups) });
await userActions.apply(install({ namespace, image }));
await userActions.apply([
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-0", labels: { [MANAGED_LABEL]: "true" } } },
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "hostile" } },
]);
const tokens = {
  controllers: await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT),
  signals: await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]),
};
cluster.close();
console.log(JSON.stringify({ url: listening.url, admin: server.adminToken, namespace, image, ...tokens }));
