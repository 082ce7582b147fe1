// How urgent an episode is: what the alert says, weighed by where it happens. Pure.
import type { Priority, Severity } from "#api/fields.ts";

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
