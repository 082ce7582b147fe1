// Who may do what: roles, bindings, and the words of a refusal.
import { expect, vi } from "vitest";
import { type Caller, type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, configMap, core, deployment, failure, type Part, rbac } from "#test/contract/samples.ts";

const clusterWide = "/apis/rbac.authorization.k8s.io/v1";

const role = (name: string, rules: readonly Part[]): Part => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "Role",
  metadata: { name },
  rules,
});

const bound = (name: string, roleRef: Part, subject: Part): Part => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", ...roleRef },
  subjects: [subject],
});

const user = (name: string): Part => ({ apiGroup: "rbac.authorization.k8s.io", kind: "User", name });

/** A person with just these rights in this namespace; resolves when the server knows of them. */
const personWith = async (cluster: ContractCluster, namespace: string, rules: readonly Part[]): Promise<Caller> => {
  const name = `ann-${namespace}`;
  await ok(
    cluster.create(rbac(namespace, "roles"), role("r", [...rules, { apiGroups: [""], resources: ["limitranges"], verbs: ["list"] }])),
  );
  await ok(cluster.create(rbac(namespace, "rolebindings"), bound("b", { kind: "Role", name: "r" }, user(name))));
  const person = cluster.as(name);
  await vi.waitFor(() => ok(person.get(core(namespace, "limitranges"))), { timeout: 10_000, interval: 20 });
  return person;
};

const readConfigMaps: Part = { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] };

