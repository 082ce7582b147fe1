// Conditional rules: what compiles, which rule decides, and that rules only ever restrict.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Autonomy, Risk } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { leastAutonomy } from "#policy/autonomy.ts";
import { compileExpression, isProblem } from "#policy/expression.ts";
import { freezeHold } from "#policy/freeze.ts";
import { permissionFor, type PermissionQuestion, policyContextOf } from "#policy/permission.ts";
import { priorityFor } from "#policy/priority.ts";
import { compileRules, problemText, ruleVariables, subjectVariables } from "#policy/rules.ts";
import { createSettingsReader, settingsFrom } from "#policy/settings.ts";

const settingsOf = (policies: readonly RemediationPolicy[]) => settingsFrom(policies, "kintsugi-system");
const compiledRules = (policy: RemediationPolicy) => compileRules(policy, "kintsugi-system");

const policy = (spec: RemediationPolicy["spec"], name = "team", generation = 3): RemediationPolicy => ({
  apiVersion: "kintsugi.dev/v1alpha1",
  kind: "RemediationPolicy",
  metadata: { name, namespace: "kintsugi-system", uid: name, resourceVersion: "1", generation, creationTimestamp: "2030-01-01T00:00:00Z" },
  spec,
});

describe("a condition that is not valid is a problem with its place", () => {
  test.each([
    ["a syntax error", "environment ==", 1, 15, "Unexpected token"],
    ["an unknown variable", 'env == "production"', 1, 1, "Unknown variable: env"],
    ["a misspelled field", 'action == "x" &&\n  target.knd == "Deployment"', 2, 10, "No such key: knd"],
    ["types that do not fit", "action + 1 == 2", 1, 1, "no such overload"],
    ["a result that is no condition", "environment", 1, 1, "the result is string, and a condition needs bool"],
    [
      "a regular expression, which may take exponential time",
      'environment.matches("(a+)+b")',
      1,
      1,
      "matches is not supported: use startsWith",
    ],
    ["loops in loops in loops", "[1].all(a, [1].all(b, [1].all(c, a + b + c > 0)))", 1, 23, "nested more than 2 deep"],
    ["an alert, which an action does not have", 'alert.severity == "critical"', 1, 1, "Unknown variable: alert"],
    ["too long a text", Array.from({ length: 400 }, () => "reversible").join(" && "), 1, 1, "Exceeded maxAstNodes (300)"],
  ])("%s", (_name, when, line, column, message) => {
    const [problem, ...others] = compiledRules(policy({ autonomy: [{ when, value: "off" }] })).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ field: "spec.autonomy[0].when" });
    expect(problem?.message).toContain(message);
    expect([problem?.line, problem?.column]).toEqual([line, column]);
  });

  test("the environment is unknown to the rules that decide it", () => {
    const { problems } = compiledRules(policy({ environments: [{ when: 'environment == "dev"', value: "dev" }] }));
    expect(problems.map(problemText)).toEqual(["spec.environments[0].when, line 1, column 1: Unknown variable: environment."]);
  });

  test("any text compiles or is a problem, and nothing throws", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        const compiled = compileExpression(text, ruleVariables.autonomy);
        if (isProblem(compiled)) {
          expect(compiled.line).toBeGreaterThanOrEqual(1);
          expect(compiled.column).toBeGreaterThanOrEqual(1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

test.each([
  ["true", []],
  ['environment == "production"', ["environment"]],
  ['target.kind == "Deployment" && target.kind != "Job"', ["target.kind"]],
  ['namespaceObject.metadata.labels["team"] == "pay"', ["namespaceObject.metadata.labels.team"]],
  ['namespaceObject.metadata.labels.?team.orValue("") == "pay"', ["namespaceObject.metadata.labels.team"]],
  ['"team" in namespaceObject.metadata.labels', ["namespaceObject.metadata.labels"]],
  ['["a", "b"].exists(name, action == name)', ["action"]],
])("%s reads %j", (text, reads) => {
  const compiled = compileExpression(text, ruleVariables.autonomy);
  expect(isProblem(compiled) ? compiled : [...compiled.reads]).toEqual(reads);
});

/** A reversible, low-risk rollback of a Deployment in an opted-in namespace. */
const question = (
  policies: readonly RemediationPolicy[],
  { environment = "staging", action = "rollback_deployment", namespace = "shop", labels = {}, ...rest }: Situation = {},
): PermissionQuestion => ({
  step: { action, target: { apiVersion: "apps/v1", kind: "Deployment", namespace, name: "web" }, parameters: {} },
  labels: { "kintsugi.dev/managed": "true", ...(environment === "" ? {} : { "kintsugi.dev/environment": environment }), ...labels },
  risk: rest.risk ?? "low",
  reversible: rest.reversible ?? true,
  ownNamespace: "kintsugi-system",
  settings: settingsOf(policies),
});

interface Situation {
  readonly environment?: string;
  readonly action?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly risk?: Risk;
  readonly reversible?: boolean;
}

const autonomy = (...rules: readonly [when: string, value: Autonomy][]): RemediationPolicy["spec"] => ({
  autonomy: rules.map(([when, value]) => ({ when, value })),
});

describe("the most specific rule decides", () => {
  const cases: readonly (readonly [name: string, spec: RemediationPolicy["spec"], at: Situation, value: Autonomy, reason: string])[] = [
    ["no rule: the default", {}, {}, "auto", "is reversible"],
    [
      "one rule",
      autonomy(["true", "off"]),
      {},
      "off",
      "RemediationPolicy team, generation 3, spec.autonomy[0] sets off for rollback_deployment",
    ],
    ["a rule that does not hold", autonomy(['environment == "dev"', "off"]), {}, "auto", "is reversible"],
    [
      "the more specific of two",
      autonomy(["true", "off"], ['action == "rollback_deployment"', "approve"]),
      {},
      "approve",
      "spec.autonomy[1]",
    ],
    [
      "the same in the other order",
      autonomy(['action == "rollback_deployment"', "approve"], ["true", "off"]),
      {},
      "approve",
      "spec.autonomy[0]",
    ],
    [
      "two variables beat one",
      autonomy(['action != ""', "off"], ['environment == "staging" && risk == "low"', "suggest"]),
      {},
      "suggest",
      "spec.autonomy[1]",
    ],
    ["two that agree", autonomy(['action != ""', "approve"], ['risk == "low"', "approve"]), {}, "approve", "spec.autonomy[0]"],
    [
      "two equally specific that disagree: nothing is repaired",
      autonomy(['action != ""', "auto"], ['risk == "low"', "approve"]),
      {},
      "off",
      "differ (auto, approve)",
    ],
    [
      "a rule never gives more than the default",
      autonomy(["true", "auto"]),
      { environment: "production" },
      "approve",
      "in production needs approval",
    ],
    ["nor to what cannot be undone", autonomy(["true", "auto"]), { reversible: false }, "approve", "cannot be undone"],
    [
      "a rule that cannot be evaluated: nothing is repaired",
      autonomy(['namespaceObject.metadata.labels.tier == "gold"', "auto"]),
      {},
      "off",
      "cannot be evaluated: No such key: tier",
    ],
    [
      "a rule about a label that exists",
      autonomy(['namespaceObject.metadata.labels.tier == "gold"', "approve"]),
      { labels: { tier: "gold" } },
      "approve",
      "spec.autonomy[0]",
    ],
    ["a division by zero", autonomy(["1 / 0 == 1", "auto"]), {}, "off", "division by zero"],
    [
      "a namespace by name",
      autonomy(['target.namespace.startsWith("pay-")', "suggest"]),
      { namespace: "pay-eu" },
      "suggest",
      "spec.autonomy[0]",
    ],
    [
      "a rule that does not compile: nothing is repaired",
      autonomy(["nonsense(", "auto"]),
      {},
      "suggest",
      "RemediationPolicy team is not valid: spec.autonomy[0].when, line 1",
    ],
    [
      "an environment by rule",
      { environments: [{ when: 'target.namespace == "shop"', value: "production" }] },
      {},
      "approve",
      "in production needs approval",
    ],
    [
      "an environment by rule where no label says it",
      { environments: [{ when: "true", value: "staging" }] },
      { environment: "" },
      "approve",
      "no label says that the environment is staging",
    ],
    [
      "environments that disagree are unknown",
      {
        environments: [
          { when: "target.name != ''", value: "dev" },
          { when: "target.kind != ''", value: "test" },
        ],
      },
      {},
      "approve",
      "the environment is unknown",
    ],
  ];
  test.each(cases)("%s", (_name, spec, at, value, reason) => {
    const permission = permissionFor(question([policy(spec)], at));
    expect(permission.autonomy).toBe(value);
    expect(permission.reason).toContain(reason);
  });

  test("two policies count as one, in any order", () => {
    const [a, b] = [policy(autonomy(["true", "off"]), "a"), policy(autonomy(['risk == "low"', "suggest"]), "b")];
    expect(permissionFor(question([a, b]))).toEqual(permissionFor(question([b, a])));
    expect(permissionFor(question([a, b])).reason).toContain("RemediationPolicy b, generation 3, spec.autonomy[0]");
  });
});

const conditions = [
  "true",
  "false",
  'environment == "production"',
  'environment != "production"',
  'action == "rollback_deployment"',
  'action in ["restart_pod", "scale_deployment"]',
  'risk == "high"',
  "reversible",
  "!reversible",
  'namespaceObject.metadata.labels.?team.orValue("") == "pay"',
  'namespaceObject.metadata.labels.team == "pay"',
  'target.kind == "Deployment" && risk != "low"',
  "1 / 0 == 1",
  "environment ==",
] as const;
const levels = ["off", "suggest", "approve", "auto"] as const satisfies readonly Autonomy[];
const anyRule = fc.record({ when: fc.constantFrom(...conditions), value: fc.constantFrom(...levels) });
const anySituation = fc.record({
  environment: fc.constantFrom("", "production", "staging", "dev", "prod-eu"),
  action: fc.constantFrom("rollback_deployment", "restart_pod", "increase_resources"),
  namespace: fc.constantFrom("shop", "kube-system", "kintsugi-system"),
  labels: fc.constantFrom<Readonly<Record<string, string>>>({}, { team: "pay" }, { "kintsugi.dev/managed": "false" }),
  risk: fc.constantFrom<Risk>("low", "medium", "high"),
  reversible: fc.boolean(),
});

test("rules only ever restrict: no policy grants more than the default does", () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 5 }), anySituation, (rules, situation) => {
      const without = permissionFor(question([], situation)).autonomy;
      const withRules = permissionFor(question([policy({ autonomy: rules })], situation)).autonomy;
      expect(leastAutonomy(withRules, without)).toBe(withRules);
    }),
    { numRuns: 500 },
  );
});

