// One step from its name and parameters to everything that is shown, hashed, approved and stored: the same at analysis and at execution. Pure.
import type { Change } from "#api/change.ts";
import type { BlastRadius, ObjectDiff } from "#api/fields.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import type { ObservedObjects } from "#api/observed.ts";
import type { Action } from "#actions/action.ts";
import { blastRadiusOf } from "#actions/blast-radius.ts";
import { encodeChanges, guardsHold, maxChangesBytes, objectKey, referenceOf } from "#actions/change.ts";
import { objectDiffs } from "#actions/diff.ts";
import { encodeInverse, type Inverse, invert, type LiveOf, priorStateOf } from "#actions/invert.ts";
import { findAction } from "#actions/registry.ts";
import { sha256 } from "#lib/canonical-json.ts";

export interface StepToPlan {
  readonly action: string;
  readonly target: ObjectReference;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface PlannedStep {
  readonly ok: true;
  readonly action: Action;
  readonly changes: readonly Change[];
  readonly blast: BlastRadius;
  readonly inverse: Inverse;
  readonly diffs: readonly ObjectDiff[];
  /** Canonical JSON; `changesHash` is the SHA-256 of it. */
  readonly changesText: string;
  readonly changesHash: string;
  readonly inverseText: string;
  readonly priorStateText: string;
}
export interface RefusedStep {
  readonly ok: false;
  readonly code: "Refused" | "NoOp" | "TooLarge";
  readonly reason: string;
}

/** Guarantee: what is planned holds on the objects observed: every guard is true, and the inverse leads back. */
export const planStep = (step: StepToPlan, observed: ObservedObjects): PlannedStep | RefusedStep => {
  const action = findAction(step.action);
  if (action === undefined) return { ok: false, code: "Refused", reason: `unknown action ${step.action}` };
  const plan = action.plan(step.parameters, observed);
  if (!plan.ok) return plan;
  const { changes } = plan;
  const liveOf = liveObjects(observed);
  if (changes.some((change) => !guardsHold(change, liveOf(change.object))))
    return { ok: false, code: "Refused", reason: `the change does not apply to the present state of ${referenceText(step.target)}` };
  const inverse = invert(action, changes, liveOf);
  const changesText = encodeChanges(changes);
  const inverseText = encodeInverse(inverse);
  const priorStateText = priorStateOf(changes, liveOf);
  if (changesText === undefined || inverseText === undefined || Buffer.byteLength(priorStateText) > maxChangesBytes)
    return { ok: false, code: "TooLarge", reason: "the change, its undo or the prior state is larger than 256 KiB" };
  return {
    ok: true,
    action,
    changes,
    blast: blastRadiusOf(changes, observed),
    inverse,
    diffs: objectDiffs(changes, inverse, liveOf).slice(0, 20),
    changesText,
    changesHash: sha256(changesText),
    inverseText,
    priorStateText,
  };
};

/** The target, by the names that changes use. */
export const liveObjects = ({ target }: Pick<ObservedObjects, "target">): LiveOf => {
  const key = target === undefined ? undefined : objectKey(referenceOf(target));
  return (object) => (objectKey(object) === key ? target : undefined);
};
