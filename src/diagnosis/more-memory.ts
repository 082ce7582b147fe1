// Twice the memory limit for a container that does not fit it: enough for a start that fails narrowly, well within what the action allows. Pure.
import { referenceText } from "#api/object.ts";
import type { Facts } from "#diagnosis/finding.ts";
import type { Workload } from "#diagnosis/view.ts";

const factor = 2;

export const moreMemory = ({ reference }: Pick<Workload, "reference">, container: string, limit: string): Facts => {
  const memory = multiplied(limit);
  if (memory === undefined)
    return { remedies: [], otherwise: `raise the memory limit; ${limit} is not a quantity that Kintsugi can raise` };
  return {
    remedies: [
      {
        action: "increase_resources",
        target: reference,
        parameters: { container, memory },
        rationale: `Container ${container} does not come up within ${limit} of memory.`,
        expected: `Container ${container} starts within ${memory} and all replicas of ${referenceText(reference)} are ready.`,
      },
    ],
    otherwise: `find out how much memory container ${container} needs, then raise its limit`,
  };
};

/** `64Mi` becomes `128Mi`: in the unit that people wrote. */
const multiplied = (quantity: string): string | undefined => {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(quantity);
  if (match === null) return undefined;
  const value = Number((Number(match[1]) * factor).toFixed(6));
  return `${value}${match[2] ?? ""}`;
};
