// Who may do what: every policy of a list, alone and beside every policy of a namespace, in every situation. What is expected is written here from
// docs/policies, policy by policy in plain TypeScript; nothing of it calls the code that decides.
import { describe, expect, test } from "vitest";
import type { Autonomy } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { freezeHold } from "#policy/freeze.ts";
import { judge } from "#policy/judge.ts";
import { permissionFor } from "#policy/permission.ts";
import { subjectVariables } from "#policy/rules.ts";
import { type Settings, settingsFrom } from "#policy/settings.ts";

type Spec = RemediationPolicy["spec"];

interface Situation {
  readonly environment: "production" | "staging" | "prod-eu" | "none";
  readonly isOptedIn: boolean;
  readonly action: "restart_pod" | "increase_resources";
  readonly isReversible: boolean;
  readonly pods: 1 | 8;
}

/** What is expected of one policy: the most that it leaves, and whether it holds every repair back. */
interface Listed {
  readonly name: string;
  readonly spec: Spec;
  readonly most: (situation: Situation, environment: string) => Autonomy;
  /** The environment that it names: what every other rule reads then, and what no label can be replaced by. */
  readonly names?: string;
  readonly holds?: true;
}

const now = Date.parse("2030-01-05T12:30:00Z");
const anything = (): Autonomy => "auto";
const always = (value: Autonomy) => (): Autonomy => value;
const open = { from: "2030-01-05T00:00:00Z", to: "2030-01-06T00:00:00Z" };
const over = { from: "2030-01-04T00:00:00Z", to: "2030-01-05T00:00:00Z" };
const rule = (when: string, value: Autonomy) => ({ when, value });

/** What a policy of any namespace may say. */
const either: readonly Listed[] = [
  { name: "nothing", spec: {}, most: anything },
  { name: "off", spec: { autonomy: [rule("true", "off")] }, most: always("off") },
  { name: "suggest", spec: { autonomy: [rule("true", "suggest")] }, most: always("suggest") },
  { name: "approve", spec: { autonomy: [rule("true", "approve")] }, most: always("approve") },
  { name: "auto, which grants nothing", spec: { autonomy: [rule("true", "auto")] }, most: anything },
  {
    name: "restarts need an approval",
    spec: { autonomy: [rule('action == "restart_pod"', "approve")] },
    most: ({ action }) => (action === "restart_pod" ? "approve" : "auto"),
  },
  {
    name: "off, but for restarts",
    spec: { autonomy: [rule("true", "off"), rule('action == "restart_pod"', "auto")] },
    most: ({ action }) => (action === "restart_pod" ? "auto" : "off"),
  },
  {
    name: "nothing that cannot be undone",
    spec: { autonomy: [rule("!reversible", "off")] },
    most: ({ isReversible }) => (isReversible ? "auto" : "off"),
  },
  {
    name: "many pods need an approval",
    spec: { autonomy: [rule("blast.pods > 5", "approve")] },
    most: ({ pods }) => (pods > 5 ? "approve" : "auto"),
  },
  { name: "no more than 5 pods", spec: { blastRadius: { maxPods: 5 } }, most: ({ pods }) => (pods > 5 ? "off" : "auto") },
  {
    name: "staging is suggested",
    spec: { autonomy: [rule('environment == "staging"', "suggest")] },
    most: (_situation, environment) => (environment === "staging" ? "suggest" : "auto"),
  },
  { name: "rules that contradict each other", spec: { autonomy: [rule("true", "off"), rule("1 == 1", "auto")] }, most: always("off") },
  { name: "a rule that divides by zero", spec: { autonomy: [rule("1 / 0 == 1", "auto")] }, most: always("off") },
  { name: "a rule that does not compile", spec: { autonomy: [rule("environment ==", "off")] }, most: always("suggest") },
  { name: "a rule of another type", spec: { autonomy: [rule("environment", "auto")] }, most: always("suggest") },
  { name: "a rule about another action", spec: { autonomy: [rule('action == "relax_pdb"', "off")] }, most: anything },
  {
    name: "a rule about a label that is there",
    spec: { autonomy: [rule('namespaceObject.metadata.labels.team == "pay"', "approve")] },
    most: always("approve"),
  },
  {
    name: "a rule about a label that is not there",
    spec: { autonomy: [rule('namespaceObject.metadata.labels.nowhere == "x"', "auto")] },
    most: always("off"),
  },
  { name: "a protected kind", spec: { protected: { kinds: ["Deployment"] } }, most: always("off") },
  {
    name: "a protected object",
    spec: { protected: { objects: [{ kind: "Deployment", namespace: "shop", name: "web" }] } },
    most: always("off"),
  },
  {
    name: "another protected object",
    spec: { protected: { objects: [{ kind: "Deployment", namespace: "pay", name: "web" }] } },
    most: anything,
  },
  {
    name: "a limit that the step exceeds",
    spec: { limits: { memory: "1Gi" } },
    most: ({ action }) => (action === "increase_resources" ? "off" : "auto"),
  },
  { name: "a limit that the step keeps", spec: { limits: { memory: "4Gi" } }, most: anything },
  { name: "a pause", spec: { paused: true }, most: anything, holds: true },
  { name: "a freeze", spec: { freezes: [{ name: "sale", ...open }] }, most: anything, holds: true },
  { name: "a freeze that is over", spec: { freezes: [{ name: "sale", ...over }] }, most: anything },
  {
    name: "a freeze of Saturdays in Berlin",
    spec: { freezes: [{ name: "s", schedule: { cron: "0 0 * * SAT", durationMinutes: 1440, timeZone: "Europe/Berlin" } }] },
    most: anything,
    holds: true,
  },
  {
    name: "a freeze of Sundays",
    spec: { freezes: [{ name: "s", schedule: { cron: "0 0 * * SUN", durationMinutes: 1440 } }] },
    most: anything,
  },
  {
    name: "a freeze that could never hold",
    spec: { freezes: [{ name: "x", schedule: { cron: "0 0 31 2 *", durationMinutes: 5 } }] },
    most: always("suggest"),
  },
  {
    name: "a freeze of another kind of object",
    spec: { freezes: [{ name: "x", ...open, when: 'target.kind == "Node"' }] },
    most: anything,
  },
];

