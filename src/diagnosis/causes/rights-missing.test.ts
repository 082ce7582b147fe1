import { expect, test } from "vitest";
import { rightsMissing } from "#diagnosis/causes/rights-missing.ts";
import { answers, deployment, objects, podsOf } from "#test/evidence-sketch.ts";

const web = deployment("web", {}, { pod: { serviceAccountName: "web" } });
const pods = podsOf(web, {});
const text =
  'E0301 list pods: pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in API group "" in the namespace "shop"\n';
const logs = [{ namespace: "shop", pod: "web-7d9c5b8f6-bx2z4", container: "web", run: "current" as const, text }];
const [role, binding] = objects(`
{ apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: { name: pod-reader }, rules: [{ apiGroups: [""], resources: [pods], verbs: [get, list] }] }
---
{ apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: { name: web-reads-pods }, roleRef: { kind: Role, name: pod-reader }, subjects: [{ kind: ServiceAccount, name: web }] }
`);
const deletedBinding = {
  object: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", namespace: "shop", name: "web-reads-pods" },
  at: "2027-03-01T13:40:00Z",
  by: "unknown",
  field: "",
  kind: "deleted" as const,
};

test("a binding that was deleted is named to a person", () => {
  expect(answers(rightsMissing, { objects: [web, ...pods, role!], logs, changes: [deletedBinding] })).toEqual([
    "RightsMissing RoleBinding web-reads-pods → person",
  ]);
});

test("a right that no binding ever granted is for a person to grant", () => {
  expect(answers(rightsMissing, { objects: [web, ...pods], logs })).toEqual(["RightsMissing ServiceAccount web → person"]);
});

test("a refusal by another program is not the API server's", () => {
  const other = [{ ...logs[0]!, text: "403 Forbidden: user web cannot list orders\n" }];
  expect(answers(rightsMissing, { objects: [web, ...pods], logs: other })).toEqual([]);
});

test("a binding that grants it now contradicts the old line", () => {
  expect(answers(rightsMissing, { objects: [web, ...pods, role!, binding!], logs })).toEqual([]);
});

test.each([
  ["a binding for another account", "RoleBinding", "billing-reads-secrets"],
  ["a role that the account is not bound to", "Role", "secret-reader"],
  ["a binding whose name begins like the account", "RoleBinding", "webhook-reads"],
])("the change of %s is not the reason", (_, kind, name) => {
  const change = { ...deletedBinding, object: { ...deletedBinding.object, kind, name }, at: "2027-03-01T13:50:00Z" };
  expect(answers(rightsMissing, { objects: [web, ...pods], logs, changes: [change] })).toEqual([
    "RightsMissing ServiceAccount web → person",
  ]);
  expect(answers(rightsMissing, { objects: [web, ...pods], logs, changes: [change, deletedBinding] })).toEqual([
    "RightsMissing RoleBinding web-reads-pods → person",
  ]);
});

test("a role of the account that lost the rule is the reason", () => {
  const narrowed = { ...role!, rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] };
  const change = { ...deletedBinding, object: { ...deletedBinding.object, kind: "Role", name: "pod-reader" }, kind: "changed" as const };
  expect(answers(rightsMissing, { objects: [web, ...pods, narrowed, binding!], logs, changes: [change] })).toEqual([
    "RightsMissing Role pod-reader → person",
  ]);
});
