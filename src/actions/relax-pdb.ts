// relax_pdb: a lower minAvailable or a higher maxUnavailable, so that an eviction is allowed. Never takes the protection away altogether.
import * as z from "zod";
import { PodDisruptionBudgets, type PodDisruptionBudget } from "#api/kubernetes.ts";
import { defineAction, patches, noOp, patched, refused } from "#actions/action.ts";
import { storedEffect } from "#actions/in-place.ts";

const amount = z.string().regex(/^(?:[1-9]\d{0,5}|[1-9]\d?%)$/, "neither a number of pods from 1 nor a percentage from 1% to 99%");

export const relaxPdb = defineAction({
  name: "relax_pdb",
  title: "Relax a PodDisruptionBudget",
  description:
    "Lowers minAvailable or raises maxUnavailable, whichever the budget has. Refuses to tighten the budget, to replace one field with the other, and to remove the protection.",
  targetKinds: ["PodDisruptionBudget"],
  reads: [],
  risk: "medium",
  undo: "inverse",
  writes: patches([PodDisruptionBudgets], ["/spec/minAvailable", "/spec/maxUnavailable"]),
  parameters: z.object({
    minAvailable: amount.optional().describe("How many pods have to stay, such as 2 or 50%."),
    maxUnavailable: amount.optional().describe("How many pods may be gone, such as 1 or 25%."),
  }),
  plan: ({ minAvailable, maxUnavailable }, target) => {
    const { spec } = target as PodDisruptionBudget;
    if ((minAvailable === undefined) === (maxUnavailable === undefined)) return refused("give either minAvailable or maxUnavailable");
    const [field, wanted] =
      minAvailable === undefined ? (["maxUnavailable", maxUnavailable] as const) : (["minAvailable", minAvailable] as const);
    const present = spec[field];
    if (present === undefined || wanted === undefined) return refused(`the budget has no ${field}`);
    const value = wanted.endsWith("%") ? wanted : Number(wanted);
    if (value === present) return noOp(`${field} is already ${present}`);
    if (tightens(field, present, value)) return refused(`${field} ${wanted} would be stricter than ${present}`);
    return patched(target, [
      { op: "test", path: `/spec/${field}`, value: present },
      { op: "replace", path: `/spec/${field}`, value },
    ]);
  },
  verify: ({ target }, changes) => storedEffect(target, changes),
});

/** A number and a percentage are not compared: how many pods there are is not asked here. */
const tightens = (field: "minAvailable" | "maxUnavailable", present: number | string, wanted: number | string): boolean => {
  if (typeof present !== typeof wanted) return false;
  const [before, after] = [Number.parseInt(String(present), 10), Number.parseInt(String(wanted), 10)];
  return field === "minAvailable" ? after > before : after < before;
};
