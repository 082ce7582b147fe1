// Questions to the server about identity and rights, and the tokens of ServiceAccounts.
import { expect, vi } from "vitest";
import { type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { core, failure, type Part, rbac } from "#test/contract/samples.ts";

const authentication = "/apis/authentication.k8s.io/v1";
const authorization = "/apis/authorization.k8s.io/v1";

const tokenOf = async (cluster: ContractCluster, namespace: string, spec: Part = {}): Promise<string> => {
  await ok(cluster.create(core(namespace, "serviceaccounts"), { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }));
  const review = await ok(
    cluster.create(core(namespace, "serviceaccounts", "robot", "token"), {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec,
    }),
  );
  return String(review.status["token"]);
};

const tokenReview = (token: string, extra: Part = {}): Part => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenReview",
  spec: { token, ...extra },
});

const accessReview = (kind: string, spec: Part): Part => ({ apiVersion: "authorization.k8s.io/v1", kind, spec });

export const reviews: Topic = {
  title: "Identity and reviews",
  cases: [
    {
      name: "a request without credentials is anonymous and may do almost nothing",
      run: async (cluster, namespace) => {
        expect(await cluster.withToken().get(core(namespace, "configmaps"))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"`,
          ),
        );
        expect(await cluster.withToken().get("/readyz")).toMatchObject({ status: 200, text: "ok" });
      },
    },
    {
      name: "a token that is none is Unauthorized",
      run: async (cluster, namespace) => {
        expect(await cluster.withToken("nonsense").get(core(namespace, "configmaps"))).toMatchObject(
          failure(401, "Unauthorized", "Unauthorized"),
        );
      },
    },
    {
      name: "a ServiceAccount's token says when it ends and speaks for the account",
      run: async (cluster, namespace) => {
        await ok(
          cluster.create(core(namespace, "serviceaccounts"), { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }),
        );
        const answer = await cluster.create(core(namespace, "serviceaccounts", "robot", "token"), {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { expirationSeconds: 3600 },
        });
        expect(answer).toMatchObject({ status: 201, body: { kind: "TokenRequest", spec: { expirationSeconds: 3600 } } });
        expect(answer.body.status["expirationTimestamp"]).toMatch(/Z$/);
        const robot = cluster.withToken(String(answer.body.status["token"]));
        expect(await robot.get(core(namespace, "configmaps"))).toMatchObject(
          failure(
            403,
            "Forbidden",
            `configmaps is forbidden: User "system:serviceaccount:${namespace}:robot" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"`,
          ),
        );
      },
    },
    {
      name: "a token has three parts, and its middle names issuer, account and end",
      run: async (cluster, namespace) => {
        const token = await tokenOf(cluster, namespace, { expirationSeconds: 3600 });
        const [, middle = ""] = token.split(".");
        const claims = JSON.parse(Buffer.from(middle, "base64url").toString("utf8")) as { exp: number; iat: number };
        expect(claims).toMatchObject({
          sub: `system:serviceaccount:${namespace}:robot`,
          "kubernetes.io": { namespace, serviceaccount: { name: "robot" } },
        });
        expect(claims.exp - claims.iat).toBe(3600);
      },
    },
    {
      name: "a token of less than ten minutes is not to be had",
      run: async (cluster, namespace) => {
        await ok(
          cluster.create(core(namespace, "serviceaccounts"), { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }),
        );
        const answer = await cluster.create(core(namespace, "serviceaccounts", "robot", "token"), {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: { expirationSeconds: 60 },
        });
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes");
      },
    },
    {
      name: "no token of an account that is not there",
      run: async (cluster, namespace) => {
        const answer = await cluster.create(core(namespace, "serviceaccounts", "none", "token"), {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {},
        });
        expect(answer).toMatchObject(failure(404, "NotFound", 'serviceaccounts "none" not found'));
      },
    },
    {
      name: "a token ends with its account",
      run: async (cluster, namespace) => {
        const robot = cluster.withToken(await tokenOf(cluster, namespace));
        await ok(cluster.delete(core(namespace, "serviceaccounts", "robot")));
        await vi.waitFor(async () => expect((await robot.get(core(namespace, "configmaps"))).status).toBe(401), {
          timeout: 20_000,
          interval: 50,
        });
      },
    },
    {
      name: "a TokenReview names the user of a token",
      run: async (cluster, namespace) => {
        const token = await tokenOf(cluster, namespace);
        const answer = await cluster.create(`${authentication}/tokenreviews`, tokenReview(token));
        expect(answer).toMatchObject({
          status: 201,
          body: {
            status: {
              authenticated: true,
              user: {
                username: `system:serviceaccount:${namespace}:robot`,
                groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
              },
            },
          },
        });
      },
    },
    {
      name: "a TokenReview of a token that is none is no error, but not authenticated",
      run: async (cluster) => {
        const answer = await cluster.create(`${authentication}/tokenreviews`, tokenReview("nonsense"));
        expect(answer.status).toBe(201);
        expect(answer.body.status["authenticated"]).not.toBe(true);
      },
    },
    {
      name: "a token for one audience does not count for another",
      run: async (cluster, namespace) => {
        const token = await tokenOf(cluster, namespace, { audiences: ["shop"] });
        const counts = async (audience: string): Promise<unknown> =>
          (await ok(cluster.create(`${authentication}/tokenreviews`, tokenReview(token, { audiences: [audience] })))).status[
            "authenticated"
          ];
        expect(await counts("shop")).toBe(true);
        expect(await counts("other")).not.toBe(true);
        expect(await cluster.withToken(token).get(core(namespace, "configmaps"))).toMatchObject({ status: 401 });
      },
    },
    {
      name: "a TokenReview names the audiences that were asked about and that the token has",
      run: async (cluster, namespace) => {
        const token = await tokenOf(cluster, namespace, { audiences: ["shop", "store"] });
        const audiencesOf = async (...audiences: string[]): Promise<unknown> =>
          (await ok(cluster.create(`${authentication}/tokenreviews`, tokenReview(token, { audiences })))).status["audiences"];
        expect(await audiencesOf("shop", "other")).toEqual(["shop"]);
        expect(await audiencesOf("other")).toBe(undefined);
      },
    },
    {
      name: "a right on a subresource that no server knows is answered as any other, and is no right on the resource",
      run: async (cluster, namespace) => {
        const group = "example.test";
        const ann = [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ann" }];
        const apiVersion = "rbac.authorization.k8s.io/v1";
        const rules = [{ apiGroups: [group], resources: ["orders/signals"], verbs: ["create"] }];
        await ok(cluster.create(rbac(namespace, "roles"), { apiVersion, kind: "Role", metadata: { name: "r" }, rules }));
        const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" };
        await ok(
          cluster.create(rbac(namespace, "rolebindings"), {
            apiVersion,
            kind: "RoleBinding",
            metadata: { name: "b" },
            roleRef,
            subjects: ann,
          }),
        );
        const mayCreate = async (subresource?: string): Promise<unknown> => {
          const resourceAttributes = { namespace, verb: "create", group, resource: "orders", ...(subresource ? { subresource } : {}) };
          const review = accessReview("SubjectAccessReview", { user: "ann", resourceAttributes });
          return (await ok(cluster.create(`${authorization}/subjectaccessreviews`, review))).status["allowed"];
        };
        await vi.waitFor(async () => expect(await mayCreate("signals")).toBe(true), { timeout: 10_000, interval: 20 });
        expect(await mayCreate()).toBe(false);
        expect(await mayCreate("status")).toBe(false);
      },
    },
    {
      name: "a SelfSubjectReview names the caller",
      run: async (cluster) => {
        const answer = await cluster
          .as("ann", ["system:authenticated", "ops"])
          .create(`${authentication}/selfsubjectreviews`, { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
        expect(answer).toMatchObject({
          status: 201,
          body: { status: { userInfo: { username: "ann", groups: ["system:authenticated", "ops"] } } },
        });
      },
    },
    {
      name: "a SubjectAccessReview answers for another",
      run: async (cluster, namespace) => {
        await ok(
          cluster.create(rbac(namespace, "roles"), {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "Role",
            metadata: { name: "r" },
            rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }],
          }),
        );
        await ok(
          cluster.create(rbac(namespace, "rolebindings"), {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "RoleBinding",
            metadata: { name: "b" },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" },
            subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ann" }],
          }),
        );
        const may = async (verb: string): Promise<Part> => {
          const resourceAttributes = { namespace, verb, group: "", resource: "configmaps" };
          const review = await ok(
            cluster.create(
              `${authorization}/subjectaccessreviews`,
              accessReview("SubjectAccessReview", { user: "ann", resourceAttributes }),
            ),
          );
          return review.status;
        };
        await vi.waitFor(async () => expect(await may("get")).toMatchObject({ allowed: true }), { timeout: 10_000, interval: 20 });
        expect(await may("get")).toMatchObject({ reason: `RBAC: allowed by RoleBinding "b/${namespace}" of Role "r" to User "ann"` });
        expect(await may("delete")).toMatchObject({ allowed: false });
      },
    },
    {
      name: "a SelfSubjectAccessReview answers for the caller, and every user may ask",
      run: async (cluster, namespace) => {
        const resourceAttributes = { namespace, verb: "create", group: "apps", resource: "deployments", subresource: "" };
        const review = accessReview("SelfSubjectAccessReview", { resourceAttributes });
        const path = `${authorization}/selfsubjectaccessreviews`;
        expect(await cluster.create(path, review)).toMatchObject({ status: 201, body: { status: { allowed: true } } });
        expect(await cluster.as("ann").create(path, review)).toMatchObject({ status: 201, body: { status: { allowed: false } } });
      },
    },
  ],
};
