// diagnose as a user with the printed role and nothing else: the same on a real API server and on the embedded one.
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { parse } from "yaml";
import { ClusterRoleBindings, ClusterRoles, ConfigMaps, Deployments, Namespaces, Pods } from "#api/kubernetes.ts";
import type { KubeObject } from "#api/object.ts";
import { collectEvidence } from "#evidence/collect-cluster.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { runKintsugi } from "#test/cli-harness.ts";
import { type Connected, openCluster, type TestCluster } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const namespace = "kintsugi-diagnose-rights";
const user = "reader-of-diagnose";

interface Role extends KubeObject {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}
const printedRole = async (): Promise<Role> => parse((await runKintsugi(["doctor", "--rbac", "diagnose"])).stdout) as Role;

const prepare = async (admin: Connected): Promise<void> => {
  const role = await printedRole();
  await admin.create(ClusterRoles, role as never);
  await admin.create(ClusterRoleBindings, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: user },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata.name },
    subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: user }],
  } as never);
  await admin.create(Namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const spec = { containers: [{ name: "web", image: "registry.example/web:1", envFrom: [{ configMapRef: { name: "settings" } }] }] };
  const metadata = { name: "web", namespace };
  await admin.create(Deployments, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: { selector: { matchLabels: { app: "web" } }, template: { metadata: { labels: { app: "web" } }, spec } },
  });
  await admin.create(ConfigMaps, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace },
    data: { mode: "fast" },
  });
  await admin.create(Pods, { apiVersion: "v1", kind: "Pod", metadata: { name: "alone", namespace }, spec });
};

let real: TestCluster;
let embedded: EmbeddedTestCluster;
let servers: Readonly<Record<"real" | "embedded", { readonly admin: Connected; readonly reader: Connected }>>;

beforeAll(async () => {
  real = await openCluster(inject("controlPlane"));
  embedded = await startEmbeddedCluster();
  const reader = connect(
    {
      server: embedded.config.server,
      name: "embedded",
      namespace,
      impersonate: { user, groups: ["system:authenticated"] },
      credentials: { current: () => Promise.resolve({ token: embedded.adminToken }), invalidate: () => {} },
    },
    { clock: systemClock, random: () => 0.5 },
  );
  servers = { real: { admin: real.admin, reader: real.asPerson(user) }, embedded: { admin: embedded.admin, reader } };
  await Promise.all(Object.values(servers).map(({ admin }) => prepare(admin)));
});
afterAll(async () => {
  servers.embedded.reader.close();
  real.close();
  await embedded.stop();
});

describe.each(["real", "embedded"] as const)("on the %s API server", (name) => {
  test.each([
    ["one workload", { target: { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "web" } }],
    ["a namespace", { namespaces: [namespace] }],
    ["the whole cluster", { namespaces: "all" as const }],
  ])("with the printed role nothing of %s stays unread but the names of Secrets", async (_, around) => {
    const { gaps, objects } = await collectEvidence(servers[name].reader, systemClock, { around });
    const unread = gaps.filter((gap) => !gap.startsWith("read metrics.k8s.io") && !gap.includes("log of"));
    expect(unread).toEqual([expect.stringMatching(/^list secrets(?: in [\w-]+)?(?:, list secrets in [\w-]+)*: not allowed$/)]);
    expect(objects.filter(({ metadata }) => metadata.namespace === namespace).map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["Deployment", "ConfigMap", "Pod"]),
    );
  });

  test("the command itself answers, and changes nothing", async () => {
    const ran = await runKintsugi(["diagnose", "deployment/web", "-n", namespace, "-o", "json"], undefined, {
      connect: () => ({ ...servers[name].reader, close: () => {} }),
      clock: systemClock,
    });
    expect(ran.stderr).toBe("");
    expect(JSON.parse(ran.stdout)).toMatchObject({ scope: { target: { name: "web" } } });
  });
});

test("the role grants no list that is never asked for, and no write", async () => {
  const { rules } = await printedRole();
  expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(["get", "list"]));
  embedded.requests.length = 0;
  await collectEvidence(servers.embedded.reader, systemClock, { around: { namespaces: "all" } });
  const asked = new Set(embedded.requests.map((request) => request.replace(/\?.*/, "").split("/").at(-1)));
  const granted = rules.filter(({ verbs }) => verbs.includes("list")).flatMap(({ resources }) => resources);
  expect(granted.filter((resource) => !asked.has(resource))).toEqual([]);
});
