import { describe, expect, test } from "vitest";
import type { Autonomy, Priority, Severity } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { type AutonomyQuestion, autonomyCeiling, autonomyFor, leastAutonomy } from "#policy/autonomy.ts";
import { budgetHold } from "#policy/budget.ts";
import { allowsAuto, autoEnvironments, environmentOf } from "#policy/environment.ts";
import { freezeHold } from "#policy/freeze.ts";
import type { Freeze } from "#policy/freeze-window.ts";
import { beyondLimits } from "#policy/limits.ts";
import { priorityOf } from "#policy/priority.ts";
import { subjectVariables } from "#policy/rules.ts";
import { protectionsOf } from "#policy/protections.ts";
import { defaultSettings, settingsFrom } from "#policy/settings.ts";

const settingsOf = (policies: readonly RemediationPolicy[]) => settingsFrom(policies, "kintsugi-system");

const now = Date.parse("2030-01-01T12:00:00Z");
const ago = (minutes: number): string => new Date(now - minutes * 60_000).toISOString();

describe("autonomyFor", () => {
  const usual: AutonomyQuestion = {
    environment: "staging",
    criticality: "medium",
    labelled: "staging",
    subject: subjectVariables({ apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" }, {}),
    managed: true,
    protections: [],
    reversible: true,
    risk: "low",
    action: "rollback_deployment",
    settings: defaultSettings,
  };
  test.each<[string, Partial<AutonomyQuestion>, Autonomy, string]>([
    ["what can be undone is automatic where it is opted in", {}, "auto", "reversible"],
    ["a missing environment is asked", { environment: "unknown" }, "approve", "the environment is unknown"],
    ["an environment that is not on the list is asked", { environment: "prod-eu" }, "approve", "prod-eu is not known to be"],
    [
      "a policy that is not valid takes the autonomy away, with or without an approval",
      { settings: { ...defaultSettings, restrictions: ["RemediationPolicy team is not valid: spec.autonomy[0].when."] } },
      "suggest",
      "RemediationPolicy team is not valid",
    ],
    ["what cannot be undone is asked", { reversible: false }, "approve", "cannot be undone"],
    ["production is asked", { environment: "production" }, "approve", "in production"],
    [
      "what is not opted in is only suggested, production too",
      { managed: false, environment: "production" },
      "suggest",
      "kintsugi.dev/managed=true",
    ],
    ["what is protected is not repaired, opted in or not", { protections: ["namespace kube-system is protected"] }, "off", "kube-system"],
    ["the strictest rule counts", { protections: ["x"], managed: false, reversible: false, environment: "production" }, "off", "protected"],
  ])("%s", (_name, question, value, why) => {
    const answer = autonomyFor({ ...usual, ...question });
    expect(answer.value).toBe(value);
    expect(answer.why).toContain(why);
  });

  test("the ceiling is what the best action would be granted", () => {
    expect(autonomyCeiling(usual).value).toBe("auto");
    expect(autonomyCeiling({ ...usual, environment: "production" }).value).toBe("approve");
  });

  test("of two the lesser counts", () => {
    expect(leastAutonomy("auto", "approve")).toBe("approve");
    expect(leastAutonomy("off", "auto")).toBe("off");
    expect(leastAutonomy("suggest", "suggest")).toBe("suggest");
  });
});

describe("the environments in which no approval is needed", () => {
  test.each(autoEnvironments)("%s", (environment) => {
    expect(allowsAuto(environmentOf({ environment: ` ${environment.toUpperCase()} ` }, "Namespace shop").value)).toBe(true);
  });
  test.each(["production", "prod", "prd", "live", "prod-eu", "producton", "unknown", "", "staging-prod", "tests", "*"])(
    "%j is not one",
    (environment) => {
      expect(allowsAuto(environmentOf({ environment }, "Namespace shop").value)).toBe(false);
    },
  );
});

describe("environmentOf", () => {
  test.each<[string, Record<string, string> | undefined, string, string]>([
    [
      "Kintsugi's own label comes first",
      { "kintsugi.dev/environment": "staging", environment: "production" },
      "staging",
      "label kintsugi.dev/environment",
    ],
    ["then the common one", { environment: "Development" }, "development", "label environment of Namespace shop"],
    ["prod is production", { environment: "prod" }, "production", "label environment"],
    ["an empty label says nothing", { environment: " " }, "unknown", "carries no label"],
    ["a name is never guessed from", undefined, "unknown", "carries no label"],
  ])("%s", (_name, labels, value, source) => {
    const environment = environmentOf(labels, "Namespace shop");
    expect(environment.value).toBe(value);
    expect(environment.source).toContain(source);
  });
});

test.each<[Severity, string, Priority]>([
  ["critical", "production", "P0"],
  ["critical", "staging", "P1"],
  ["critical", "unknown", "P1"],
  ["critical", "development", "P2"],
  ["warning", "production", "P1"],
  ["warning", "unknown", "P2"],
  ["warning", "test", "P3"],
  ["info", "production", "P2"],
  ["info", "staging", "P3"],
  ["unknown", "production", "P1"],
])("%s in %s is %s", (severity, environment, priority) => expect(priorityOf(severity, environment)).toBe(priority));

describe("protectionsOf", () => {
  const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
  const settings = { ...defaultSettings, protectedNamespaces: ["kube-system", "bank"], protectedKinds: ["StatefulSet"] };
  test.each([
    ["nothing protects a workload of a user", target, []],
    ["Kintsugi does not repair itself", { ...target, namespace: "kintsugi-system" }, ["namespace kintsugi-system is Kintsugi's own"]],
    ["a protected namespace", { ...target, namespace: "bank" }, ["namespace bank is protected"]],
    ["a namespace is protected as an object too", { apiVersion: "v1", kind: "Namespace", name: "bank" }, ["namespace bank is protected"]],
    ["a protected kind", { ...target, kind: "StatefulSet" }, ["objects of kind StatefulSet are protected by policy"]],
  ])("%s", (_name, object, found) => {
    expect(protectionsOf({ target: object, ownNamespace: "kintsugi-system", settings })).toEqual(found);
  });
});

describe("budgetHold", () => {
  const begun = (minutesAgo: number, namespace?: string) => ({
    metadata: { creationTimestamp: ago(minutesAgo) },
    spec: { target: { namespace }, steps: [{ target: { namespace } }] },
  });
  const settings = { ...defaultSettings, perNamespacePerHour: 2, perHour: 3 };
  const ask = (repairs: ReturnType<typeof begun>[], namespace?: string, with_ = settings) =>
    budgetHold({ repairs, steps: [{ target: namespace === undefined ? {} : { namespace } }], settings: with_, now });

  test("there is room where fewer have begun", () => expect(ask([begun(5, "shop"), begun(5, "bank")], "shop")).toBeUndefined());
  test("what is older than an hour does not count", () =>
    expect(ask([begun(61, "shop"), begun(60, "shop"), begun(5, "shop")], "shop")).toBeUndefined());
  test("a spent namespace waits until the oldest is an hour old", () =>
    expect(ask([begun(5, "shop"), begun(50, "shop")], "shop")).toEqual({
      why: "the budget of 2 repairs an hour in namespace shop is spent",
      untilMs: now + 10 * 60_000,
    }));
  test("the whole is spent by all namespaces together", () =>
    expect(ask([begun(5, "a"), begun(40, "b"), begun(20)], "shop")).toEqual({
      why: "the budget of 3 repairs an hour is spent",
      untilMs: now + 20 * 60_000,
    }));
  test("an object of the cluster counts against the whole only", () => expect(ask([begun(5), begun(6)])).toBeUndefined());
  test.each<[string, number, readonly (readonly [minutesAgo: number, pods: number])[], object | undefined]>([
    ["within the budget", 4, [[5, 6]], undefined],
    [
      "beyond it, until enough is an hour old",
      4,
      [
        [50, 3],
        [5, 6],
      ],
      { untilMs: now + 10 * 60_000 },
    ],
    [
      "beyond it with the last one",
      8,
      [
        [50, 3],
        [5, 6],
      ],
      { untilMs: now + 55 * 60_000 },
    ],
    ["more than the whole budget", 11, [], { why: "the budget of 10 pods an hour is spent" }],
    ["no pods at all", 0, [[5, 10]], undefined],
  ])("pods that repairs affect: %s", (_name, pods, before, hold) => {
    const repairs = before.map(([minutesAgo, affected]) => ({
      metadata: { creationTimestamp: ago(minutesAgo) },
      spec: { target: {}, steps: [{ target: { namespace: "shop" }, blast: { pods: affected } }] },
    }));
    const question = { repairs, steps: [{ target: { namespace: "shop" }, blast: { pods } }], now };
    const found = budgetHold({ ...question, settings: { ...defaultSettings, podsPerHour: 10 } });
    if (hold === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(hold);
    const there = budgetHold({ ...question, settings: { ...defaultSettings, podsPerNamespacePerHour: 10 } });
    if (hold === undefined) expect(there).toBeUndefined();
    else expect(there?.why).toBe("the budget of 10 pods an hour in namespace shop is spent");
  });
  test("a budget of none is never enough, and has no end", () =>
    expect(ask([], "shop", { ...settings, perNamespacePerHour: 0 })).toEqual({
      why: "the budget of 0 repairs an hour in namespace shop is spent",
    }));
});

const policyWith = (spec: RemediationPolicy["spec"]): RemediationPolicy => ({
  apiVersion: "kintsugi.dev/v1alpha1",
  kind: "RemediationPolicy",
  metadata: { name: "team", namespace: "kintsugi-system", uid: "1", resourceVersion: "1", creationTimestamp: "2030-01-01T00:00:00Z" },
  spec,
});

describe("freezeHold", () => {
  const freeze = (name: string, from: number, to: number) => ({ name, from: ago(-from), to: ago(-to) });
  const hold = (...freezes: Freeze[]) => freezeHold(settingsOf([policyWith({ freezes })]), now, []);

  test("nothing holds by default", () => expect(hold()).toBeUndefined());
  test("a pause has no end", () =>
    expect(freezeHold({ ...defaultSettings, paused: true }, now, [])).toEqual({ why: "repairs are paused by policy" }));
  test("a window holds from its first moment to before its last", () => {
    expect(hold(freeze("sale", 0, 30))).toEqual({ why: 'freeze "sale" until 2030-01-01T12:30:00Z', untilMs: now + 30 * 60_000 });
    expect(hold(freeze("sale", -30, 0))).toBeUndefined();
    expect(hold(freeze("sale", 1, 30))).toBeUndefined();
  });
  test("of several the one that ends last counts", () => expect(hold(freeze("a", -5, 10), freeze("b", -5, 20))?.why).toContain('"b"'));
  test("a window that returns holds while it is open", () => {
    const nightly = { name: "nights", schedule: { cron: "0 11 * * *", durationMinutes: 90 } };
    expect(hold(nightly)).toEqual({ why: 'freeze "nights" until 2030-01-01T12:30:00Z', untilMs: now + 30 * 60_000 });
    expect(hold({ ...nightly, schedule: { ...nightly.schedule, timeZone: "America/New_York" } })).toBeUndefined();
  });
  test.each<[string, Freeze, string]>([
    [
      "a time that cannot be read",
      { name: "x", from: "soon", to: "later" },
      'spec.freezes[0].from, line 1, column 1: "soon" is not a time',
    ],
    ["an end before its begin", freeze("x", 10, 5), "spec.freezes[0].to, line 1, column 1: the window ends before it begins"],
    ["neither times nor a schedule", { name: "x" }, "spec.freezes[0], line 1, column 1: a freeze has a schedule, or else from and to"],
    ["both", { ...freeze("x", 1, 2), schedule: { cron: "0 0 * * *", durationMinutes: 5 } }, "spec.freezes[0], line 1, column 1"],
    [
      "a schedule that is none",
      { name: "x", schedule: { cron: "0 25 * * *", durationMinutes: 5 } },
      'spec.freezes[0].schedule.cron, line 1, column 3: invalid hour "25"',
    ],
    [
      "an unknown time zone",
      { name: "x", schedule: { cron: "0 2 * * *", durationMinutes: 5, timeZone: "Mars/Olympus" } },
      "spec.freezes[0].schedule.timeZone, line 1, column 1",
    ],
  ])("a window is not ignored for %s: its policy is not valid", (_name, window, problem) => {
    expect(settingsOf([policyWith({ freezes: [window] })]).restrictions[0]).toContain(problem);
  });
});

describe("settingsFrom", () => {
  const policy = (name: string, spec: RemediationPolicy["spec"]): RemediationPolicy => ({
    apiVersion: "kintsugi.dev/v1alpha1",
    kind: "RemediationPolicy",
    metadata: { name, namespace: "kintsugi-system", uid: name, resourceVersion: "1", creationTimestamp: ago(0) },
    spec,
  });

  test("without a policy the defaults hold", () => expect(settingsOf([])).toEqual(defaultSettings));
  test("the last in the alphabet decides, whatever the order of the list", () => {
    const policies = [policy("b", { maxAttempts: 2, budgets: { perHour: 5 } }), policy("a", { maxAttempts: 1, stabilisationSeconds: 5 })];
    expect(settingsOf(policies)).toMatchObject({ maxAttempts: 2, stabilisationSeconds: 5, perHour: 5, perNamespacePerHour: 10 });
    expect(settingsOf(policies)).toEqual(settingsOf(policies.toReversed()));
  });
  test("a pause and a protection are never lifted by another policy", () => {
    const window = { name: "sale", from: ago(1), to: ago(-1) };
    const settings = settingsOf([
      policy("a", { paused: true, protected: { namespaces: ["bank"], kinds: ["StatefulSet"] }, freezes: [window] }),
      policy("b", { paused: false, protected: { namespaces: ["bank", "pay"] } }),
    ]);
    expect(settings).toMatchObject({
      paused: true,
      protectedNamespaces: ["kube-system", "bank", "pay"],
      protectedKinds: ["StatefulSet"],
      freezes: [{ name: "sale" }],
    });
  });
  test("an empty list of approvers would allow no decision at all", () => {
    expect(settingsOf([policy("a", { approvers: [] })]).approvers).toEqual(defaultSettings.approvers);
    expect(settingsOf([policy("a", { approvers: ["user:ann"], minApprovers: 2 })])).toMatchObject({
      approvers: ["user:ann"],
      minApprovers: 2,
    });
  });
});

describe("limits", () => {
  const settings = { limits: { memory: "4Gi", cpu: "2", replicas: 20 } };
  test.each([
    ["memory within", { memory: "4096Mi" }, undefined],
    ["memory beyond", { memory: "4097Mi" }, "memory 4097Mi is more than the 4Gi that policy allows"],
    ["memory that cannot be read", { memory: "lots" }, "memory lots is more than the 4Gi that policy allows"],
    ["CPU within", { cpu: "1999m" }, undefined],
    ["CPU beyond", { cpu: "2001m" }, "cpu 2001m is more than the 2 that policy allows"],
    ["replicas beyond", { replicas: "21" }, "replicas 21 is more than the 20 that policy allows"],
    ["what has no limit", { revision: "99" }, undefined],
  ])("%s", (_name, parameters, why) => {
    expect(beyondLimits(parameters, settings)).toBe(why);
  });

  test("without a policy there are none, and of two policies the last word counts for each", () => {
    expect(beyondLimits({ memory: "100Gi" }, defaultSettings)).toBeUndefined();
    const limited = (name: string, limits: object) =>
      ({ metadata: { name, namespace: "kintsugi-system" }, spec: { limits } }) as unknown as RemediationPolicy;
    expect(settingsOf([limited("b", { memory: "1Gi" }), limited("a", { memory: "2Gi", cpu: "1" })]).limits).toEqual({
      memory: "1Gi",
      cpu: "1",
    });
  });
});
