// ValidatingAdmissionPolicies: rules of the cluster's own about any write, in CEL.
import { expect, vi } from "vitest";
import { type Answer, type Caller, type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, configMap, core, deployment, failure, type Part, pod } from "#test/contract/samples.ts";

const registration = "/apis/admissionregistration.k8s.io/v1";

interface Rule {
  readonly operations: readonly string[];
  readonly group?: string;
  readonly resources: readonly string[];
}

/** A policy that is in force in this namespace alone. */
const policyOf = (namespace: string, { operations, group = "", resources }: Rule, spec: Part): Part => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicy",
  metadata: { name: namespace },
  spec: {
    failurePolicy: "Fail",
    matchConstraints: {
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      resourceRules: [{ apiGroups: [group], apiVersions: ["*"], operations, resources }],
    },
    ...spec,
  },
});

const bindingOf = (namespace: string, extra: Part = {}): Part => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingAdmissionPolicyBinding",
  metadata: { name: namespace },
  spec: { policyName: namespace, validationActions: ["Deny"], ...extra },
});

const always = { timeout: 30_000, interval: 50 };

/** Puts the policy into force; resolves with the first refusal of this write, which until then is admitted. */
const inForce = async (
  cluster: ContractCluster,
  namespace: string,
  rule: Rule,
  spec: Part,
  refused: () => Promise<Answer>,
): Promise<Answer> => {
  await ok(cluster.create(`${registration}/validatingadmissionpolicies`, policyOf(namespace, rule, spec)));
  await ok(cluster.create(`${registration}/validatingadmissionpolicybindings`, bindingOf(namespace)));
  return vi.waitFor(async () => {
    const answer = await refused();
    expect(answer.status).toBeGreaterThanOrEqual(400);
    return answer;
  }, always);
};

const configMaps: Rule = { operations: ["CREATE", "UPDATE"], resources: ["configmaps"] };
const dryConfigMap = (cluster: Caller, namespace: string, name: string, data: Readonly<Record<string, string>>) => (): Promise<Answer> =>
  cluster.create(`${core(namespace, "configmaps")}?dryRun=All`, configMap(name, data));

const denied = (kind: string, name: string, namespace: string, message: string): string =>
  `${kind} "${name}" is forbidden: ValidatingAdmissionPolicy '${namespace}' with binding '${namespace}' denied request: ${message}`;

