import { expect, test } from "vitest";
import { actionOfAccount, isEffectiveWrite, storedWritesOf, writesByKintsugi } from "#scenarios/effective-writes.ts";
import type { AuditEvent } from "#embedded/audit.ts";

const actor = "system:serviceaccount:kintsugi-system:kintsugi-act-rollback-deployment";
const patch: AuditEvent = {
  auditID: "1",
  stage: "ResponseComplete",
  verb: "patch",
  requestURI: "/apis/apps/v1/namespaces/shop/deployments/checkout",
  user: { username: actor },
  objectRef: { apiGroup: "apps", resource: "deployments", namespace: "shop", name: "checkout" },
  responseStatus: { code: 200 },
  requestReceivedTimestamp: "2027-01-01T00:00:00Z",
  stageTimestamp: "2027-01-01T00:00:00Z",
};

test("a write that took effect counts", () => expect(isEffectiveWrite(patch)).toBe(true));

test.each<[string, Partial<AuditEvent>]>([
  ["a read", { verb: "get" }],
  ["a dry run", { requestURI: `${patch.requestURI}?dryRun=All` }],
  ["a refused write", { responseStatus: { code: 409 } }],
  ["a write of status", { objectRef: { ...patch.objectRef!, subresource: "status" } }],
  ["a request that has only begun", { stage: "ResponseStarted" }],
])("%s does not", (_, difference) => expect(isEffectiveWrite({ ...patch, ...difference })).toBe(false));

test("what people, Kubernetes and another namespace's events do is not Kintsugi's; its own events are records", () => {
  const others: Partial<AuditEvent>[] = [
    { user: { username: "testbed-admin" } },
    { user: { username: "system:serviceaccount:kube-system:deployment-controller" } },
    { user: { username: "system:serviceaccount:kintsugi-system-2:kintsugi-act-rollback-deployment" } },
    { objectRef: { ...patch.objectRef!, namespace: "other" } },
    { objectRef: { ...patch.objectRef!, resource: "events" } },
  ];
  const events = [...others.map((difference) => ({ ...patch, ...difference })), patch];
  expect(writesByKintsugi(events, "kintsugi-system", "shop")).toEqual([
    { user: actor, verb: "patch", resource: "deployments", namespace: "shop", name: "checkout" },
  ]);
});

test("an impersonated user is who acts", () => {
  const event = { ...patch, user: { username: "testbed-admin" }, impersonatedUser: { username: actor } };
  expect(writesByKintsugi([event], "kintsugi-system", "shop")).toHaveLength(1);
});

test("what a repair costs are its stored writes, status included, records aside", () => {
  const status = { ...patch, verb: "update", objectRef: { ...patch.objectRef!, resource: "remediationrequests", subresource: "status" } };
  const lease = { ...patch, objectRef: { ...patch.objectRef!, resource: "leases" } };
  const note = { ...status, verb: "patch", requestObject: { status: { alerts: { f: { lastSeen: "2027" } } } } };
  const dryRun = { ...patch, requestURI: "/apis?dryRun=All" };
  const events = [patch, status, note, lease, dryRun, { ...patch, user: { username: "system:node:n1" } }];
  expect(storedWritesOf(events, "kintsugi-system")).toEqual(["patch deployments", "update remediationrequests/status"]);
});

test("an action is known by its account, and nothing else is", () => {
  expect(actionOfAccount(actor, "kintsugi-system")).toBe("rollback_deployment");
  expect(actionOfAccount(`${actor}-approved`, "kintsugi-system")).toBe("rollback_deployment (approved)");
  expect(actionOfAccount("system:serviceaccount:kintsugi-system:kintsugi-controllers", "kintsugi-system")).toBeUndefined();
});
