import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigMaps, Pods } from "#api/kubernetes.ts";
import type { AuditEvent } from "#embedded/audit.ts";
import { openEmbeddedCluster } from "#embedded/embedded-cluster.ts";
import type { Kube } from "#kube/client.ts";
import { type UserActions, createUserActions } from "#scenarios/user-actions.ts";

let kube: Kube & { close(): void };
let userActions: UserActions;
const audit: AuditEvent[] = [];

beforeAll(() => {
  const cluster = openEmbeddedCluster({ audit: (event) => void audit.push(event) });
  kube = cluster.connect();
  userActions = createUserActions({ kube, as: ({ by: user, groups }) => cluster.connect({ user, groups }) });
});
afterAll(() => kube.close());

const configMap = (name: string, value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { k: ${value} }\n`;

test("what is applied is there, and what is applied again is changed", async () => {
  await userActions.apply(`${configMap("a", "one")}---\n${configMap("b", "one")}---\n`, "default");
  await userActions.apply(configMap("a", "two"), "default");
  const data = async (name: string): Promise<unknown> => (await kube.get(ConfigMaps, { namespace: "default", name }))?.data;
  expect([await data("a"), await data("b")]).toEqual([{ k: "two" }, { k: "one" }]);
});

test("the audit records it as the real one does: user, verb, object, answer", () => {
  expect(audit.find(({ verb }) => verb === "patch")).toMatchObject({
    stage: "ResponseComplete",
    requestURI: "/api/v1/namespaces/default/configmaps/a?fieldManager=kubectl&force=true",
    user: { username: "kubernetes-admin" },
    objectRef: { apiVersion: "v1", resource: "configmaps", namespace: "default", name: "a" },
    responseStatus: { code: 201 },
    requestObject: { data: { k: "one" } },
  });
});

test.each([
  ["a kind that the server does not have", "apiVersion: apps/v1\nkind: Zeppelin\nmetadata: { name: z }\n", /no kind Zeppelin/],
  ["an object without a place", configMap("c", "one"), /needs a namespace/],
])("%s is said and not applied", async (_, manifest, sentence) => expect(userActions.apply(manifest)).rejects.toThrow(sentence));

test("pods are deleted by their labels, and no others", async () => {
  const pod = (name: string, app: string): string =>
    JSON.stringify({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { app } },
      spec: { containers: [{ name: "c", image: "i" }], terminationGracePeriodSeconds: 0 },
    });
  for (const [name, app] of [
    ["web-1", "web"],
    ["web-2", "web"],
    ["other", "other"],
  ] as const)
    await userActions.apply(pod(name, app), "default");
  await userActions.deletePods("default", { app: "web" });
  const living = (await kube.list(Pods, { namespace: "default" })).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  expect(living.map(({ metadata }) => metadata.name)).toEqual(["other"]);
});

test("a user who may not approve is refused", async () => {
  const approval = { by: "mallory", groups: ["system:authenticated"], message: "" };
  await expect(userActions.approve({ namespace: "default", name: "q" }, approval)).rejects.toThrow(/mallory|not found|could not find/);
  expect(audit.at(-1)).toMatchObject({ user: { username: "kubernetes-admin" }, impersonatedUser: { username: "mallory" } });
});
