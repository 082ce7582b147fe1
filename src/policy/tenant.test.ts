// Policies of other namespaces than Kintsugi's own: they hold in theirs only, and take away only.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Autonomy } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { approversNeeded, outdatedApproval } from "#policy/approval-terms.ts";
import { leastAutonomy } from "#policy/autonomy.ts";
import { budgetHold } from "#policy/budget.ts";
import { freezeHold } from "#policy/freeze.ts";
import { permissionFor, policyContextOf } from "#policy/permission.ts";
import { subjectVariables } from "#policy/rules.ts";
import { settingsFrom } from "#policy/settings.ts";
import { reservedFields } from "#policy/tenant.ts";

type Spec = RemediationPolicy["spec"];
const own = "kintsugi-system";
const now = Date.parse("2030-01-01T12:00:00Z");
const policy = (namespace: string, spec: Spec, name = "team"): RemediationPolicy => ({
  apiVersion: "kintsugi.dev/v1alpha1",
  kind: "RemediationPolicy",
  metadata: {
    name,
    namespace,
    uid: `${namespace}/${name}`,
    resourceVersion: "1",
    generation: 2,
    creationTimestamp: "2030-01-01T00:00:00Z",
  },
  spec,
});
const settingsOf = (...policies: readonly RemediationPolicy[]) => settingsFrom(policies, own);
const target = (namespace: string, kind = "Deployment", name = "web") => ({ apiVersion: "apps/v1", kind, namespace, name });
const ask = (
  policies: readonly RemediationPolicy[],
  namespace = "shop",
  action = "rollback_deployment",
  parameters: Readonly<Record<string, string>> = {},
) =>
  permissionFor({
    step: { action, target: target(namespace), parameters },
    labels: { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "staging" },
    risk: "low",
    reversible: true,
    ownNamespace: own,
    settings: settingsOf(...policies),
  });
const rule = (value: Autonomy, more: Partial<NonNullable<Spec["autonomy"]>[number]> = {}): Spec => ({
  autonomy: [{ when: "true", value, ...more }],
});
const held = (policies: readonly RemediationPolicy[], namespace: string) =>
  freezeHold(settingsOf(...policies), now, [
    { ...subjectVariables(target(namespace), {}), environment: "staging", criticality: "medium", action: "restart_pod" },
  ])?.why;