export const access: Topic = {
  title: "Rights",
  cases: [
    {
      name: "a user without the right is Forbidden, and the message names user, object and namespace",
      run: async (cluster, namespace) => {
        expect(await cluster.as("ann").get(core(namespace, "configmaps", "a"))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `configmaps "a" is forbidden: User "ann" cannot get resource "configmaps" in API group "" in the namespace "${namespace}"`,
          ),
        );
        expect(await cluster.as("ann").create(apps(namespace, "deployments"), deployment("web"))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `deployments.apps is forbidden: User "ann" cannot create resource "deployments" in API group "apps" in the namespace "${namespace}"`,
          ),
        );
        expect(await cluster.as("ann").get("/api/v1/nodes")).toMatchObject(
          failure(403, "Forbidden", 'nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" at the cluster scope'),
        );
      },
    },
    {
      name: "a refusal comes before the object is looked for",
      run: async (cluster, namespace) => {
        expect(await cluster.as("ann").delete(core(namespace, "configmaps", "none"))).toMatchObject({ status: 403 });
      },
    },
    {
      name: "a Role grants its verbs in its namespace and no other",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        const ann = await personWith(cluster, namespace, [readConfigMaps]);
        expect(await ann.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 200 });
        expect(await ann.get(core(namespace, "configmaps"))).toMatchObject({ status: 200 });
        expect(await ann.patch("merge", core(namespace, "configmaps", "a"), { data: { k: "v" } })).toMatchObject(failure(403, "Forbidden"));
        expect(await ann.get(core("default", "configmaps"))).toMatchObject(failure(403, "Forbidden"));
        expect(await ann.get("/api/v1/configmaps")).toMatchObject(failure(403, "Forbidden"));
      },
    },
    {
      name: "a watch is a verb of its own",
      run: async (cluster, namespace) => {
        const ann = await personWith(cluster, namespace, [readConfigMaps]);
        expect(await ann.get(`${core(namespace, "configmaps")}?watch=true`)).toMatchObject(
          failure(
            403,
            "Forbidden",
            `configmaps is forbidden: User "ann-${namespace}" cannot watch resource "configmaps" in API group "" in the namespace "${namespace}"`,
          ),
        );
      },
    },
    {
      name: "a rule may name its objects",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a")));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("b")));
        const ann = await personWith(cluster, namespace, [{ ...readConfigMaps, resourceNames: ["a"] }]);
        expect(await ann.get(core(namespace, "configmaps", "a"))).toMatchObject({ status: 200 });
        expect(await ann.get(core(namespace, "configmaps", "b"))).toMatchObject({ status: 403 });
        expect(await ann.get(core(namespace, "configmaps"))).toMatchObject({ status: 403 });
        expect(await ann.get(`${core(namespace, "configmaps")}?fieldSelector=metadata.name%3Da`)).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a subresource is a right of its own",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const ann = await personWith(cluster, namespace, [
          { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "patch"] },
          { apiGroups: ["apps"], resources: ["deployments/scale"], verbs: ["get"] },
        ]);
        expect(await ann.patch("merge", apps(namespace, "deployments", "web"), { spec: { replicas: 2 } })).toMatchObject({ status: 200 });
        expect(await ann.get(apps(namespace, "deployments", "web", "scale"))).toMatchObject({ status: 200 });
        expect(await ann.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: 3 } })).toMatchObject(
          failure(
            403,
            "Forbidden",
            `deployments.apps "web" is forbidden: User "ann-${namespace}" cannot patch resource "deployments/scale" in API group "apps" in the namespace "${namespace}"`,
          ),
        );
      },
    },
    {
      name: "a star matches every group, resource and verb",
      run: async (cluster, namespace) => {
        const ann = await personWith(cluster, namespace, [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }]);
        expect(await ann.create(core(namespace, "configmaps"), configMap("a"))).toMatchObject({ status: 201 });
        expect(await ann.create(apps(namespace, "deployments"), deployment("web"))).toMatchObject({ status: 201 });
        expect(await ann.patch("merge", apps(namespace, "deployments", "web", "scale"), { spec: { replicas: 2 } })).toMatchObject({
          status: 200,
        });
        expect(await ann.get("/api/v1/nodes")).toMatchObject({ status: 403 });
      },
    },
    {
      name: "a deletion of a collection is a verb of its own",
      run: async (cluster, namespace) => {
        const ann = await personWith(cluster, namespace, [{ apiGroups: [""], resources: ["configmaps"], verbs: ["delete"] }]);
        expect(await ann.delete(core(namespace, "configmaps"))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `configmaps is forbidden: User "ann-${namespace}" cannot deletecollection resource "configmaps" in API group "" in the namespace "${namespace}"`,
          ),
        );
      },
    },
    {
      name: "a ClusterRole bound in a namespace holds there alone, bound cluster-wide everywhere",
      run: async (cluster, namespace) => {
        const name = `reader-${namespace}`;
        const clusterRole = { ...role(name, [readConfigMaps]), kind: "ClusterRole" };
        await ok(cluster.create(`${clusterWide}/clusterroles`, clusterRole));
        await ok(cluster.create(rbac(namespace, "rolebindings"), bound("b", { kind: "ClusterRole", name }, user(`here-${namespace}`))));
        const everywhere = { ...bound(name, { kind: "ClusterRole", name }, user(`all-${namespace}`)), kind: "ClusterRoleBinding" };
        await ok(cluster.create(`${clusterWide}/clusterrolebindings`, everywhere));
        const here = cluster.as(`here-${namespace}`);
        const all = cluster.as(`all-${namespace}`);
        await vi.waitFor(() => ok(here.get(core(namespace, "configmaps"))), { timeout: 10_000, interval: 20 });
        expect(await here.get(core("default", "configmaps"))).toMatchObject({ status: 403 });
        await vi.waitFor(() => ok(all.get("/api/v1/configmaps")), { timeout: 10_000, interval: 20 });
        expect(await all.get(core("default", "configmaps"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a right may be a group's",
      run: async (cluster, namespace) => {
        await ok(cluster.create(rbac(namespace, "roles"), role("r", [readConfigMaps])));
        const group = { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: `team-${namespace}` };
        await ok(cluster.create(rbac(namespace, "rolebindings"), bound("b", { kind: "Role", name: "r" }, group)));
        const member = cluster.as("bob", ["system:authenticated", `team-${namespace}`]);
        await vi.waitFor(() => ok(member.get(core(namespace, "configmaps"))), { timeout: 10_000, interval: 20 });
        expect(await cluster.as("bob").get(core(namespace, "configmaps"))).toMatchObject({ status: 403 });
      },
    },
    {
      name: "a binding that goes takes the right with it",
      run: async (cluster, namespace) => {
        const ann = await personWith(cluster, namespace, [readConfigMaps]);
        await ok(cluster.delete(rbac(namespace, "rolebindings", "b")));
        await vi.waitFor(async () => expect((await ann.get(core(namespace, "configmaps"))).status).toBe(403), {
          timeout: 10_000,
          interval: 20,
        });
      },
    },
    {
      name: "the role a binding points at cannot change",
      run: async (cluster, namespace) => {
        await ok(cluster.create(rbac(namespace, "roles"), role("r", [readConfigMaps])));
        await ok(cluster.create(rbac(namespace, "rolebindings"), bound("b", { kind: "Role", name: "r" }, user("ann"))));
        const answer = await cluster.patch("merge", rbac(namespace, "rolebindings", "b"), { roleRef: { name: "other" } });
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("cannot change roleRef");
      },
    },
    {
      name: "only who may impersonate may",
      run: async (cluster, namespace) => {
        const ann = await personWith(cluster, namespace, [readConfigMaps]);
        expect(await ann.get(core(namespace, "configmaps"))).toMatchObject({ status: 200 });
        const { metadata } = await ok(
          cluster.create(core(namespace, "serviceaccounts"), { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }),
        );
        const token = await ok(
          cluster.create(core(namespace, "serviceaccounts", metadata.name, "token"), {
            apiVersion: "authentication.k8s.io/v1",
            kind: "TokenRequest",
            spec: {},
          }),
        );
        const robot = cluster.withToken(String(token.status["token"]));
        expect(await robot.request("GET", core(namespace, "configmaps"), undefined, { "impersonate-user": "ann" })).toMatchObject(
          failure(
            403,
            "Forbidden",
            `users "ann" is forbidden: User "system:serviceaccount:${namespace}:robot" cannot impersonate resource "users" in API group "" at the cluster scope`,
          ),
        );
      },
    },
    {
      name: "paths that are no resources have rights too",
      run: async (cluster) => {
        expect(await cluster.as("ann").get("/version")).toMatchObject({ status: 200 });
        expect(await cluster.as("ann").get("/metrics")).toMatchObject(
          failure(403, "Forbidden", 'forbidden: User "ann" cannot get path "/metrics"'),
        );
      },
    },
  ],
};
