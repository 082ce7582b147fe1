// The environment of an object, read from labels, and the environments in which Kintsugi may repair without asking. Pure; never guesses from a name.
import { ENVIRONMENT_LABEL } from "#api/labels.ts";

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