/** What only a policy of Kintsugi's namespace may say. */
const reserved: readonly Listed[] = [
  { name: "a protected namespace", spec: { protected: { namespaces: ["shop"] } }, most: always("off") },
  {
    name: "everything is production",
    names: "production",
    spec: { environments: [{ when: "true", value: "production" }] },
    most: always("approve"),
  },
  // A rule never replaces the label of the namespace, which the API server reads.
  {
    name: "everything is a test",
    names: "test",
    spec: { environments: [{ when: "true", value: "test" }] },
    most: ({ environment }) => (environment === "staging" ? "auto" : "approve"),
  },
  { name: "other approvers", spec: { approvers: ["user:ann"], minApprovers: 2 }, most: anything },
  {
    name: "a criticality that needs an approval",
    spec: { criticality: [{ when: "true", value: "critical" }], autonomy: [rule('criticality == "critical"', "approve")] },
    most: always("approve"),
  },
];

const environments = ["production", "staging", "prod-eu", "none"] as const;
const situations: readonly Situation[] = environments.flatMap((environment) =>
  [true, false].flatMap((isOptedIn) =>
    (["restart_pod", "increase_resources"] as const).flatMap((action) =>
      [true, false].flatMap((isReversible) => ([1, 8] as const).map((pods) => ({ environment, isOptedIn, action, isReversible, pods }))),
    ),
  ),
);

/** The table of docs/policies: the strictest of these. */
const byDefault = ({ isOptedIn, environment, isReversible }: Situation): Autonomy => {
  if (!isOptedIn) return "suggest";
  return environment === "staging" && isReversible ? "auto" : "approve";
};

const rank: Readonly<Record<Autonomy, number>> = { off: 0, suggest: 1, approve: 2, auto: 3 };
const strictest = (...values: readonly Autonomy[]): Autonomy => values.toSorted((a, b) => rank[a] - rank[b])[0] ?? "off";

