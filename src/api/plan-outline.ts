// A plan reduced to what it does, so that it is known again when it is proposed once more. Pure; hashes change with the object, outlines do not.
import type { PlanOutline, Step } from "#api/fields.ts";
import { jsonEqual } from "#lib/canonical-json.ts";

export const outlineOf = ({ steps }: { readonly steps: readonly Step[] }): PlanOutline =>
  steps.map(({ action, target, parameters }) => ({ action, target, parameters }));

/** The same actions on the same objects with the same parameters; a reason for the record makes no difference. */
export const sameOutline = (a: PlanOutline, b: PlanOutline): boolean => jsonEqual(a.map(withoutReason), b.map(withoutReason));

const withoutReason = ({ action, target, parameters }: PlanOutline[number]): PlanOutline[number] => {
  const { reason: _reason, ...rest } = parameters;
  const { apiVersion, kind, namespace, name } = target;
  return { action, target: { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) }, parameters: rest };
};
