// The way back where a release brought the fault in: the newest older revision whose template is free of it. Pure.
import type { PodTemplate } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { Facts, Remedy } from "#diagnosis/finding.ts";
import type { Release } from "#diagnosis/release.ts";
import { deploymentRevisions } from "#diagnosis/workload-states.ts";
import type { View, Workload } from "#diagnosis/view.ts";

/** None where no older revision is free of it. */
export const rollbackWithout = (view: View, workload: Workload, hasFault: (template: PodTemplate) => boolean): readonly Remedy[] => {
  const revisions = deploymentRevisions(view, workload);
  const current = revisions.find(({ isCurrent }) => isCurrent);
  const older = revisions.filter(({ revision, template }) => current !== undefined && revision < current.revision && !hasFault(template));
  const back = older.find(({ ready }) => ready > 0) ?? older[0];
  if (back === undefined) return [];
  return [rollbackTo(workload, back.revision)];
};

export const rollbackTo = (
  { reference }: Pick<Workload, "reference">,
  revision: number,
  rationale = `Revision ${revision} does not have the fault.`,
): Remedy => ({
  action: "rollback_deployment",
  target: reference,
  parameters: { revision: String(revision) },
  rationale,
  expected: `${referenceText(reference)} runs the template of revision ${revision} and all its replicas are ready.`,
});

/** Where a release brought the fault in: back to the revision before it. */
export const undoRelease = (workload: Pick<Workload, "reference">, { current, previous }: Pick<Release, "current" | "previous">): Facts => {
  const { kind } = workload.reference;
  if (previous === undefined || kind !== "Deployment") return { remedies: [], otherwise: `fix the template of the ${kind}` };
  const rationale = `Revision ${current.revision} introduced the problem; revision ${previous.revision} is the previous one.`;
  return { remedies: [rollbackTo(workload, previous.revision, rationale)], otherwise: "fix the release and roll it out again" };
};

export const remediesOr = (remedies: readonly Remedy[], otherwise: string): Facts => ({ remedies, otherwise });
