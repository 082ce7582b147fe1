import { describe, expect, test } from "vitest";
import type { Change } from "#api/change.ts";
import type { KubeObject } from "#api/object.ts";
import { diffText, objectDiffs } from "#actions/diff.ts";
import { invert, irreversible } from "#actions/invert.ts";
import { planStep } from "#actions/plan.ts";
import { deployment, observed, pod, replicaSet, template } from "#test/action-samples.ts";

const limits = (memory: string) => ({ resources: { limits: { memory } } });

test("a diff shows where, what was and what will be, with little around it", () => {
  const target = deployment({ template: template({ ...limits("64Mi"), image: "web:2" }) });
  const sets = [replicaSet(1, template({ ...limits("128Mi"), image: "web:1" }, { "pod-template-hash": "abc" }))];
  const plan = planStep(
    { action: "rollback_deployment", target: ref, parameters: { revision: "1" } },
    observed({ target, replicaSets: sets }),
  );
  expect(plan.ok && plan.diffs[0]?.diff).toBe(
    [
      "@@ spec.template.spec.containers[app] @@",
      "         command:",
      "         - /bin/web",
      "-        image: web:2",
      "+        image: web:1",
      "         resources:",
      "           limits:",
      "-            memory: 64Mi",
      "+            memory: 128Mi",
      "       restartPolicy: Always",
    ].join("\n"),
  );
  expect(plan.ok && plan.diffs[0]?.inverse).toContain("+            memory: 64Mi");
});
const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };

test("two places far apart are two hunks", () => {
  const text = diffText(
    deployment({ replicas: 1, template: template({ image: "a" }) }),
    deployment({ replicas: 3, template: template({ image: "b" }) }),
  );
  expect(text.match(/^@@ .* @@$/gm)).toEqual(["@@ spec @@", "@@ spec.template.spec.containers[app] @@"]);
});

test("what the server keeps for itself is no difference", () => {
  expect(diffText(deployment({}, { resourceVersion: "1", generation: 1 }), deployment({}, { resourceVersion: "2", generation: 2 }))).toBe(
    "",
  );
});

describe("a secret is not shown, its change is", () => {
  const env = (value: string) =>
    deployment({
      template: template({
        env: [
          { name: "DB_PASSWORD", value },
          { name: "MODE", value: "fast" },
        ],
      }),
    });

  test("in a variable with a secret's name", () => {
    const text = diffText(env("hunter2"), env("hunter3"));
    expect(text).not.toMatch(/hunter/);
    expect(text).toContain("containers[app].env[DB_PASSWORD] @@");
    expect(text.split("\n").filter((line) => /^[-+]/.test(line))).toEqual([
      '-          value: "[redacted]"',
      '+          value: "[redacted: another value, as long]"',
    ]);
  });

  test("in a Secret", () => {
    const secret = (value: string): KubeObject => ({ ...deployment(), kind: "Secret", data: { a: value, b: "same" } }) as KubeObject;
    const text = diffText(secret("b2xk"), secret("bmV3"));
    expect(text).not.toMatch(/b2xk|bmV3/);
    expect(text.split("\n").filter((line) => /^[-+]/.test(line))).toEqual(['-  a: "[redacted]"', '+  a: "[redacted: another value]"']);
  });

  test("in an argument", () => {
    const args = (value: string) => deployment({ template: template({ args: [`--password=${value}`] }) });
    expect(diffText(args("hunter2"), args("hunter3"))).not.toMatch(/hunter/);
  });
});

describe("in words", () => {
  const live = pod("web-x", { ready: true, owner: "ReplicaSet" });
  const object = { apiVersion: "v1", kind: "Pod", namespace: "shop", name: "web-x" };
  const evict: Change = { type: "evict", object, uid: live.metadata.uid };

  test("an eviction says who makes a new pod, and that there is nothing to undo", () => {
    const [diff] = objectDiffs(
      [evict],
      invert({ undo: "none-needed" }, [evict], () => live),
      () => live,
    );
    expect(diff?.diff).toBe("Pod shop/web-x is evicted, as far as its PodDisruptionBudgets allow; ReplicaSet web-2 makes a new one.");
    expect(diff?.inverse).toBe("There is nothing to undo.");
  });

  test("a deletion says that it cannot be undone", () => {
    const [diff] = objectDiffs([{ ...evict, type: "delete" }], irreversible, () => live);
    expect(diff).toMatchObject({ diff: "Pod shop/web-x is deleted.", inverse: "This cannot be undone." });
  });

  test("a creation shows the whole object", () => {
    const content = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" }, data: { note: "a\nb", on: "yes", empty: {} } };
    const [diff] = objectDiffs(
      [{ type: "create", object: { ...object, kind: "ConfigMap", name: "c" }, content }],
      irreversible,
      () => undefined,
    );
    expect(diff?.diff).toMatch(/^ConfigMap shop\/c is created:\n@@ object @@\n\+apiVersion: v1\n\+kind: ConfigMap\n/);
    expect(diff?.diff).toContain("+  note: |\n+    a\n+    b");
    expect(diff?.diff).toContain('+  "on": "yes"');
    expect(diff?.diff).toContain("+  empty: {}");
  });
});

test("a diff that is too long is cut, and says so", () => {
  const text = "é".repeat(80_000);
  const change: Change = { type: "create", object: { apiVersion: "v1", kind: "ConfigMap", name: "c" }, content: { data: { text } } };
  const [diff] = objectDiffs([change], irreversible, () => undefined);
  expect(Buffer.byteLength(diff?.diff ?? "")).toBeLessThanOrEqual(65_536);
  expect(diff?.diff).toMatch(/é\n… \(longer than can be shown\)$/);
});

test("very different texts are shown as replaced, in bounded time", () => {
  const long = (word: string) => deployment({ template: template({ args: Array.from({ length: 2500 }, (_, at) => `${word}${at}`) }) });
  const lines = diffText(long("a"), long("b")).split("\n");
  expect(lines.filter((line) => line.startsWith("-"))).toHaveLength(2500);
  expect(lines.filter((line) => line.startsWith("+"))).toHaveLength(2500);
});

test("a character that cannot be seen is written out: it could deceive who approves", () => {
  const of = (value: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { "run.sh": value } }) as never;
  const change = {
    type: "create" as const,
    object: { apiVersion: "v1", kind: "ConfigMap", name: "a" },
    content: of("rm \u202egpj.exe\u200b"),
  };
  expect(objectDiffs([change], "irreversible", () => undefined)[0]?.diff).toContain(String.raw`run.sh: "rm \u202egpj.exe\u200b"`);
});
