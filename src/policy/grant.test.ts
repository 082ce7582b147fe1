import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Autonomy, Autonomy as AutonomySchema } from "#api/fields.ts";
import { ENVIRONMENT_LABEL, MANAGED_LABEL } from "#api/labels.ts";
import type { ObjectReference } from "#api/object.ts";
import { leastAutonomy } from "#policy/autonomy.ts";
import { grantFor, type GrantQuestion, limited } from "#policy/grant.ts";
import { permissionFor } from "#policy/permission.ts";
import { defaultSettings, type Settings } from "#policy/settings.ts";

const namespaces: Record<string, Record<string, string> | undefined> = {
  test: { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "test" },
  staging: { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "staging" },
  production: { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "production" },
  typo: { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "produktion" },
  unlabelled: { [MANAGED_LABEL]: "true" },
  foreign: { [ENVIRONMENT_LABEL]: "test" },
  gone: undefined,
  "kube-system": { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "test" },
  "kintsugi-system": { [MANAGED_LABEL]: "true", [ENVIRONMENT_LABEL]: "test" },
};
const deployment = (namespace: string, name = "web"): ObjectReference => ({ apiVersion: "apps/v1", kind: "Deployment", namespace, name });
const stepOn = (target: ObjectReference, parameters: Record<string, string> = {}) => ({ action: "scale_deployment", target, parameters });
const labelsOf = ({ namespace = "" }: ObjectReference) => namespaces[namespace];
const ask = (
  alerted: string,
  targets: readonly ObjectReference[],
  more: Partial<GrantQuestion["plan"]> = {},
  settings: Partial<Settings> = {},
) =>
  grantFor({
    plan: { steps: targets.map((target) => stepOn(target)), risk: "low", reversible: true, ...more },
    alerted: deployment(alerted),
    labelsOf,
    ownNamespace: "kintsugi-system",
    settings: { ...defaultSettings, ...settings },
  });

describe("a plan is granted what its steps' own targets are", () => {
  test.each<[string, string, readonly string[], Autonomy, RegExp]>([
    ["its own namespace lets it run", "test", ["test"], "auto", /reversible/],
    ["production needs an approval although the alert is of a test namespace", "test", ["production"], "approve", /in production/],
    [
      "another namespace needs an approval although both are for tests",
      "test",
      ["staging"],
      "approve",
      /not in the namespace of Deployment test\/web/,
    ],
    ["the strictest step counts, whichever comes first", "test", ["test", "production"], "approve", /in production/],
    ["a later step that is not opted in makes it a suggestion", "test", ["test", "production", "foreign"], "suggest", /not opted in/],
    ["a later step in a protected namespace forbids it", "test", ["test", "kube-system"], "off", /kube-system is protected/],
    ["Kintsugi's own namespace forbids it", "test", ["kintsugi-system"], "off", /Kintsugi's own/],
    ["a typo in the label needs an approval", "typo", ["typo"], "approve", /produktion is not known/],
    ["a namespace without an environment needs an approval", "unlabelled", ["unlabelled"], "approve", /no label says/],
    ["a namespace that is gone is not opted in", "test", ["gone"], "suggest", /not opted in/],
  ])("%s", (_name, alerted, changed, value, why) => {
    const grant = ask(
      alerted,
      changed.map((namespace) => deployment(namespace)),
    );
    expect(grant.value).toBe(value);
    expect(grant.why).toMatch(why);
  });

  test("each step records its own environment and what the plan as a whole may do", () => {
    const { permissions } = ask("test", [deployment("test"), deployment("production")]);
    expect(permissions.map(({ environment, autonomy }) => [environment, autonomy])).toEqual([
      ["test", "approve"],
      ["production", "approve"],
    ]);
  });

  test("a cluster-scoped object is not in the namespace of the alert", () => {
    const node = { apiVersion: "v1", kind: "Node", name: "a" };
    const grant = grantFor({
      plan: { steps: [stepOn(node)], risk: "low", reversible: true },
      alerted: deployment("test"),
      labelsOf: () => namespaces["test"],
      ownNamespace: "kintsugi-system",
      settings: defaultSettings,
    });
    expect(grant).toMatchObject({
      value: "approve",
      why: expect.stringContaining("Node a needs approval, because it is not in the namespace"),
    });
  });

  test("the limits hold for every step", () => {
    const steps = [stepOn(deployment("test")), stepOn(deployment("test", "other"), { replicas: "900" })];
    expect(ask("test", [], { steps }, { limits: { replicas: 20 } })).toMatchObject({
      value: "off",
      why: expect.stringContaining("replicas 900"),
    });
  });

  test("a plan without a step is granted nothing", () => expect(ask("test", []).value).toBe("off"));
});

const anyNamespace = fc.constantFrom(...Object.keys(namespaces));
test("for whatever steps: no more than any step is granted alone, and never auto where one crosses", () => {
  fc.assert(
    fc.property(anyNamespace, fc.array(anyNamespace, { minLength: 1, maxLength: 5 }), fc.boolean(), (alerted, changed, reversible) => {
      const { value, permissions } = ask(
        alerted,
        changed.map((namespace) => deployment(namespace)),
        { reversible },
      );
      const alone = changed.map(
        (namespace) =>
          permissionFor({
            step: stepOn(deployment(namespace)),
            labels: namespaces[namespace],
            risk: "low",
            reversible,
            ownNamespace: "kintsugi-system",
            settings: defaultSettings,
          }).autonomy,
      );
      for (const each of alone) expect(leastAutonomy(value, each)).toBe(value);
      expect(permissions.every(({ autonomy }) => autonomy === value)).toBe(true);
      if (changed.some((namespace) => namespace !== alerted)) expect(value).not.toBe("auto");
    }),
  );
});

test("a limited grant never grants more", () => {
  const value = fc.constantFrom(...AutonomySchema.options);
  fc.assert(
    fc.property(anyNamespace, value, (namespace, most) => {
      const grant = ask(namespace, [deployment(namespace)]);
      const less = limited(grant, most, "because");
      expect(less.value).toBe(leastAutonomy(grant.value, most));
      expect(less.why).toBe(less.value === grant.value ? grant.why : "because");
    }),
  );
});