const policyIn = (namespace: string, spec: Spec): RemediationPolicy => ({
  apiVersion: "kintsugi.dev/v1alpha1",
  kind: "RemediationPolicy",
  metadata: { name: "listed", namespace, uid: namespace, resourceVersion: "1", generation: 1, creationTimestamp: "2030-01-01T00:00:00Z" },
  spec,
});

const target = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" };
const asked = (settings: Settings, { environment, isOptedIn, action, isReversible, pods }: Situation) => ({
  step: {
    action,
    target,
    parameters: action === "increase_resources" ? { memory: "2Gi" } : {},
    blast: { objects: 1, pods, percent: 100 },
    permission: { environment, autonomy: "auto" as const, reason: "as planned" },
  },
  labels: {
    team: "pay",
    ...(isOptedIn ? { "kintsugi.dev/managed": "true" } : {}),
    ...(environment === "none" ? {} : { "kintsugi.dev/environment": environment }),
  },
  risk: "low" as const,
  reversible: isReversible,
  ownNamespace: "kintsugi-system",
  settings,
  now,
});

const verdicts = { off: "refused", suggest: "refused", approve: "needsApproval", auto: "allowed" } as const;

/** One line for each situation, so that a failure shows which. */
const decided = (policies: readonly RemediationPolicy[]): readonly string[] => {
  const settings = settingsFrom(policies, "kintsugi-system");
  return situations.map((situation) => {
    const question = asked(settings, situation);
    const { autonomy, environment } = permissionFor(question);
    const step = { ...subjectVariables(target, question.labels), environment, criticality: "medium", action: situation.action };
    const isHeld = freezeHold(question.settings, now, [step]) !== undefined;
    return lineOf(situation, autonomy, isHeld, judge(question).kind);
  });
};

const expected = (...listed: readonly Listed[]): readonly string[] =>
  situations.map((situation) => {
    const environment = listed.find(({ names }) => names !== undefined)?.names ?? situation.environment;
    const autonomy = strictest(byDefault(situation), ...listed.map(({ most }) => most(situation, environment)));
    const isHeld = listed.some(({ holds }) => holds === true);
    return lineOf(situation, autonomy, isHeld, isHeld ? "refused" : verdicts[autonomy]);
  });

const lineOf = (situation: Situation, autonomy: Autonomy, isHeld: boolean, verdict: string): string =>
  `${JSON.stringify(situation)} ${autonomy}${isHeld ? ", held" : ""}: ${verdict}`;

test("the table has more than 200 policies × situations, and every answer is somewhere in it", () => {
  const lines = [...either, ...reserved].flatMap((listed) => expected(listed));
  expect(lines.length).toBeGreaterThan(1000);
  const answers = new Set(lines.map((line) => line.split("} ")[1]));
  for (const autonomy of Object.keys(rank)) expect([...answers].some((answer) => answer?.startsWith(autonomy))).toBe(true);
});

describe("a policy of Kintsugi's namespace", () => {
  test.each([...either, ...reserved])("$name", (listed) => {
    expect(decided([policyIn("kintsugi-system", listed.spec)])).toEqual(expected(listed));
  });
});

describe("a policy of the namespace", () => {
  test.each(either)("$name", (listed) => {
    expect(decided([policyIn("shop", listed.spec)])).toEqual(expected(listed));
  });
  test.each(either)("of another namespace, it changes nothing: $name", (listed) => {
    expect(decided([policyIn("bank", listed.spec)])).toEqual(expected());
  });
  test.each(reserved.filter(({ name }) => name !== "a criticality that needs an approval"))(
    "that says what it may not stops repairs there: $name",
    ({ spec }) => {
      expect(decided([policyIn("shop", spec)])).toEqual(expected({ name: "", spec, most: always("suggest") }));
    },
  );
});

describe("both together leave what each of them leaves", () => {
  test.each([...either, ...reserved])("$name, and each policy of the namespace", (listed) => {
    for (const its of either)
      expect(decided([policyIn("kintsugi-system", listed.spec), policyIn("shop", its.spec)]), its.name).toEqual(expected(listed, its));
  });
});
