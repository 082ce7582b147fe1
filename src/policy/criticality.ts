// How much depends on an object: from rules of policies, or else from a label. Pure; in doubt, the most.
import { Criticality } from "#api/fields.ts";
import { CRITICALITY_LABEL } from "#api/labels.ts";
import type { ObjectReference } from "#api/object.ts";
import type { PolicyLabels } from "#policy/permission.ts";
import { choose, type Rules, subjectVariables } from "#policy/rules.ts";

/** Without a rule and a label it is medium; a label that names none of the values counts as critical. */
export const criticalityFor = (target: ObjectReference, labels: PolicyLabels, environment: string, { criticality }: Rules): Criticality => {
  const choice = choose(criticality, { ...subjectVariables(target, labels), environment });
  if (choice.kind === "rule") return choice.rule.value;
  if (choice.kind === "undecided") return "critical";
  const label = labels?.[CRITICALITY_LABEL]?.trim().toLowerCase();
  return label === undefined || label === "" ? "medium" : (Criticality.safeParse(label).data ?? "critical");
};
