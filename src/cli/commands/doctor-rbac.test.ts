// The printed roles are enough: a user with one and no other right runs its command; only what the role lists as optional stays unread.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { KubeObject } from "#api/object.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";
import { type Ran, runKintsugi } from "#test/cli-harness.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";
import { objects, podsOf } from "#test/evidence-sketch.ts";

interface Role extends KubeObject {
  readonly rules: readonly { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
}

const printed = async (command: string): Promise<string> => (await runKintsugi(["doctor", "--rbac", command])).stdout;
const uncommented = (text: string): string => text.replaceAll(/^# {2}/gm, "  ");

const [web, settings, node] = objects(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: fast}
---
apiVersion: v1
kind: Node
metadata: {name: one}
`);
const journal = expect.stringMatching(/^the change journal: none in/) as string;

let cluster: EmbeddedTestCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  for (const command of ["diagnose", "changes"])
    for (const extent of ["as-printed", "uncommented"]) {
      const text = await printed(command);
      const role = parse(extent === "as-printed" ? text : uncommented(text)) as KubeObject;
      const user = `${command}-${extent}`;
      const [binding] = objects(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${user}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${user}}
subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: ${user}}]
`);
      cluster.put({ ...role, metadata: { ...role.metadata, name: user } }, { ...binding!, metadata: { ...binding!.metadata } });
    }
  cluster.put(web!, settings!, node!, ...podsOf(web!, {}));
});
afterAll(() => cluster.stop());

const as = (user: string, ...args: readonly string[]): Promise<Ran> =>
  runKintsugi([...args, "-n", "shop", "-o", "json"], undefined, {
    connect: () =>
      connect(
        {
          server: cluster.config.server,
          name: "c",
          namespace: "shop",
          impersonate: { user, groups: ["system:authenticated"] },
          credentials: { current: () => Promise.resolve({ token: cluster.adminToken }), invalidate: () => {} },
        },
        { clock: systemClock, random: () => 0.5 },
      ),
    clock: systemClock,
  });
const notRead = ({ stdout }: Ran): readonly string[] =>
  // What the cluster does not have is no question of rights.
  (JSON.parse(stdout) as { notRead: string[] }).notRead.filter((gap) => !/metrics\.k8s\.io|which this cluster does not provide$/.test(gap));

describe.each(["deployment/web", "pod/web-7d9c5b8f6-bx2z4", "configmap/settings"])("%s", (target) => {
  test.each(["changes", "diagnose"])("its changes are read with the role of %s, all but the names of Secrets", async (command) => {
    const ran = await as(`${command}-as-printed`, "changes", target);
    expect(ran.stderr).toBe("");
    expect(notRead(ran).toSorted()).toEqual(["secrets: not allowed", journal]);
    expect(notRead(await as(`${command}-uncommented`, "changes", target))).toEqual([journal]);
  });

  test("it is diagnosed with the role of diagnose, all but the names of Secrets", async () => {
    expect(notRead(await as("diagnose-as-printed", "diagnose", target))).toEqual(["list secrets in shop: not allowed"]);
    expect(notRead(await as("diagnose-uncommented", "diagnose", target))).toEqual([]);
  });
});

test("changes of a node need no more", async () => {
  expect(notRead(await as("changes-as-printed", "changes", "node/one"))).toEqual([journal]);
});

test.each(["diagnose", "changes"])(
  "the role of %s writes nothing, and grants neither Secrets nor the way to Services unless asked to",
  async (command) => {
    const text = await printed(command);
    const granted = (yaml: string) => (parse(yaml) as Role).rules;
    const rules = granted(text);
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(["get", "list"]));
    expect(rules.flatMap(({ resources }) => resources)).not.toContain("secrets");
    expect(rules.flatMap(({ resources }) => resources)).not.toContain("services/proxy");
    const more = granted(uncommented(text)).slice(rules.length);
    expect(more.map(({ resources }) => resources)).toEqual(command === "diagnose" ? [["secrets"], ["services/proxy"]] : [["secrets"]]);
    // Never to any Service at all.
    expect(
      more.filter(({ resources }) => resources.includes("services/proxy")).every(({ resourceNames = [] }) => resourceNames.length > 0),
    ).toBe(true);
    expect(JSON.parse((await runKintsugi(["doctor", "--rbac", command, "-o", "json"])).stdout)).toEqual(parse(text));
  },
);

test("the role of changes grants no list that is never asked for", async () => {
  const { rules } = parse(await printed("changes")) as Role;
  cluster.requests.length = 0;
  await as("changes-as-printed", "changes", "deployment/web");
  const asked = new Set(cluster.requests.map((request) => request.replace(/\?.*/, "").split("/").at(-1)));
  const lists = rules.filter(({ verbs }) => verbs.includes("list")).flatMap(({ resources }) => resources);
  expect(lists.filter((resource) => !asked.has(resource))).toEqual([]);
});

test("there is no role for another command", async () => {
  const ran = await runKintsugi(["doctor", "--rbac", "constructor"]);
  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain("use --rbac diagnose or --rbac changes");
});
