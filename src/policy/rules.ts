// The conditional rules of all policies, compiled, and which of them decides: the most specific one that holds. Pure.
import type { Autonomy, Criticality, Priority } from "#api/fields.ts";
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { ObjectReference } from "#api/object.ts";
import { compileExpression, type Expression, isProblem, type RuleVariables, type VariableName } from "#policy/expression.ts";
import { isTenantPolicy, tenantProblems } from "#policy/tenant.ts";
import { jsonEqual } from "#lib/canonical-json.ts";
import { compileWindow, isWindowProblem, type Window } from "#policy/freeze-window.ts";

/** The variables of each field's conditions. A rule about the environment cannot read the environment. */
export const ruleVariables = {
  environments: ["namespaceObject", "target"],
  priorities: ["namespaceObject", "target", "environment", "alert"],
  criticality: ["namespaceObject", "target", "environment"],
  autonomy: ["namespaceObject", "target", "environment", "criticality", "action", "risk", "reversible", "blast"],
  freezes: ["namespaceObject", "target", "environment", "criticality", "action"],
} as const satisfies Readonly<Record<string, readonly VariableName[]>>;

export interface Rule<T> {
  /** For people: `RemediationPolicy default, generation 3, spec.autonomy[1]`. */
  readonly name: string;
  readonly when: Expression;
  readonly value: T;
  readonly terms: ApprovalTerms;
}

/** Who has to approve, where a rule says so. */
export interface ApprovalTerms {
  readonly approvers?: readonly string[] | undefined;
  readonly minApprovers?: number | undefined;
}

export interface RuleProblem {
  /** `spec.autonomy[1].when`. */
  readonly field: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface Rules {
  readonly environments: readonly Rule<string>[];
  readonly priorities: readonly Rule<Priority>[];
  readonly criticality: readonly Rule<Criticality>[];
  readonly autonomy: readonly Rule<Autonomy>[];
  /** The windows that have a condition. */
  readonly freezes: readonly Rule<Window>[];
}

export interface CompiledRules {
  /** Of the policy, without its generation: `RemediationPolicy default`, with the namespace where that is not Kintsugi's own. */
  readonly name: string;
  readonly rules: Rules;
  /** Those without a condition: they hold for every step. */
  readonly windows: readonly Window[];
  readonly problems: readonly RuleProblem[];
}

export const noRules: Rules = { environments: [], priorities: [], criticality: [], autonomy: [], freezes: [] };

/** The rules of one policy. A condition that does not compile is a problem, and its rule is left out. */
export const compileRules = (policy: RemediationPolicy, ownNamespace: string): CompiledRules => {
  const { metadata, spec } = policy;
  const isTenant = isTenantPolicy(policy, ownNamespace);
  const name = `RemediationPolicy ${isTenant ? `${metadata.namespace}/${metadata.name}` : metadata.name}`;
  const version = metadata.generation === undefined ? name : `${name}, generation ${metadata.generation}`;
  const problems: RuleProblem[] = isTenant ? [...tenantProblems(spec, ownNamespace)] : [];
  const compiled = <T>(field: keyof typeof ruleVariables, entries: readonly Entry<T>[] = []): readonly Rule<T>[] =>
    entries.flatMap(({ when, value, index, approvers, minApprovers }, position) => {
      if (when === undefined) return [];
      const expression = compileExpression(when, ruleVariables[field]);
      const place = `spec.${field}[${index ?? position}]`;
      if (!isProblem(expression)) return [{ name: `${version}, ${place}`, when: expression, value, terms: { approvers, minApprovers } }];
      problems.push({ field: `${place}.when`, ...expression });
      return [];
    });
  const windows = (spec.freezes ?? []).flatMap((freeze, index): readonly Entry<Window>[] => {
    const window = compileWindow(freeze);
    if (!isWindowProblem(window)) return [{ index, when: freeze.when, value: window }];
    problems.push({ field: `spec.freezes[${index}]${window.field}`, line: 1, column: window.column, message: window.message });
    return [];
  });
  const rules: Rules = {
    environments: compiled("environments", spec.environments),
    priorities: compiled("priorities", spec.priorities),
    criticality: compiled("criticality", spec.criticality),
    autonomy: compiled("autonomy", spec.autonomy),
    freezes: compiled("freezes", windows),
  };
  return { name, rules, windows: windows.flatMap(({ when, value }) => (when === undefined ? [value] : [])), problems };
};

interface Entry<T> extends ApprovalTerms {
  readonly when: string | undefined;
  readonly value: T;
  /** Its place in the list of the policy. Default: that in this one. */
  readonly index?: number;
}

/** Of a target and the labels of its holder, as `PolicyLabels` has them. */
export const subjectVariables = (
  { apiVersion, kind, namespace = "", name }: ObjectReference,
  labels: Readonly<Record<string, string>> = {},
): Pick<RuleVariables, "namespaceObject" | "target"> => ({
  namespaceObject: { metadata: { name: kind === "Namespace" ? name : namespace, labels } },
  target: { apiVersion, kind, namespace, name },
});

export const problemText = ({ field, line, column, message }: RuleProblem): string =>
  `${field}, line ${line}, column ${column}: ${message}.`;

export const joined = (all: readonly Rules[]): Rules => ({
  environments: all.flatMap(({ environments }) => environments),
  priorities: all.flatMap(({ priorities }) => priorities),
  criticality: all.flatMap(({ criticality }) => criticality),
  autonomy: all.flatMap(({ autonomy }) => autonomy),
  freezes: all.flatMap(({ freezes }) => freezes),
});

export type Choice<T> =
  | { readonly kind: "none" }
  | { readonly kind: "rule"; readonly rule: Rule<T> }
  /** Equally specific rules with different values, or a rule that could not be evaluated: the caller takes the strictest answer. */
  | { readonly kind: "undecided"; readonly why: string };

/**
 * The most specific rule that holds: the one that reads the most variables. Rules of one value do not compete.
 * Guarantees: the order of rules and policies never decides.
 */
export const choose = <T>(rules: readonly Rule<T>[], variables: Partial<RuleVariables>): Choice<T> => {
  const holding: Rule<T>[] = [];
  for (const rule of rules) {
    const outcome = rule.when.test(variables);
    if (outcome.kind === "error") return { kind: "undecided", why: `${rule.name} cannot be evaluated: ${outcome.message}` };
    if (outcome.kind === "yes") holding.push(rule);
  }
  const most = Math.max(...holding.map(({ when }) => when.reads.size));
  const [first, ...others] = holding.filter(({ when }) => when.reads.size === most).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  if (first === undefined) return { kind: "none" };
  const other = others.find(({ value, terms }) => value !== first.value || !jsonEqual(terms, first.terms));
  if (other === undefined) return { kind: "rule", rule: first };
  return {
    kind: "undecided",
    why: `${first.name} and ${other.name} both hold, are equally specific and differ (${ruleText(first)}, ${ruleText(other)})`,
  };
};

const ruleText = <T>({ value, terms: { approvers, minApprovers } }: Rule<T>): string =>
  [
    String(value),
    ...(minApprovers === undefined ? [] : [`by ${minApprovers}`]),
    ...(approvers === undefined ? [] : [`of ${approvers.join(" and ")}`]),
  ].join(" ");
