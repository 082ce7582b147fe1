// `kintsugi policy`: the rule that decides for an object, and policies tested without a cluster.
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { runKintsugi } from "#test/cli-harness.ts";

const metadata = (name: string, more: object = {}) => ({
  name,
  uid: `uid-${name}`,
  resourceVersion: "1",
  creationTimestamp: "2030-01-01T00:00:00Z",
  ...more,
});
const namespace = (name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: metadata(name, { labels }),
});
const policy = (name: string, spec: object): KubeObject =>
  ({
    apiVersion: "kintsugi.dev/v1alpha1",
    kind: "RemediationPolicy",
    metadata: metadata(name, { namespace: "kintsugi-system", generation: 4 }),
    spec,
  }) as KubeObject;
const staging = namespace("shop", { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "staging" });
const restartsAreAsked = policy("team", { autonomy: [{ when: 'action == "restart_pod"', value: "approve" }] });

describe("policy explain", () => {
  test("names the environment, the hold and, for each action, the rule that decides", async () => {
    const frozen = policy("sale", { freezes: [{ name: "sale", from: "2000-01-01T00:00:00Z", to: "2099-01-01T00:00:00Z" }] });
    const ran = await runKintsugi(["policy", "explain", "pod/web-1", "-n", "shop"], { objects: [staging, restartsAreAsked, frozen] });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^Pod shop\/web-1\n {2}Environment +staging \(label kintsugi\.dev\/environment of Namespace shop\)\n/);
    expect(ran.stdout).toMatch(/On hold +freeze "sale" until 2099-01-01T00:00:00Z/);
    expect(ran.stdout).toMatch(/^ACTION +AUTONOMY +REASON$/m);
    expect(ran.stdout).toMatch(
      /^restart_pod +approve +RemediationPolicy team, generation 4, spec\.autonomy\[0\] sets approve for restart_pod$/m,
    );
    expect(ran.stdout).not.toContain("rollback_deployment");
  });

  test("a policy that is not valid is named, and every action is only suggested", async () => {
    const broken = policy("team", { autonomy: [{ when: "environment ==", value: "off" }] });
    const ran = await runKintsugi(["policy", "explain", "deployment/web", "-n", "shop", "-o", "json"], { objects: [staging, broken] });
    const { problems, actions } = JSON.parse(ran.stdout) as { problems: string[]; actions: { autonomy: string }[] };
    expect(problems).toEqual(["RemediationPolicy team is not valid: spec.autonomy[0].when, line 1, column 15: Unexpected token: EOF."]);
    expect(new Set(actions.map(({ autonomy }) => autonomy))).toEqual(new Set(["suggest"]));
  });

  test.each([
    [["deployment/web", "reboot_node"], 'unknown action "reboot_node"'],
    [["deployment/web", "-n", "nowhere"], 'namespace "nowhere" not found'],
    [["widget/web"], "widget"],
  ])("%j is a usage error", async (args, message) => {
    const ran = await runKintsugi(["policy", "explain", ...args], { objects: [staging] });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain(message);
  });
});

describe("policy test", () => {
  const file = `
apiVersion: kintsugi.dev/v1alpha1
kind: RemediationPolicy
metadata: {name: team}
spec:
  autonomy:
  - when: target.namespace == "shop" && action == "restart_pod"
    value: approve
---
cases:
- name: restarts in the shop need an approval
  target: pod/web-1
  namespace: shop
  labels: {kintsugi.dev/managed: "true", kintsugi.dev/environment: staging}
  action: restart_pod
  expect: approve
- name: restarts elsewhere do not
  target: pod/web-1
  namespace: bank
  labels: {kintsugi.dev/managed: "true", kintsugi.dev/environment: staging}
  action: restart_pod
  expect: auto
`;
  const testing = (text: string, ...args: readonly string[]) =>
    runKintsugi(["policy", "test", "cases.yaml", ...args], { objects: [] }, { readFile: async () => text });

  test("passes where every case is as expected: exit code 0", async () => {
    const ran = await testing(file);
    expect(ran.stdout).toBe("ok      restarts in the shop need an approval\nok      restarts elsewhere do not\n\n2 cases, 0 failed.\n");
    expect(ran.code).toBe(0);
  });

  test("shows the decision and its rule where a case differs: exit code 1", async () => {
    const ran = await testing(file.replace("expect: auto", "expect: off"));
    expect(ran.stdout).toMatch(/failed +restarts elsewhere do not\n +expected off, got auto: .*is reversible/);
    expect(ran.code).toBe(1);
  });

  test("a condition that does not compile fails the run", async () => {
    const ran = await testing(file.replace("target.namespace ==", "target.namespce =="));
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain(
      "invalid RemediationPolicy team is not valid: spec.autonomy[0].when, line 1, column 8: No such key: namespce.",
    );
    expect(ran.code).toBe(1);
  });

  test.each([
    ["a field that does not exist", file.replace("  autonomy:", "  autonmy:"), 'cases.yaml, document 1: spec: Unrecognized key: "autonmy"'],
    ["an unknown action", file.replaceAll("action: restart_pod", "action: reboot"), "document 2: cases.0.action: unknown action"],
    ["another value", file.replace("expect: auto", "expect: maybe"), "document 2: cases.1.expect: Invalid option"],
    ["a file that is not YAML", "a: [", "cases.yaml, document 1: "],
    ["another kind", "kind: Pod\nmetadata: {name: x}", "document 1: kind: "],
  ])("%s is named with its place: exit code 2", async (_name, text, message) => {
    const ran = await testing(text);
    expect(ran.stderr).toContain(message);
    expect(ran.code).toBe(2);
  });

  test("the examples of the documentation decide as they say", async () => {
    const ran = await runKintsugi(
      ["policy", "test", "docs/policies/examples.yaml"],
      { objects: [] },
      { readFile: (path) => readFile(path, "utf8") },
    );
    expect(ran.stdout).toMatch(/^(ok .*\n){20,}\n\d+ cases, 0 failed\.\n$/);
    expect(ran.code).toBe(0);
  });

  test("a file without cases is no test", async () => {
    const ran = await testing("# nothing\n");
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("no cases found")]);
  });
});
