// From a cause to the actions that could remove it, with frozen parameters: all of them chosen from observed objects. Pure.
import type { Reference } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import type { Finding, Remedy } from "#diagnosis/finding.ts";

export interface Repair extends Remedy {
  readonly score: number;
}

/** `otherwise`: the manual step where none of the repairs is possible. */
export type Repairs = { readonly repairs: readonly Repair[]; readonly otherwise: string } | { readonly person: string };

/** How much more memory is tried first: enough for a start that fails narrowly, well within what the action allows. */
const memoryFactor = 2;

export const repairsFor = (finding: Finding, target: Reference): Repairs => {
  const { facts } = finding;
  switch (facts.kind) {
    case "badRevision":
      if (target.kind !== "Deployment") return { person: `fix the template of the ${target.kind}` };
      return {
        repairs: [
          {
            action: "rollback_deployment",
            target,
            parameters: { revision: String(facts.lastGood) },
            rationale: `Revision ${facts.revision} introduced the problem; revision ${facts.lastGood} is the previous one.`,
            expected: `${referenceText(target)} runs the template of revision ${facts.lastGood} and all its replicas are ready.`,
            score: finding.score,
          },
        ],
        otherwise: "fix the release and roll it out again",
      };
    case "smallLimit": {
      const memory = multiplied(facts.limit, memoryFactor);
      if (memory === undefined) return { person: `raise the memory limit; ${facts.limit} is not a quantity that Kintsugi can raise` };
      return {
        repairs: [
          {
            action: "increase_resources",
            target,
            parameters: { container: facts.container, memory },
            rationale: `Container ${facts.container} does not come up within ${facts.limit} of memory.`,
            expected: `Container ${facts.container} starts within ${memory} and all replicas of ${referenceText(target)} are ready.`,
            score: finding.score,
          },
        ],
        otherwise: `find out how much memory container ${facts.container} needs, then raise its limit`,
      };
    }
    case "remedies":
      return {
        repairs: facts.remedies.map((remedy) => ({ ...remedy, score: finding.score })),
        otherwise: facts.otherwise,
      };
    case "person":
      return { person: facts.why };
  }
};

/** `64Mi` times 2 is `128Mi`: in the unit that people wrote. */
const multiplied = (quantity: string, factor: number): string | undefined => {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity);
  if (match === null) return undefined;
  const value = Number((Number(match[1]) * factor).toFixed(6));
  return `${value}${match[2] ?? ""}`;
};