export const admission: Topic = {
  title: "Admission policies",
  cases: [
    {
      name: "a write that breaks the rule is Invalid in the policy's words; one that keeps it passes",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "object.metadata.name.startsWith('ok-')", message: "names start with ok-" }] };
        const answer = await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "bad", {}));
        expect(answer).toMatchObject(failure(422, "Invalid", denied("configmaps", "bad", namespace, "names start with ok-")));
        expect(answer.body).toMatchObject({
          details: {
            name: "bad",
            kind: "configmaps",
            causes: [{ message: denied("configmaps", "bad", namespace, "names start with ok-").split(": ").slice(1).join(": ") }],
          },
        });
        expect(await cluster.create(core(namespace, "configmaps"), configMap("ok-a"))).toMatchObject({ status: 201 });
      },
    },
    {
      name: "a reason may be given",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "false", message: "never", reason: "Forbidden" }] };
        const answer = await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "a", {}));
        expect(answer).toMatchObject(failure(403, "Forbidden", denied("configmaps", "a", namespace, "never")));
      },
    },
    {
      name: "without a message the rule itself is shown, and a message may be computed",
      run: async (cluster, namespace) => {
        const spec = {
          validations: [
            { expression: "!has(object.data) || !('x' in object.data)" },
            { expression: "!has(object.data) || !('y' in object.data)", messageExpression: "'no y in ' + object.metadata.name" },
          ],
        };
        const first = await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "a", { x: "1" }));
        expect(first.body.message).toBe(
          denied("configmaps", "a", namespace, "failed expression: !has(object.data) || !('x' in object.data)"),
        );
        const second = await dryConfigMap(cluster, namespace, "a", { y: "1" })();
        expect(second.body.message).toBe(denied("configmaps", "a", namespace, "no y in a"));
      },
    },
    {
      name: "an update sees the old object, a create sees none",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "oldObject == null || object.data == oldObject.data", message: "data stays" }] };
        await ok(cluster.create(core(namespace, "configmaps"), configMap("a", { k: "1" })));
        const change = (): Promise<Answer> =>
          cluster.patch("merge", `${core(namespace, "configmaps", "a")}?dryRun=All`, { data: { k: "2" } });
        const answer = await inForce(cluster, namespace, configMaps, spec, change);
        expect(answer.body.message).toBe(denied("configmaps", "a", namespace, "data stays"));
        expect(await cluster.create(core(namespace, "configmaps"), configMap("b", { k: "2" }))).toMatchObject({ status: 201 });
      },
    },
    {
      name: "a deletion sees the old object alone",
      run: async (cluster, namespace) => {
        const rule: Rule = { operations: ["DELETE"], resources: ["configmaps"] };
        const spec = { validations: [{ expression: "object == null && oldObject.metadata.name != 'kept'", message: "kept is kept" }] };
        await ok(cluster.create(core(namespace, "configmaps"), configMap("kept")));
        await ok(cluster.create(core(namespace, "configmaps"), configMap("other")));
        const answer = await inForce(cluster, namespace, rule, spec, () =>
          cluster.delete(`${core(namespace, "configmaps", "kept")}?dryRun=All`),
        );
        expect(answer.body.message).toBe(denied("configmaps", "kept", namespace, "kept is kept"));
        expect(await cluster.delete(core(namespace, "configmaps", "other"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "the request names user, object, namespace and whether it is dry",
      run: async (cluster, namespace) => {
        const spec = {
          validations: [
            {
              expression: `request.userInfo.username == 'missing' && request.namespace == '${namespace}' && request.operation == 'CREATE' && request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap'`,
              messageExpression:
                "request.userInfo.username + ' ' + request.operation + ' ' + request.resource.resource + ' ' + request.name + ' ' + string(request.dryRun) + ' ' + string('system:masters' in request.userInfo.groups)",
            },
          ],
        };
        const answer = await inForce(
          cluster,
          namespace,
          configMaps,
          spec,
          dryConfigMap(cluster.as("ann", ["system:masters"]), namespace, "a", {}),
        );
        expect(answer.body.message).toBe(denied("configmaps", "a", namespace, "ann CREATE configmaps a true true"));
      },
    },
    {
      name: "the request names a subresource only where there is one, and a token is a write to its account",
      run: async (cluster, namespace) => {
        const rule: Rule = { operations: ["CREATE"], resources: ["serviceaccounts", "serviceaccounts/token"] };
        const spec = {
          validations: [{ expression: "!has(request.subResource) || request.name != 'robot'", messageExpression: "request.subResource" }],
        };
        await ok(
          cluster.create(core(namespace, "serviceaccounts"), { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } }),
        );
        const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} };
        const ask = (): Promise<Answer> => cluster.create(core(namespace, "serviceaccounts", "robot", "token"), review);
        const answer = await inForce(cluster, namespace, rule, spec, ask);
        expect(answer.body.message).toContain("denied request: token");
        const other = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "other" } };
        expect(await cluster.create(core(namespace, "serviceaccounts"), other)).toMatchObject({ status: 201 });
      },
    },
    {
      name: "conditions decide whether the policy looks at all",
      run: async (cluster, namespace) => {
        const spec = {
          matchConditions: [{ name: "only-ann", expression: "request.userInfo.username == 'ann'" }],
          validations: [{ expression: "false", message: "not ann" }],
        };
        await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster.as("ann", ["system:masters"]), namespace, "a", {}));
        expect(await cluster.create(core(namespace, "configmaps"), configMap("a"))).toMatchObject({ status: 201 });
      },
    },
    {
      name: "variables are named once and used by rules and by one another",
      run: async (cluster, namespace) => {
        const spec = {
          variables: [
            { name: "data", expression: "has(object.data) ? object.data : {}" },
            { name: "size", expression: "size(variables.data)" },
          ],
          validations: [{ expression: "variables.size < 2", message: "one entry at most" }],
        };
        const answer = await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "a", { x: "1", y: "2" }));
        expect(answer.body.message).toBe(denied("configmaps", "a", namespace, "one entry at most"));
        expect(await cluster.create(core(namespace, "configmaps"), configMap("b", { x: "1" }))).toMatchObject({ status: 201 });
      },
    },
    {
      name: "the namespace's own labels can be asked",
      run: async (cluster, namespace) => {
        const spec = {
          validations: [
            { expression: "has(namespaceObject.metadata.labels) && 'managed' in namespaceObject.metadata.labels", message: "not opted in" },
          ],
        };
        await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "a", {}));
        await ok(cluster.patch("merge", `/api/v1/namespaces/${namespace}`, { metadata: { labels: { managed: "yes" } } }));
        await vi.waitFor(() => ok(cluster.create(`${core(namespace, "configmaps")}?dryRun=All`, configMap("a"))), always);
      },
    },
    {
      name: "a rule that fails to run refuses where the policy says Fail, and admits where it says Ignore",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "object.data['never'] == 'there'" }] };
        const answer = await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "a", { k: "v" }));
        expect(answer.status).toBe(422);
        expect(answer.body.message).toContain("resulted in error: no such key: never");
        await ok(cluster.patch("merge", `${registration}/validatingadmissionpolicies/${namespace}`, { spec: { failurePolicy: "Ignore" } }));
        await vi.waitFor(() => ok(cluster.create(`${core(namespace, "configmaps")}?dryRun=All`, configMap("a", { k: "v" }))), always);
      },
    },
    {
      name: "a subresource is looked at only where the policy names it",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const rule: Rule = { operations: ["UPDATE"], group: "apps", resources: ["deployments"] };
        const path = apps(namespace, "deployments", "web");
        const spec = { validations: [{ expression: "false", message: "as it is" }] };
        await inForce(cluster, namespace, rule, spec, () => cluster.patch("merge", `${path}?dryRun=All`, { spec: { replicas: 2 } }));
        expect(await cluster.patch("merge", `${path}/scale`, { spec: { replicas: 2 } })).toMatchObject({ status: 200 });
        expect(await cluster.patch("merge", `${path}/status`, { status: { replicas: 1 } })).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a scale is seen as a Scale",
      run: async (cluster, namespace) => {
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const rule: Rule = { operations: ["UPDATE"], group: "apps", resources: ["deployments/scale"] };
        const path = apps(namespace, "deployments", "web", "scale");
        const spec = {
          validations: [{ expression: "request.subResource != 'scale' || object.spec.replicas <= 3", message: "three at most" }],
        };
        const answer = await inForce(cluster, namespace, rule, spec, () =>
          cluster.patch("merge", `${path}?dryRun=All`, { spec: { replicas: 4 } }),
        );
        expect(answer.body.message).toContain("denied request: three at most");
        expect(await cluster.patch("merge", path, { spec: { replicas: 3 } })).toMatchObject({ status: 200 });
      },
    },
    {
      name: "an eviction is the creation of a subresource",
      run: async (cluster, namespace) => {
        await ok(cluster.create(core(namespace, "pods"), pod("a")));
        const rule: Rule = { operations: ["CREATE"], resources: ["pods/eviction"] };
        const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "a" } };
        const spec = { validations: [{ expression: "false", message: "no evictions" }] };
        const answer = await inForce(cluster, namespace, rule, spec, () =>
          cluster.create(`${core(namespace, "pods", "a", "eviction")}?dryRun=All`, { ...eviction, deleteOptions: { dryRun: ["All"] } }),
        );
        expect(answer.body.message).toContain("denied request: no evictions");
        expect(await cluster.get(core(namespace, "pods", "a"))).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a policy without a binding does nothing; a binding that warns, warns",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "false", message: "never" }] };
        await ok(cluster.create(`${registration}/validatingadmissionpolicies`, policyOf(namespace, configMaps, spec)));
        expect(await cluster.create(core(namespace, "configmaps"), configMap("a"))).toMatchObject({ status: 201 });
        await ok(
          cluster.create(`${registration}/validatingadmissionpolicybindings`, bindingOf(namespace, { validationActions: ["Warn"] })),
        );
        await vi.waitFor(async () => {
          const answer = await dryConfigMap(cluster, namespace, "b", {})();
          expect(answer.status).toBe(201);
          expect(answer.headers["warning"]).toBe(
            `299 - "Validation failed for ValidatingAdmissionPolicy '${namespace}' with binding '${namespace}': never"`,
          );
        }, always);
      },
    },
    {
      name: "a policy whose rule cannot be read is Invalid",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "object.nothing(" }] };
        const answer = await cluster.create(`${registration}/validatingadmissionpolicies`, policyOf(namespace, configMaps, spec));
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain(
          'spec.validations[0].expression: Invalid value: "object.nothing(": compilation failed: ERROR:',
        );
      },
    },
    {
      name: "a policy that is taken away is no longer in force",
      run: async (cluster, namespace) => {
        const spec = { validations: [{ expression: "false", message: "never" }] };
        await inForce(cluster, namespace, configMaps, spec, dryConfigMap(cluster, namespace, "a", {}));
        await ok(cluster.delete(`${registration}/validatingadmissionpolicies/${namespace}`));
        await vi.waitFor(() => ok(cluster.create(`${core(namespace, "configmaps")}?dryRun=All`, configMap("a"))), always);
      },
    },
  ],
};
