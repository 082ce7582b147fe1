// Remedies that several causes share; every parameter comes from an observed object. Pure.
import type { PodTemplate, Service } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import type { Remedy } from "#diagnosis/finding.ts";
import type { Release } from "#diagnosis/release.ts";
import { nameOf } from "#diagnosis/template.ts";
import { referenceTo, type View, type Workload } from "#diagnosis/view.ts";
import { deploymentRevisions } from "#diagnosis/workload-states.ts";
import type { ObservedChange } from "#evidence/evidence.ts";

/** To the newest older revision whose template is free of the fault, one with ready pods first; none where each has it. */
export const rollbackWithout = (view: View, workload: Workload, hasFault: (template: PodTemplate) => boolean): readonly Remedy[] => {
  const revisions = deploymentRevisions(view, workload);
  const current = revisions.find(({ isCurrent }) => isCurrent);
  const older = revisions.filter(({ revision, template }) => current !== undefined && revision < current.revision && !hasFault(template));
  const back = older.find(({ ready }) => ready > 0) ?? older[0];
  return back === undefined ? [] : [rollbackTo(workload, back.revision, `Revision ${back.revision} does not have the fault.`)];
};

/** To a revision in which these parts of the template differ. */
export const rollbackUnlike = (view: View, workload: Workload, parts: (spec: PodTemplate["spec"]) => unknown): readonly Remedy[] => {
  const now = JSON.stringify(parts(workload.template.spec));
  return rollbackWithout(view, workload, ({ spec }) => JSON.stringify(parts(spec)) === now);
};

export const rollbackTo = ({ reference }: Pick<Workload, "reference">, revision: number, rationale: string): Remedy => ({
  action: "rollback_deployment",
  target: reference,
  parameters: { revision: String(revision) },
  rationale,
  expected: `${referenceText(reference)} runs the template of revision ${revision} and all its replicas are ready.`,
});

/** To the revision that the release replaced. */
export const undoRelease = (workload: Pick<Workload, "reference">, release: Pick<Release, "current" | "previous">): readonly Remedy[] => {
  const { current, previous } = release;
  if (previous === undefined || workload.reference.kind !== "Deployment") return [];
  const rationale = `Revision ${current.revision} introduced the problem; revision ${previous.revision} is the previous one.`;
  return [rollbackTo(workload, previous.revision, rationale)];
};

/** The version of the change journal before this change. */
export const restoration = ({ object, at, by, kind }: ObservedChange, expected: string): Remedy => ({
  action: "restore_object",
  target: object,
  parameters: { before: at },
  rationale: `${referenceText(object)} was ${kind} at ${at} by ${by}.`,
  expected,
});

export const fixService = (service: Service, parameters: Remedy["parameters"], rationale: string): Remedy => ({
  action: "fix_service",
  target: referenceTo(service),
  parameters,
  rationale,
  expected: `${nameOf(service)} has endpoints, and connections to it succeed.`,
});

/** So many times the memory limit, in its own unit; none where it is not a quantity that Kintsugi can raise. */
export const moreMemory = (
  { reference }: Pick<Workload, "reference">,
  { container, limit, factor }: { readonly container: string; readonly limit: string; readonly factor: number },
): readonly Remedy[] => {
  const [, amount, unit = ""] = /^(\d{1,15}(?:\.\d{1,6})?)(Ki|Mi|Gi|Ti|k|M|G|T)?$/.exec(limit) ?? [];
  if (amount === undefined) return [];
  const memory = `${Number((Number(amount) * factor).toFixed(6))}${unit}`;
  return [
    {
      action: "increase_resources",
      target: reference,
      parameters: { container, memory },
      rationale: `Container ${container} does not start within ${limit} of memory.`,
      expected: `Container ${container} starts within ${memory} and all replicas of ${referenceText(reference)} are ready.`,
    },
  ];
};
