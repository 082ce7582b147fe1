// Which environment an object is in, from labels that people set. Pure; never guesses from a name.
import { ENVIRONMENT_LABEL } from "#api/labels.ts";

export interface Environment {
  readonly value: string;
  /** Where it was read, for people. */
  readonly source: string;
}

type Labels = Readonly<Record<string, string>> | undefined;

const labelNames = [ENVIRONMENT_LABEL, "environment"] as const;

/** `labels` are the namespace's, or a cluster-scoped object's own; `of` names whose they are. */
export const environmentOf = (labels: Labels, of: string): Environment => {
  for (const name of labelNames) {
    const value = labels?.[name]?.trim().toLowerCase();
    if (value) return { value: value === "prod" ? "production" : value, source: `label ${name} of ${of}` };
  }
  return { value: "unknown", source: `${of} carries no label ${ENVIRONMENT_LABEL}` };
};
