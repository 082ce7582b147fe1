// `kintsugi policy`: the rule that decides for an object, and policies tested without a cluster.
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "#api/object.ts";
import { anAnalysis, proceed } from "#test/orchestration-samples.ts";
import { runKintsugi, sampleKubeconfig } from "#test/cli-harness.ts";

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

  const recipes = [...readFileSync("docs/policies/recipes.md", "utf8").matchAll(/^## (\d+\. .+)\n\n```yaml\n([^`]+)```$/gm)];
  test("the recipes are twenty", () => expect(recipes).toHaveLength(20));
  test.each(recipes.map(([, title = "", text = ""]) => [title, text] as const))("recipe %s", async (_title, text) => {
    const ran = await testing(text);
    expect(ran.stdout).toMatch(/^(ok .*\n)+\n\d+ cases?, 0 failed\.\n$/);
    expect(ran.code).toBe(0);
  });

  const frozen = file.replace("  autonomy:", "  freezes: [{name: all, from: 2030-01-01T00:00:00Z, to: 2031-01-01T00:00:00Z}]\n  autonomy:");
  test.each([
    [
      "a freeze that holds",
      frozen.replace("expect: auto", "expect: auto\n  at: 2030-06-01T00:00:00Z\n  held: false"),
      /at 2030-06-01T00:00:00Z: freeze "all" until/,
    ],
    ["a freeze that does not", file.replace("expect: auto", "expect: auto\n  at: 2030-06-01T00:00:00Z\n  held: true"), /nothing holds it/],
    ["other approvers", file.replace("expect: auto", "expect: auto\n  approvers: ['user:ann']"), /approvers: group:system:masters/],
    ["another number of approvals", file.replace("expect: auto", "expect: auto\n  minApprovers: 2"), /approvals needed: 1/],
  ])("a case fails for %s", async (_name, text, difference) => {
    const ran = await testing(text);
    expect(ran.stdout).toMatch(difference);
    expect(ran.code).toBe(1);
  });

  test("a file without cases is no test", async () => {
    const ran = await testing("# nothing\n");
    expect([ran.code, ran.stderr]).toEqual([1, expect.stringContaining("no cases found")]);
  });
});

describe("policy preview", () => {
  const analysis = anAnalysis({ ...proceed, phaseStartedAt: "2030-01-05T12:00:00Z" });
  const stored = (...installed: readonly KubeObject[]) => ({ objects: [staging, ...installed, analysis, anAnalysis(undefined, 2)] });
  const file = (spec: object, name = "team", of?: string): string =>
    JSON.stringify({ apiVersion: "kintsugi.dev/v1alpha1", kind: "RemediationPolicy", metadata: { name, namespace: of }, spec });
  const previewing = (text: string, server = stored(), ...args: readonly string[]) =>
    runKintsugi(["policy", "preview", "new.yaml", ...args], server, {
      readFile: async (path) => (path === "new.yaml" ? text : sampleKubeconfig),
    });
  const rowsOf = async (text: string, server = stored()): Promise<unknown> => {
    const ran = await previewing(text, server, "-o", "json");
    return (JSON.parse(ran.stdout) as { plans: unknown }).plans;
  };

  test("shows what was decided, what would be, and the rule: exit code 0", async () => {
    const ran = await previewing(file({ autonomy: [{ when: 'action == "rollback_deployment"', value: "approve" }] }));
    expect(ran.stdout).toMatch(/^REQUEST +ACTION +TARGET +DECIDED +WOULD BE +REASON$/m);
    expect(ran.stdout).toMatch(
      /^rr-1 +rollback_deployment +Deployment shop\/web +auto +approve +RemediationPolicy team, spec\.autonomy\[0\] sets approve/m,
    );
    expect(ran.stdout).toMatch(/^1 plan, 1 decided otherwise\.$/m);
    expect(ran.code).toBe(0);
  });

  test.each<[string, string, object]>([
    ["a policy that changes nothing", file({}), { decided: "auto", would: "auto", differs: false }],
    [
      "a policy of the plan's namespace",
      file({ autonomy: [{ when: "true", value: "off" }] }, "own", "shop"),
      { would: "off", differs: true },
    ],
    [
      "a policy of another namespace",
      file({ autonomy: [{ when: "true", value: "off" }] }, "own", "bank"),
      { would: "auto", differs: false },
    ],
    [
      "a freeze at the time of the decision",
      file({ freezes: [{ name: "noon", schedule: { cron: "0 12 * * *", durationMinutes: 60 } }] }),
      { would: "auto", hold: 'freeze "noon" until 2030-01-05T13:00:00Z', differs: true },
    ],
    [
      "a freeze at another time",
      file({ freezes: [{ name: "night", schedule: { cron: "0 2 * * *", durationMinutes: 60 } }] }),
      { differs: false },
    ],
  ])("%s", async (_name, text, row) => {
    expect(await rowsOf(text)).toMatchObject([row]);
  });

  test("an installed policy of the same name gives way, one of another name stays", async () => {
    const off = { autonomy: [{ when: "true", value: "off" }] };
    expect(await rowsOf(file({}), stored(policy("team", off)))).toMatchObject([{ would: "auto" }]);
    expect(await rowsOf(file({}), stored(policy("company", off)))).toMatchObject([{ would: "off" }]);
  });

  test("a policy that is not valid is named: exit code 1", async () => {
    const ran = await previewing(file({ autonomy: [{ when: "1 +", value: "off" }] }));
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain("invalid RemediationPolicy team is not valid: spec.autonomy[0].when");
    expect(ran.code).toBe(1);
  });

  test("without a stored plan there is nothing to show", async () => {
    const ran = await previewing(file({}), { objects: [staging] });
    expect(ran).toMatchObject({ code: 0, stdout: "No plan is stored.\n" });
    expect((await previewing(file({}), stored(), "-n", "bank")).stdout).toBe("No plan is stored.\n");
  });

  test("a file with anything else is a usage error", async () => {
    expect(await previewing("cases: []")).toMatchObject({ code: 2, stderr: expect.stringContaining("new.yaml, document 1") as string });
  });
});
