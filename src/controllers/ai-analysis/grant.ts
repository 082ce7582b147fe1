// What policy lets Kintsugi do with one plan here: the strictest of its rules decides. Pure.
import type { Autonomy } from "#api/fields.ts";
import type { AIAnalysis, Plan } from "#api/kinds/ai-analysis.ts";
import { autonomyFor, leastAutonomy } from "#policy/autonomy.ts";
import { beyondLimits } from "#policy/limits.ts";
import type { Settings } from "#policy/settings.ts";

export interface Grant {
  readonly value: Autonomy;
  /** For people: why not more, or why so much. */
  readonly why: string;
}

export const grantOf = ({ spec }: AIAnalysis, plan: Pick<Plan, "steps" | "risk" | "reversible">, settings: Settings): Grant => {
  const { environment, managed, protections } = spec;
  const { steps, risk, reversible } = plan;
  const action = steps[0]?.action ?? "a repair";
  const beyond = steps.map(({ parameters }) => beyondLimits(parameters, settings)).find((why) => why !== undefined);
  if (beyond !== undefined) return { value: "off", why: beyond };
  const answer = autonomyFor({ environment, managed, protections, reversible, risk, action, settings });
  const value = leastAutonomy(answer.value, spec.autonomy);
  if (value === "auto" && (spec.rejected ?? []).length > 0)
    return { value: "approve", why: "people refused another repair of this trouble, so they are asked about every further one" };
  return { value, why: value === answer.value ? answer.why : `policy grants no more than ${value} here` };
};