test("the order of rules never decides", () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 5 }), anySituation, (rules, situation) => {
      const forwards = permissionFor(question([policy({ autonomy: rules })], situation)).autonomy;
      expect(permissionFor(question([policy({ autonomy: rules.toReversed() })], situation)).autonomy).toBe(forwards);
    }),
    { numRuns: 300 },
  );
});

test("the ceiling is never below what an action is granted, except by rules about the action", () => {
  fc.assert(
    fc.property(fc.array(anyRule, { maxLength: 4 }), anySituation, (rules, situation) => {
      const asked = question([policy({ autonomy: rules })], situation);
      const general = rules.every(({ when }) => !/action|risk|reversible/.test(when));
      const ceiling = policyContextOf({ ...asked, target: asked.step.target }).autonomy;
      if (general) expect(leastAutonomy(permissionFor(asked).autonomy, ceiling)).toBe(permissionFor(asked).autonomy);
    }),
    { numRuns: 300 },
  );
});

describe("a freeze with a condition", () => {
  const now = Date.parse("2030-01-01T12:00:00Z");
  const settings = settingsOf([
    policy({ freezes: [{ name: "sale", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z", when: 'environment == "production"' }] }),
  ]);
  const step = (environment: string) => ({
    ...subjectVariables({ apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" }, {}),
    environment,
    criticality: "medium",
    action: "restart_pod",
  });
  test("holds for a step that matches, with its end", () =>
    expect(freezeHold(settings, now, [step("staging"), step("production")])).toEqual({
      why: 'freeze "sale" until 2030-01-02T00:00:00Z',
      untilMs: Date.parse("2030-01-02T00:00:00Z"),
    }));
  test("does not hold for others, or after its end", () => {
    expect(freezeHold(settings, now, [step("staging")])).toBeUndefined();
    expect(freezeHold(settings, Date.parse("2030-01-02T00:00:00Z"), [step("production")])).toBeUndefined();
  });
  test("holds where its condition cannot be evaluated", () => {
    const freezes = [
      { name: "sale", from: "2030-01-01T00:00:00Z", to: "2030-01-02T00:00:00Z", when: 'namespaceObject.metadata.labels.a == "b"' },
    ];
    expect(freezeHold(settingsOf([policy({ freezes })]), now, [step("staging")])).toBeDefined();
  });
});

test("a priority rule comes before the table, and two that disagree leave the table's answer", () => {
  const ask = (...priorities: NonNullable<RemediationPolicy["spec"]["priorities"]>) =>
    priorityFor({
      alert: { name: "PodCrashLooping", severity: "warning" },
      target: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
      labels: {},
      environment: "dev",
      settings: settingsOf([policy({ priorities })]),
    });
  expect(ask()).toBe("P3");
  expect(ask({ when: 'alert.name.startsWith("Pod")', value: "P0" })).toBe("P0");
  expect(ask({ when: 'alert.name != ""', value: "P0" }, { when: 'alert.severity == "warning"', value: "P1" })).toBe("P3");
});

test("a policy that does not change is compiled once", () => {
  const read = createSettingsReader("kintsugi-system");
  const [first, second] = [policy(autonomy(["true", "off"])), policy(autonomy(["true", "off"]))];
  expect(read([first]).rules.autonomy[0]).toBe(read([first]).rules.autonomy[0]);
  expect(read([second]).rules.autonomy[0]).not.toBe(read([first]).rules.autonomy[0]);
});

describe("blast radius and criticality", () => {
  const blastOf = (pods: number) => ({ objects: 1, pods, percent: Math.min(100, pods * 10) });
  const asked = (spec: RemediationPolicy["spec"], pods: number | undefined, labels: Readonly<Record<string, string>> = {}) => {
    const base = question([policy(spec)], { labels });
    return permissionFor({ ...base, step: { ...base.step, blast: pods === undefined ? undefined : blastOf(pods) } });
  };
  const few = { autonomy: [{ when: "blast.pods > 3 || blast.percent > 50 || blast.objects > 1", value: "approve" as const }] };

  test.each<[string, RemediationPolicy["spec"], number | undefined, Autonomy, string]>([
    ["a rule about few pods does not hold", few, 3, "auto", "is reversible"],
    ["a rule about many pods decides", few, 4, "approve", "spec.autonomy[0] sets approve"],
    ["a rule about pods that are not known refuses", few, undefined, "off", "cannot be evaluated: Unknown variable: blast"],
    ["a limit of pods is kept", { blastRadius: { maxPods: 3 } }, 3, "auto", "is reversible"],
    ["a limit of pods refuses", { blastRadius: { maxPods: 3 } }, 4, "off", "it affects 4 pods, and policy allows 3"],
    [
      "a limit of the share refuses",
      { blastRadius: { maxPercent: 30 } },
      4,
      "off",
      "it affects 40 percent of the pods, and policy allows 30",
    ],
    ["a limit of objects refuses", { blastRadius: { maxObjects: 0 } }, 0, "off", "it affects 1 object, and policy allows 0"],
    ["what is not known is beyond every limit", { blastRadius: { maxPods: 100 } }, undefined, "off", "its blast radius is not known"],
  ])("%s", (_name, spec, pods, value, reason) => {
    const permission = asked(spec, pods);
    expect(permission.autonomy).toBe(value);
    expect(permission.reason).toContain(reason);
  });

  const critical = { autonomy: [{ when: 'criticality == "critical"', value: "approve" as const }] };
  test.each<[string, RemediationPolicy["spec"], Readonly<Record<string, string>>, Autonomy]>([
    ["medium by default", critical, {}, "auto"],
    ["the label says it", critical, { "kintsugi.dev/criticality": "Critical" }, "approve"],
    ["a label that says nothing known counts as critical", critical, { "kintsugi.dev/criticality": "tier-1" }, "approve"],
    [
      "a rule comes before the label",
      { ...critical, criticality: [{ when: "true", value: "low" }] },
      { "kintsugi.dev/criticality": "critical" },
      "auto",
    ],
    [
      "rules that disagree mean critical",
      {
        ...critical,
        criticality: [
          { when: "true", value: "low" },
          { when: "true", value: "high" },
        ],
      },
      {},
      "approve",
    ],
    ["a rule that fails means critical", { ...critical, criticality: [{ when: "1 / 0 == 1", value: "low" }] }, {}, "approve"],
  ])("criticality: %s", (_name, spec, labels, value) => {
    expect(asked(spec, 1, labels).autonomy).toBe(value);
  });
});

describe("a condition that is hard to evaluate", () => {
  const nested = '["a", "b"].all(x, namespaceObject.metadata.labels.all(y, x != y))';
  test("ends in a moment, whatever labels a namespace carries", () => {
    // The most that etcd takes of one object is 1.5 MiB; labels are at most 63 characters.
    const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`label-${index}`, "x".repeat(63)]));
    const rules = Array.from({ length: 50 }, () => ({ when: nested, value: "approve" as const }));
    const answered = permissionFor(question([policy({ autonomy: rules })], { labels }));
    expect(answered.autonomy).toBe("approve");
  });
  test.each([
    ["divides by zero", "1 / 0 == 1", "cannot be evaluated: division by zero"],
    ["divides by zero in one branch only", 'environment == "staging" && 1 % 0 == 1', "cannot be evaluated: modulo by zero"],
    ["reads a label that is not there", 'namespaceObject.metadata.labels.nowhere == "x"', "cannot be evaluated: No such key: nowhere"],
    ["overflows", "9223372036854775807 + 1 > 0", "cannot be evaluated: integer overflow"],
    ["reads beyond a list", "[1, 2][5] == 1", "cannot be evaluated"],
    ["reads what is no number", 'int("x") == 1', "cannot be evaluated"],
  ])("and that %s refuses, and names itself", (_name, when, reason) => {
    const answered = permissionFor(question([policy({ autonomy: [{ when, value: "auto" }] })]));
    expect(answered.autonomy).toBe("off");
    expect(answered.reason).toContain(`RemediationPolicy team, generation 3, spec.autonomy[0] ${reason}`);
  });
});
