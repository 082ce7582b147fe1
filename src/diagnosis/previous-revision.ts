// The way back where a release brought the fault in: the newest older revision whose template is free of it. Pure.
import type { PodTemplate } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { Facts, Remedy } from "#diagnosis/finding.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** None where no older revision is free of it. */
export const rollbackWithout = (view: View, workload: Workload, hasFault: (template: PodTemplate) => boolean): readonly Remedy[] => {
  const { revisions } = view.inside(workload);
  const current = revisions.find(({ isCurrent }) => isCurrent);
  const older = revisions.filter(({ revision, template }) => current !== undefined && revision < current.revision && !hasFault(template));
  const back = older.find(({ ready }) => ready > 0) ?? older[0];
  if (back === undefined) return [];
  return [rollbackTo(workload, back.revision)];
};

export const rollbackTo = ({ reference }: Workload, revision: number): Remedy => ({
  action: "rollback_deployment",
  target: reference,
  parameters: { revision: String(revision) },
  rationale: `Revision ${revision} does not have the fault.`,
  expected: `The pods of ${referenceText(reference)} are ready again.`,
});

/** Remedies, or the manual step where there are none. */
export const remediesOr = (remedies: readonly Remedy[], otherwise: string): Facts =>
  remedies.length === 0 ? { kind: "person", why: otherwise } : { kind: "remedies", remedies, otherwise };
