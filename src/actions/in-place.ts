// The effect of a change whose object takes effect as soon as it is stored: there or not there, nothing to wait for. Pure.
import type { Change } from "#api/change.ts";
import { type KubeObject, referenceText } from "#api/object.ts";
import type { Effect } from "#actions/action.ts";
import { isInPlace } from "#actions/change.ts";

export const storedEffect = (target: KubeObject | undefined, changes: readonly Change[]): Effect => {
  if (target === undefined) return { state: "failed", reason: "the target no longer exists" };
  if (changes.every((change) => isInPlace(change, target))) return { state: "done" };
  return { state: "failed", reason: `another client changed ${referenceText({ kind: target.kind, ...target.metadata })} again` };
};
