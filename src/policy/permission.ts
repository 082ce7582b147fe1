// What policy lets Kintsugi do with one step, from the step's own target: at planning and again before its Job. Pure; the strictest rule decides.
import type { Autonomy, BlastRadius, Criticality, Permission, Risk } from "#api/fields.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import { type ObjectReference, referenceText } from "#api/object.ts";
import { autonomyCeiling, autonomyFor } from "#policy/autonomy.ts";
import { type Environment, environmentFor, environmentOf } from "#policy/environment.ts";
import { beyondBlastRadius } from "#policy/blast.ts";
import { criticalityFor } from "#policy/criticality.ts";
import { beyondLimits } from "#policy/limits.ts";
import { protectionsOf } from "#policy/protections.ts";
import { subjectVariables } from "#policy/rules.ts";
import type { Settings } from "#policy/settings.ts";
import { namespaceOf, settingsIn } from "#policy/tenant.ts";
import { clipped } from "#lib/words.ts";

/** The labels of the target's namespace, or of a cluster-scoped target itself; absent where the holder does not exist. */
export type PolicyLabels = Readonly<Record<string, string>> | undefined;

export interface PermissionQuestion {
  readonly step: {
    readonly action: string;
    readonly target: ObjectReference;
    readonly parameters: Readonly<Record<string, string>>;
    readonly blast?: BlastRadius | undefined;
  };
  readonly labels: PolicyLabels;
  readonly risk: Risk;
  readonly reversible: boolean;
  /** Kintsugi's own namespace. */
  readonly ownNamespace: string;
  readonly settings: Settings;
}

export const permissionFor = ({ step, labels, risk, reversible, ownNamespace, settings: all }: PermissionQuestion): Permission => {
  const { action, target, parameters, blast } = step;
  const settings = settingsIn(all, namespaceOf(target));
  const holder = holderText(target);
  const environment = environmentFor(target, labels, holder, settings.rules).value.slice(0, 63);
  const beyond = beyondLimits(parameters, settings) ?? beyondBlastRadius(blast, settings);
  if (beyond !== undefined) return { environment, autonomy: "off", reason: beyond };
  const {
    value,
    why,
    rule,
    terms: { approvers, minApprovers } = {},
  } = autonomyFor({
    environment,
    criticality: criticalityFor(target, labels, environment, settings.rules),
    blast,
    labelled: environmentOf(labels, holder).value,
    managed: isManaged(labels),
    protections: protectionsOf({ target, ownNamespace, settings }),
    reversible,
    risk,
    action,
    settings,
    subject: subjectVariables(target, labels),
  });
  return {
    environment,
    autonomy: value,
    reason: why,
    ...(rule === undefined ? {} : { rule: clipped(rule) }),
    ...(approvers === undefined ? {} : { approvers: [...approvers] }),
    ...(minApprovers === undefined ? {} : { minApprovers }),
  };
};

/** What policy says of an object before an action is known. */
export interface PolicyContext {
  readonly environment: Environment;
  readonly criticality: Criticality;
  readonly managed: boolean;
  readonly protections: readonly string[];
  /** The most that any action may be granted. */
  readonly autonomy: Autonomy;
  /** For people: why not more. */
  readonly why: string;
}

export const policyContextOf = ({
  target,
  labels,
  ownNamespace,
  settings: all,
}: Pick<PermissionQuestion, "labels" | "ownNamespace" | "settings"> & { readonly target: ObjectReference }): PolicyContext => {
  const settings = settingsIn(all, namespaceOf(target));
  const holder = holderText(target);
  const environment = environmentFor(target, labels, holder, settings.rules);
  const criticality = criticalityFor(target, labels, environment.value, settings.rules);
  const managed = isManaged(labels);
  const protections = protectionsOf({ target, ownNamespace, settings });
  const { value, why } = autonomyCeiling({
    environment: environment.value,
    criticality,
    labelled: environmentOf(labels, holder).value,
    managed,
    protections,
    settings,
    subject: subjectVariables(target, labels),
  });
  return { environment, criticality, managed, protections, autonomy: value, why };
};

export const isManaged = (labels: PolicyLabels): boolean => labels?.[MANAGED_LABEL] === "true";

/** Whose labels policy reads for this object. */
export const holderText = (target: ObjectReference): string =>
  target.namespace === undefined ? referenceText(target) : `Namespace ${target.namespace}`;
