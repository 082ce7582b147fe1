// How urgent an episode is: what the alert says, weighed by where it happens. Pure.
import type { Priority, Severity } from "#api/fields.ts";
import type { ObjectReference } from "#api/object.ts";
import type { PolicyLabels } from "#policy/permission.ts";
import { choose, subjectVariables } from "#policy/rules.ts";
import type { Settings } from "#policy/settings.ts";

type Weight = "production" | "unknown" | "staging" | "other";

/** An unknown environment may be production, so it weighs as much as staging; an unknown severity counts as a warning. */
const table: Readonly<Record<Severity, Readonly<Record<Weight, Priority>>>> = {
  critical: { production: "P0", unknown: "P1", staging: "P1", other: "P2" },
  warning: { production: "P1", unknown: "P2", staging: "P2", other: "P3" },
  info: { production: "P2", unknown: "P3", staging: "P3", other: "P3" },
  unknown: { production: "P1", unknown: "P2", staging: "P2", other: "P3" },
};

export const priorityOf = (severity: Severity, environment: string): Priority =>
  table[severity][environment === "production" || environment === "staging" || environment === "unknown" ? environment : "other"];

export interface PriorityQuestion {
  readonly alert: { readonly name: string; readonly severity: Severity };
  readonly target: ObjectReference;
  readonly labels: PolicyLabels;
  readonly environment: string;
  readonly settings: Settings;
}

/** The most specific priority rule, else the table. Rules that do not decide leave the table's answer. */
export const priorityFor = ({ alert, target, labels, environment, settings }: PriorityQuestion): Priority => {
  const { name, severity } = alert;
  const choice = choose(settings.rules.priorities, { ...subjectVariables(target, labels), environment, alert: { name, severity } });
  return choice.kind === "rule" ? choice.rule.value : priorityOf(severity, environment);
};
