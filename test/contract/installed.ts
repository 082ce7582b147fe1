// What Kintsugi itself installs: its kinds, rights and policies are accepted, established and enforced. Reads deploy/ as it is.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "#api/object.ts";
import { type Answer, type Body, type Caller, type ContractCluster, ok, type Topic } from "#test/contract/cluster.ts";
import { apps, core, deployment, failure, type Part } from "#test/contract/samples.ts";
import { awaitingApprovalSample } from "#test/sample-requests.ts";

const home = "kintsugi-system";
const patient = { timeout: 30_000, interval: 50 };

const places: Readonly<Record<string, string>> = {
  Namespace: "/api/v1/namespaces",
  CustomResourceDefinition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  ServiceAccount: "/api/v1/namespaces/*/serviceaccounts",
  Service: "/api/v1/namespaces/*/services",
  Deployment: "/apis/apps/v1/namespaces/*/deployments",
  Role: "/apis/rbac.authorization.k8s.io/v1/namespaces/*/roles",
  RoleBinding: "/apis/rbac.authorization.k8s.io/v1/namespaces/*/rolebindings",
  ClusterRole: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  ClusterRoleBinding: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  ValidatingAdmissionPolicy: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
  ValidatingAdmissionPolicyBinding: "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
};

const manifest = async (): Promise<readonly Body[]> => {
  const text = await readFile(join(import.meta.dirname, "../../deploy/kintsugi.yaml"), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as Body);
};

const apply = (cluster: ContractCluster, object: Body): Promise<Answer> => {
  const place = places[object.kind]?.replace("*", object.metadata.namespace ?? "");
  return cluster.patch("apply", `${place ?? object.kind}/${object.metadata.name}?fieldManager=kintsugi&force=true`, object);
};

const ours = (plural: string, ...rest: readonly string[]): string =>
  [`/apis/kintsugi.dev/v1alpha1/namespaces/${home}/${plural}`, ...rest].join("/");

const account = (cluster: ContractCluster, name: string): Caller =>
  cluster.as(`system:serviceaccount:${home}:${name}`, ["system:serviceaccounts", `system:serviceaccounts:${home}`, "system:authenticated"]);

/** May do anything that the policies admit. */
const person = (cluster: ContractCluster, name: string): Caller => cluster.as(name, ["system:masters", "system:authenticated"]);

/** As a case makes it: under a name of the case's own, without what the server fills in. */
const fresh = (object: KubeObject & { readonly spec: unknown }, name: string, spec: Part = {}): Part => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  metadata: { name, namespace: home },
  spec: { ...(object.spec as Part), ...spec },
});

const sample = awaitingApprovalSample();