describe("a policy of a namespace", () => {
  test("holds there, and nowhere else", () => {
    const policies = [policy("shop", rule("suggest"))];
    expect(ask(policies)).toMatchObject({
      autonomy: "suggest",
      reason: "RemediationPolicy shop/team, generation 2, spec.autonomy[0] sets suggest for rollback_deployment",
      rule: "RemediationPolicy shop/team, generation 2, spec.autonomy[0]",
    });
    expect(ask(policies, "pay").autonomy).toBe("auto");
  });

  test("never gives back what a policy of Kintsugi's namespace takes, however specific it is", () => {
    const all = policy(own, rule("approve"));
    const specific = policy("shop", {
      autonomy: [{ when: 'action != "" && risk == "low" && environment != "" && reversible', value: "auto" }],
    });
    expect(ask([all, specific])).toMatchObject({ autonomy: "approve", rule: "RemediationPolicy team, generation 2, spec.autonomy[0]" });
  });

  test("pauses and freezes its namespace", () => {
    const window = { name: "release", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z" };
    expect(held([policy("shop", { paused: true })], "shop")).toBe("repairs in namespace shop are paused by a policy of that namespace");
    expect(held([policy("shop", { paused: true })], "pay")).toBeUndefined();
    expect(held([policy("shop", { freezes: [window] })], "shop")).toContain('freeze "release"');
    expect(held([policy("shop", { freezes: [{ ...window, when: 'action == "restart_pod"' }] })], "shop")).toContain('freeze "release"');
    expect(held([policy("shop", { freezes: [{ ...window, when: 'action == "evict"' }] })], "shop")).toBeUndefined();
    expect(held([policy("shop", { freezes: [window] })], "pay")).toBeUndefined();
  });

  test("lowers the budget and the limits of its namespace, and raises neither", () => {
    const hold = (mine: Spec, namespace = "shop") =>
      budgetHold({ repairs: [], steps: [{ target: { namespace } }], settings: settingsOf(policy("shop", mine)), now });
    expect(hold({ budgets: { perNamespacePerHour: 0 } })?.why).toBe("the budget of 0 repairs an hour in namespace shop is spent");
    expect(hold({ budgets: { perNamespacePerHour: 0 } }, "pay")).toBeUndefined();
    const limited = (all: Spec, mine: Spec, memory: string) =>
      ask([policy(own, all), policy("shop", mine)], "shop", "increase_resources", { memory }).reason;
    expect(limited({}, { limits: { memory: "1Gi" } }, "2Gi")).toBe("memory 2Gi is more than the 1Gi that policy allows");
    expect(limited({ limits: { memory: "1Gi" } }, { limits: { memory: "4Gi" } }, "2Gi")).toBe(
      "memory 2Gi is more than the 1Gi that policy allows",
    );
    expect(limited({ limits: { memory: "4Gi" } }, { limits: { memory: "1Gi" } }, "2Gi")).toBe(
      "memory 2Gi is more than the 1Gi that policy allows",
    );
  });

  test("protects objects and kinds of its namespace", () => {
    const protect = (what: NonNullable<Spec["protected"]>) => ask([policy("shop", { protected: what })]).reason;
    expect(protect({ kinds: ["Deployment"] })).toBe("protected: objects of kind Deployment are protected by policy");
    expect(protect({ objects: [{ kind: "Deployment", namespace: "shop", name: "web" }] })).toBe(
      "protected: Deployment shop/web is protected by policy",
    );
    expect(protect({ objects: [{ kind: "Deployment", namespace: "shop", name: "api" }] })).not.toContain("protected");
  });

  test("that is not valid stops repairs in its namespace, and nowhere else", () => {
    const broken = policy("shop", { autonomy: [{ when: "environment ==", value: "auto" }] });
    expect(ask([broken])).toMatchObject({
      autonomy: "suggest",
      reason: expect.stringContaining("RemediationPolicy shop/team is not valid") as string,
    });
    expect(ask([broken], "pay").autonomy).toBe("auto");
  });

  test.each(["constructor", "__proto__", "toString"])("of a namespace named %s is one like any other", (namespace) => {
    expect(ask([], namespace).autonomy).toBe("auto");
    expect(ask([policy(namespace, rule("off"))], namespace).autonomy).toBe("off");
  });

  test("concerns the namespace itself as a target", () => {
    const settings = settingsOf(policy("shop", rule("off")));
    const labels = { "kintsugi.dev/managed": "true", "kintsugi.dev/environment": "staging" };
    const namespace = { apiVersion: "v1", kind: "Namespace", name: "shop" };
    expect(policyContextOf({ target: namespace, labels, ownNamespace: own, settings }).autonomy).toBe("off");
  });

  const values: Readonly<Record<(typeof reservedFields)[number], unknown>> = {
    environments: [{ when: "true", value: "staging" }],
    priorities: [{ when: "true", value: "P3" }],
    criticality: [{ when: "true", value: "low" }],
    approvers: ["user:me"],
    stabilisationSeconds: 0,
    coolOffSeconds: 0,
    approvalExpirySeconds: 604_800,
    verificationSeconds: 10,
    maxAttempts: 10,
    retentionSeconds: 60,
    noActionRetentionSeconds: 60,
    maxOpenRequests: 10_000,
  };
  test.each<[string, Spec]>([
    ...reservedFields.map((field): [string, Spec] => [field, { [field]: values[field] }]),
    ["budgets.perHour", { budgets: { perHour: 1000 } }],
    ["budgets.podsPerHour", { budgets: { podsPerHour: 1000 } }],
    ["protected.namespaces", { protected: { namespaces: ["pay"] } }],
    ["autonomy[0].approvers", rule("approve", { approvers: ["user:me"] })],
  ])("may not set %s: that would loosen, or concern others", (field, spec) => {
    const permission = ask([policy("shop", spec)]);
    expect(permission.autonomy).toBe("suggest");
    expect(permission.reason).toContain(`spec.${field}, line 1, column 1: only a policy in namespace kintsugi-system sets it`);
  });
});

test("no policy of a namespace grants more than there is without it", () => {
  const conditions = ["true", 'environment == "staging"', 'action == "restart_pod"', "reversible", "1 / 0 == 1", "environment =="] as const;
  const rules = fc.array(
    fc.record({ when: fc.constantFrom(...conditions), value: fc.constantFrom<Autonomy>("off", "suggest", "approve", "auto") }),
    {
      maxLength: 4,
    },
  );
  const specs = fc.record({ autonomy: rules, paused: fc.boolean(), limits: fc.constantFrom({}, { memory: "1Gi" }, { memory: "9Gi" }) });
  fc.assert(
    fc.property(
      specs,
      specs,
      fc.constantFrom("restart_pod", "rollback_deployment"),
      fc.constantFrom("1Gi", "2Gi"),
      (all, mine, action, memory) => {
        const without = ask([policy(own, all)], "shop", action, { memory });
        const both = ask([policy(own, all), policy("shop", mine)], "shop", action, { memory });
        expect(leastAutonomy(both.autonomy, without.autonomy)).toBe(both.autonomy);
        if (held([policy(own, all)], "shop") !== undefined) expect(held([policy(own, all), policy("shop", mine)], "shop")).toBeDefined();
      },
    ),
    { numRuns: 500 },
  );
});

describe("who approves", () => {
  const needed = (policies: readonly RemediationPolicy[], ...actions: readonly string[]) =>
    approversNeeded(
      actions.map((action) => ({ target: target("shop"), permission: ask(policies, "shop", action) })),
      settingsOf(...policies),
    );
  const company: Spec = {
    approvers: ["group:sre", "user:ann"],
    minApprovers: 2,
    autonomy: [
      { when: 'action == "restart_pod"', value: "approve", approvers: ["group:shop", "user:ann"], minApprovers: 1 },
      { when: "true", value: "approve" },
    ],
  };

  test.each<[string, readonly RemediationPolicy[], readonly string[], object]>([
    ["by default, the administrators", [], ["restart_pod"], { approvers: ["group:system:masters"], minApprovers: 1 }],
    [
      "those of the policies, where no rule says so",
      [policy(own, company)],
      ["rollback_deployment"],
      { approvers: ["group:sre", "user:ann"], minApprovers: 2 },
    ],
    ["those of the rule that decides", [policy(own, company)], ["restart_pod"], { approvers: ["group:shop", "user:ann"], minApprovers: 1 }],
    [
      "of several steps, an approver of each",
      [policy(own, company)],
      ["restart_pod", "rollback_deployment"],
      { approvers: ["user:ann"], minApprovers: 2 },
    ],
    [
      "as many as the namespace demands",
      [policy(own, company), policy("shop", { minApprovers: 3 })],
      ["restart_pod"],
      { approvers: ["group:shop", "user:ann"], minApprovers: 3 },
    ],
    [
      "never fewer than without the namespace's policy",
      [policy(own, company), policy("shop", { minApprovers: 1 })],
      ["rollback_deployment"],
      { minApprovers: 2 },
    ],
    [
      "as many as a rule of the namespace demands",
      [policy(own, company), policy("shop", rule("approve", { minApprovers: 4 }))],
      ["restart_pod"],
      { minApprovers: 4 },
    ],
  ])("%s", (_name, policies, actions, expected) => {
    expect(needed(policies, ...actions)).toMatchObject(expected);
  });

  test("equally specific rules that name other approvers disagree, so nothing is repaired", () => {
    const answer = ask([
      policy(own, { autonomy: [{ when: "true", value: "approve", approvers: ["user:ann"] }] }, "a"),
      policy(own, { autonomy: [{ when: "true", value: "approve", approvers: ["user:bob"] }] }, "b"),
    ]);
    expect(answer).toMatchObject({
      autonomy: "off",
      reason: expect.stringContaining("differ (approve of user:ann, approve of user:bob)") as string,
    });
  });

  test("a rule that grants as much as the default decides who approves", () => {
    const production = policy(own, { autonomy: [{ when: "true", value: "auto", approvers: ["user:ann"] }] });
    expect(ask([production])).toMatchObject({
      autonomy: "auto",
      rule: "RemediationPolicy team, generation 2, spec.autonomy[0]",
      approvers: ["user:ann"],
    });
  });

  test.each([
    [["user:ann"], 1, { approvers: ["user:ann", "group:sre"], minApprovers: 1 }, undefined],
    [["user:ann", "user:bob"], 1, { approvers: ["user:ann"], minApprovers: 1 }, "user:bob, who could approve it, is no longer an approver"],
    [["user:ann"], 1, { approvers: ["user:ann"], minApprovers: 2 }, "1 of 2 approvals were given"],
  ])("an approval by %j, %i of them, under %j", (approvers, approvedBy, rules, why) => {
    expect(outdatedApproval({ approvers, approvedBy }, rules)).toBe(why);
  });
});
