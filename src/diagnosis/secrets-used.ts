// Names of the Secrets that a workload's containers get their environment from. Names only; values are never in evidence. Pure.
import { templateReferences } from "#cluster/template-references.ts";
import type { Workload } from "#diagnosis/view.ts";

export const secretsOf = ({ template }: Workload): readonly string[] => [
  ...new Set(templateReferences(template).flatMap(({ kind, by, name }) => (kind === "Secret" && by !== "volume" ? [name] : []))),
];