/** Everything applied, the kinds served, the rights known and the policies in force. */
const installed = async (cluster: ContractCluster): Promise<void> => {
  if ((await cluster.get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/kintsugi-system-jobs")).status === 404)
    for (const object of await manifest()) await ok(apply(cluster, object));
  const controllers = account(cluster, "kintsugi-controllers");
  const probe = fresh(sample.analyses[0]!, "probe");
  await vi.waitFor(async () => {
    expect((await controllers.create(`${ours("aianalyses")}?dryRun=All`, probe)).status).toBe(201);
    expect((await person(cluster, "eve").create(`${ours("aianalyses")}?dryRun=All`, probe)).status).toBe(422);
  }, patient);
};

/** An open approval, made as the controllers make it. */
const openApproval = async (cluster: ContractCluster, name: string): Promise<string> => {
  await installed(cluster);
  await ok(account(cluster, "kintsugi-controllers").create(ours("aiapprovalrequests"), fresh(sample.approvals[0]!, name)));
  return ours("aiapprovalrequests", name);
};

const decision = (by: string): Part => ({ by, decision: "Approved", via: "kubectl" });
const decide = (by: string): unknown => [{ op: "add", path: "/spec/decisions/-", value: decision(by) }];

export const installation: Topic = {
  title: "What Kintsugi installs",
  cases: [
    {
      name: "every object is accepted, and a second apply changes none",
      run: async (cluster) => {
        const objects = await manifest();
        const versions = async (): Promise<readonly unknown[]> => {
          const made: unknown[] = [];
          for (const object of objects) {
            const { kind, metadata } = await ok(apply(cluster, object));
            made.push([kind, metadata.name, metadata.generation]);
          }
          return made;
        };
        const first = await versions();
        expect(first).toHaveLength(objects.length);
        expect(await versions()).toEqual(first);
      },
    },
    {
      name: "every kind is established without a complaint about its schema",
      run: async (cluster) => {
        await installed(cluster);
        for (const { kind, metadata } of await manifest()) {
          if (kind !== "CustomResourceDefinition") continue;
          const { status } = await ok(cluster.get(`${places["CustomResourceDefinition"]}/${metadata.name}`));
          const conditions = status["conditions"] as readonly { type: string; status: string }[];
          const held = conditions.filter((condition) => condition.status === "True").map(({ type }) => type);
          expect([metadata.name, held.toSorted()]).toEqual([metadata.name, ["Established", "NamesAccepted"]]);
        }
      },
    },
    {
      name: "a request keeps its alert and target, and may be cancelled",
      run: async (cluster, namespace) => {
        await installed(cluster);
        await ok(account(cluster, "kintsugi-controllers").create(ours("remediationrequests"), fresh(sample.request, namespace)));
        const path = ours("remediationrequests", namespace);
        expect(await cluster.patch("merge", path, { spec: { target: { name: "other" } } })).toMatchObject(failure(422, "Invalid"));
        expect((await cluster.patch("merge", path, { spec: { alert: { name: "Other" } } })).body.message).toContain(
          "spec.alert is immutable",
        );
        expect(await person(cluster, "alice").patch("merge", path, { spec: { cancel: { by: "alice" } } })).toMatchObject({ status: 200 });
      },
    },
    {
      name: "a request's first status is guarded by its absence, every later one by its phase",
      run: async (cluster, namespace) => {
        await installed(cluster);
        await ok(account(cluster, "kintsugi-controllers").create(ours("remediationrequests"), fresh(sample.request, namespace)));
        const status = ours("remediationrequests", namespace, "status");
        const controllers = account(cluster, "kintsugi-controllers");
        const begun = { phase: "Processing", phaseStartedAt: "2030-01-01T00:00:00.000Z" };
        const begin = [
          { op: "test", path: "/status", value: null },
          { op: "add", path: "/status", value: begun },
        ];
        expect(await controllers.patch("json", status, begin)).toMatchObject({ status: 200, body: { status: begun } });
        expect(await controllers.patch("json", status, begin)).toMatchObject(failure(422, "Invalid"));
        const goOn = [
          { op: "test", path: "/status/phase", value: "Processing" },
          { op: "test", path: "/status/phaseStartedAt", value: begun.phaseStartedAt },
          { op: "add", path: "/status/phase", value: "Analyzing" },
        ];
        expect(await controllers.patch("json", status, goOn)).toMatchObject({ status: 200, body: { status: { phase: "Analyzing" } } });
        expect(await controllers.patch("json", status, goOn)).toMatchObject(failure(422, "Invalid"));
      },
    },
    {
      name: "the record of what was seen and done is written by the controllers alone",
      run: async (cluster, namespace) => {
        await installed(cluster);
        const analysis = fresh(sample.analyses[0]!, namespace);
        const answer = await person(cluster, "eve").create(ours("aianalyses"), analysis);
        expect(answer).toMatchObject(failure(422, "Invalid"));
        expect(answer.body.message).toContain("only Kintsugi's controllers may write this");
        expect(await account(cluster, "kintsugi-controllers").create(ours("aianalyses"), analysis)).toMatchObject({ status: 201 });
        expect(
          await person(cluster, "eve").patch("merge", ours("aianalyses", namespace, "status"), { status: { phase: "Completed" } }),
        ).toMatchObject(failure(422, "Invalid"));
      },
    },
    {
      name: "an approver decides once, in his own name",
      run: async (cluster, namespace) => {
        const path = await openApproval(cluster, namespace);
        const alice = person(cluster, "alice");
        expect((await alice.patch("json", path, decide("bob"))).body.message).toContain("add exactly one decision, in your own name, once");
        expect(await alice.patch("json", path, decide("alice"))).toMatchObject({
          status: 200,
          body: { spec: { decisions: [decision("alice")] } },
        });
        expect(await alice.patch("json", path, decide("alice"))).toMatchObject(failure(422, "Invalid"));
        expect((await alice.patch("json", path, [{ op: "remove", path: "/spec/decisions/0" }])).status).toBe(422);
      },
    },
    {
      name: "no other user decides, and Kintsugi never",
      run: async (cluster, namespace) => {
        const path = await openApproval(cluster, namespace);
        expect((await person(cluster, "eve").patch("json", path, decide("eve"))).body.message).toContain(
          "you are not among this approval's approvers",
        );
        const own = `system:serviceaccount:${home}:kintsugi-controllers`;
        const asController = cluster.as(own, ["system:masters"]);
        // More than one policy refuses it; the server names the first that answered.
        expect(await asController.patch("json", path, decide(own))).toMatchObject({
          status: 422,
          body: { message: expect.stringMatching(/ValidatingAdmissionPolicy 'kintsugi-system-(?:approvals|own-namespace)'/) as string },
        });
      },
    },
    {
      name: "an action reaches only a namespace that is opted in",
      run: async (cluster, namespace) => {
        await installed(cluster);
        await ok(cluster.create(apps(namespace, "deployments"), deployment("web")));
        const act = account(cluster, "kintsugi-act-rollback-deployment");
        const change = (): Promise<Answer> =>
          act.patch("merge", apps(namespace, "deployments", "web"), { spec: { template: { metadata: { labels: { release: "1" } } } } });
        const refused = await change();
        expect(refused).toMatchObject(failure(422, "Invalid"));
        expect(refused.body.message).toContain("this namespace is not opted in: label it kintsugi.dev/managed=true");
        await ok(
          cluster.patch("merge", `/api/v1/namespaces/${namespace}`, {
            metadata: { labels: { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "test" } },
          }),
        );
        await vi.waitFor(async () => expect((await change()).status).toBe(200), patient);
        expect(await act.delete(apps(namespace, "deployments", "web"))).toMatchObject(failure(403, "Forbidden"));
        expect(await act.get(core(namespace, "secrets"))).toMatchObject(failure(403, "Forbidden"));
      },
    },
  ],
};
