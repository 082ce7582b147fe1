// How much Kintsugi may do by itself, for one action on one object: the ladder off < suggest < approve < auto. Pure.
import type { Autonomy, BlastRadius, Criticality, Risk } from "#api/fields.ts";
import { allowsAuto, unknownEnvironment } from "#policy/environment.ts";
import type { RuleVariables } from "#policy/expression.ts";
import { type ApprovalTerms, type Choice, choose } from "#policy/rules.ts";
import type { Settings } from "#policy/settings.ts";

export interface AutonomyQuestion {
  readonly environment: string;
  readonly criticality: Criticality;
  /** The environment by the labels alone: the API server knows no other, and allows an unapproved change only by this one. */
  readonly labelled: string;
  /** Whether the namespace, or the cluster-scoped object, is opted in. */
  readonly managed: boolean;
  /** What forbids a repair here, in words; see protections.ts. */
  readonly protections: readonly string[];
  readonly reversible: boolean;
  readonly risk: Risk;
  readonly action: string;
  /** Undefined before a plan is made: a rule that reads it cannot be evaluated then, and nothing is repaired. */
  readonly blast?: BlastRadius | undefined;
  readonly settings: Settings;
  /** What the conditions of autonomy rules read of the object. */
  readonly subject: Pick<RuleVariables, "namespaceObject" | "target">;
}

export interface AutonomyAnswer {
  readonly value: Autonomy;
  /** For people: why not more than this, or why so much. */
  readonly why: string;
  /** The rule that decided; absent for a default. */
  readonly rule?: string;
  /** Who has to approve, as the rules say that hold for it. */
  readonly terms?: ApprovalTerms;
}

/**
 * The default, or less where the most specific autonomy rule says so; then, of that, what the namespace's own rules leave. A rule never gives
 * more than was given before it.
 */
export const autonomyFor = (question: AutonomyQuestion): AutonomyAnswer => {
  const { environment, criticality, reversible, risk, action, blast, settings, subject } = question;
  const variables = {
    ...subject,
    environment,
    criticality,
    action,
    risk,
    reversible,
    ...(blast === undefined ? {} : { blast: asIntegers(blast) }),
  };
  return [settings.rules.autonomy, settings.ownAutonomy].reduce(
    (before, rules) => restricted(before, choose(rules, variables), action),
    defaultFor(question),
  );
};

const asIntegers = ({ objects, pods, percent }: BlastRadius): RuleVariables["blast"] => ({
  objects: BigInt(objects),
  pods: BigInt(pods),
  percent: BigInt(percent),
});

const restricted = (before: AutonomyAnswer, choice: Choice<Autonomy>, action: string): AutonomyAnswer => {
  if (choice.kind === "none" || before.value === "off") return before;
  if (choice.kind === "undecided") return { value: "off", why: choice.why, rule: choice.why };
  const { name, value } = choice.rule;
  const terms = stricterTerms(before.terms, choice.rule.terms);
  if (leastAutonomy(value, before.value) !== before.value) return { value, why: `${name} sets ${value} for ${action}`, rule: name, terms };
  // A rule that grants as much decides as well, by who approves.
  return value === before.value && before.rule === undefined ? { ...before, rule: name, terms } : { ...before, terms };
};

/** A namespace's own rules name no approvers; how many approve is at least what each rule demands. */
const stricterTerms = (before: ApprovalTerms = {}, { approvers, minApprovers }: ApprovalTerms): ApprovalTerms => {
  const least = Math.max(before.minApprovers ?? 0, minApprovers ?? 0);
  return { approvers: before.approvers ?? approvers, minApprovers: least === 0 ? undefined : least };
};

/** The strictest default that applies. */
const defaultFor = (question: AutonomyQuestion): AutonomyAnswer => {
  const { environment, labelled, managed, protections, reversible, risk, action, settings } = question;
  const protection = protections[0];
  if (protection !== undefined) return { value: "off", why: `protected: ${protection}` };
  if (!managed) return { value: "suggest", why: "not opted in: the label kintsugi.dev/managed=true is missing, so Kintsugi only suggests" };
  const [restriction] = settings.restrictions;
  if (restriction !== undefined) return { value: "suggest", why: `${restriction} Until it is corrected, Kintsugi only suggests` };
  if (environment === "production") return { value: "approve", why: `${action} in production needs approval` };
  if (!allowsAuto(environment)) return { value: "approve", why: `${action} needs approval, because ${unknownText(environment)}` };
  if (!allowsAuto(labelled))
    return { value: "approve", why: `${action} needs approval, because no label says that the environment is ${environment}` };
  if (!reversible) return { value: "approve", why: `${action} cannot be undone, so it needs approval` };
  return { value: "auto", why: `${action} is reversible (risk ${risk}), and the ${environment} environment is opted in` };
};

const unknownText = (environment: string): string =>
  environment === unknownEnvironment
    ? "the environment is unknown: no label says that it is not production"
    : `the environment ${environment} is not known to be other than production`;

const ladder: readonly Autonomy[] = ["off", "suggest", "approve", "auto"];

export const leastAutonomy = (a: Autonomy, b: Autonomy): Autonomy => (ladder.indexOf(a) <= ladder.indexOf(b) ? a : b);

/** The most that any action may be granted here: what RemediationProcessing records before the action is known. Rules about the action do not count yet. */
export const autonomyCeiling = (question: Omit<AutonomyQuestion, "reversible" | "risk" | "action">): AutonomyAnswer => {
  const anyAction = { ...question, reversible: true, risk: "low" as const, action: "any repair" };
  const { environment, criticality, subject, settings } = question;
  return [settings.rules.autonomy, settings.ownAutonomy].reduce((before, rules) => {
    const general = rules.filter(({ when }) => ![...when.reads].some((name) => ofTheAction.has(name.split(".")[0] ?? "")));
    return restricted(before, choose(general, { ...subject, environment, criticality }), anyAction.action);
  }, defaultFor(anyAction));
};

const ofTheAction: ReadonlySet<string> = new Set(["action", "risk", "reversible", "blast"]);
