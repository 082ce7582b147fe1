// What policy lets Kintsugi do with one step, from the step's own target: at planning and again before its Job. Pure; the strictest rule decides.
import type { Permission, Risk } from "#api/fields.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import { autonomyFor } from "#policy/autonomy.ts";
import { environmentOf } from "#policy/environment.ts";
import { beyondLimits } from "#policy/limits.ts";
import { protectionsOf } from "#policy/protections.ts";
import type { Settings } from "#policy/settings.ts";

/** The labels of the target's namespace, or of a cluster-scoped target itself; absent where the holder does not exist. */
export type PolicyLabels = Readonly<Record<string, string>> | undefined;

export interface PermissionQuestion {
  readonly step: {
    readonly action: string;
    readonly target: ObjectReference;
    readonly parameters: Readonly<Record<string, string>>;
  };
  readonly labels: PolicyLabels;
  readonly risk: Risk;
  readonly reversible: boolean;
  /** Kintsugi's own namespace. */
  readonly ownNamespace: string;
  readonly settings: Settings;
}

export const permissionFor = ({ step, labels, risk, reversible, ownNamespace, settings }: PermissionQuestion): Permission => {
  const { action, target, parameters } = step;
  const environment = environmentOf(labels, holderText(target)).value.slice(0, 63);
  const beyond = beyondLimits(parameters, settings);
  if (beyond !== undefined) return { environment, autonomy: "off", reason: beyond };
  const { value, why } = autonomyFor({
    environment,
    managed: isManaged(labels),
    protections: protectionsOf({ target, ownNamespace, settings }),
    reversible,
    risk,
    action,
    settings,
  });
  return { environment, autonomy: value, reason: why };
};

export const isManaged = (labels: PolicyLabels): boolean => labels?.[MANAGED_LABEL] === "true";

/** Whose labels policy reads for this object. */
export const holderText = (target: ObjectReference): string =>
  target.namespace === undefined ? referenceText(target) : `Namespace ${target.namespace}`;
