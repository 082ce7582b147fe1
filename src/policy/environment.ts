// The environment of an object, from rules of policies or else from labels, and the environments in which Kintsugi may repair without an approval. Pure; never guesses from a name.
import type { ObjectReference } from "#api/object.ts";
import { ENVIRONMENT_LABEL } from "#api/labels.ts";
import { choose, type Rules, subjectVariables } from "#policy/rules.ts";

export interface Environment {
  readonly value: string;
  /** Where it was read, for people. */
  readonly source: string;
}

type Labels = Readonly<Record<string, string>> | undefined;

/** The first label with a value counts. */
export const environmentLabels = [ENVIRONMENT_LABEL, "environment"] as const;

/**
 * The environments that are known not to be production, in lower case. Only here may a repair run without an approval; every other value,
 * a missing label and a typo ask a person. The admission policies use the same list.
 */
export const autoEnvironments = [
  "ci",
  "demo",
  "dev",
  "develop",
  "development",
  "integration",
  "playground",
  "preview",
  "qa",
  "sandbox",
  "stage",
  "staging",
  "test",
  "testing",
] as const;

/** The environment of an object without a label. */
export const unknownEnvironment = "unknown";

/** `environment` as `environmentOf` returns it. */
export const allowsAuto = (environment: string): boolean => autoEnvironments.some((each) => each === environment);

/** `labels` are the namespace's, or a cluster-scoped object's own; `of` names whose they are. */
export const environmentOf = (labels: Labels, of: string): Environment => {
  for (const name of environmentLabels) {
    const value = labels?.[name]?.trim().toLowerCase();
    if (value) return { value: value === "prod" ? "production" : value, source: `label ${name} of ${of}` };
  }
  return { value: unknownEnvironment, source: `${of} carries no label ${ENVIRONMENT_LABEL}` };
};

/** With the rules of policies, which come before the labels. Rules that do not decide leave the environment unknown. */
export const environmentFor = (target: ObjectReference, labels: Labels, of: string, { environments }: Rules): Environment => {
  const choice = choose(environments, subjectVariables(target, labels));
  if (choice.kind === "none") return environmentOf(labels, of);
  if (choice.kind === "undecided") return { value: unknownEnvironment, source: choice.why };
  const value = choice.rule.value.trim().toLowerCase();
  return { value: value === "prod" ? "production" : value, source: choice.rule.name };
};
