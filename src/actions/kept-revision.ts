// The template of an earlier revision of a StatefulSet or DaemonSet, out of the ControllerRevision that keeps it, as a plan. Pure.
import type { ControllerRevision, DaemonSet, PodTemplate, StatefulSet } from "#api/kubernetes.ts";
import { noOp, patched, type PlanResult, refused } from "#actions/action.ts";
import { difference } from "#actions/difference.ts";
import type { Json } from "#lib/canonical-json.ts";
import { isControlledBy } from "#api/object.ts";

export const backToRevision = (
  target: StatefulSet | DaemonSet,
  revision: number,
  controllerRevisions: readonly ControllerRevision[],
): PlanResult => {
  const source = controllerRevisions.find((kept) => kept.revision === revision && isControlledBy(kept, target));
  if (source === undefined) return refused(`revision ${revision} no longer exists: no ControllerRevision holds it`);
  const present = target.spec.template;
  const template = templateIn(source, present);
  if (template === undefined) return refused(`ControllerRevision ${source.metadata.name} holds no pod template`);
  const operations = difference(["spec", "template"], present as unknown as Json, template as unknown as Json);
  if (operations.length === 0) return noOp(`the template is already that of revision ${revision}`);
  return patched(target, operations);
};

/** It is kept as a patch of the whole template: `{spec: {template: {…, $patch: "replace"}}}`. */
const templateIn = ({ data }: ControllerRevision, present: PodTemplate): PodTemplate | undefined => {
  const kept = (data as { spec?: { template?: unknown } } | undefined)?.spec?.template;
  if (!isTemplate(kept)) return undefined;
  const { $patch: _directive, ...template } = kept;
  const { creationTimestamp: _empty, ...metadata } = template.metadata ?? {};
  // A template is never created by itself: older servers write null here, newer ones nothing, and no change is to come of it.
  const { creationTimestamp } = present.metadata ?? {};
  return { ...template, metadata: creationTimestamp === undefined ? metadata : { ...metadata, creationTimestamp } };
};

const isTemplate = (kept: unknown): kept is PodTemplate & { $patch?: string } =>
  typeof kept === "object" && kept !== null && Array.isArray((kept as Partial<PodTemplate>).spec?.containers);
