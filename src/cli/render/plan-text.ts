// A plan and an approval as text: the exact change, its undo, its risk. Shared by the story, the question of `approve` and the dry look of `plan`. Pure.
import type { BareStep, ObjectDiff, Risk } from "#api/fields.ts";
import { referenceText } from "#api/object.ts";
import { diffLines, type Page, paragraph, point } from "#cli/render/page.ts";

/** `rollback_deployment on Deployment shop/web (revision 1)` */
export const stepText = (step: BareStep): string => `${step.action} on ${referenceText(step.target)}${parametersText(step.parameters)}`;

export const parametersText = (parameters: Readonly<Record<string, string>>): string => {
  const entries = Object.entries(parameters);
  return entries.length === 0 ? "" : ` (${entries.map(([name, value]) => `${name} ${value}`).join(", ")})`;
};

export const riskText = (plan: { readonly risk: Risk; readonly reversible: boolean }): string =>
  `${plan.risk} risk, ${plan.reversible ? "can be undone" : "cannot be undone"}`;

/** Every object with the lines that change; then what an undo would change back. */
export const diffsText = (page: Page, depth: number, diffs: readonly ObjectDiff[]): readonly string[] => [
  ...diffs.flatMap(({ object, diff }) => [...paragraph(page, depth, referenceText(object)), ...diffLines(page, depth + 1, diff)]),
  ...diffs.flatMap(({ object, inverse }) =>
    inverse.includes("\n")
      ? [...point(page, depth, "Undo:", referenceText(object)), ...diffLines(page, depth + 1, inverse)]
      : point(page, depth, "Undo:", inverse),
  ),
];
