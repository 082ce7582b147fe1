// Windows in which nothing is repaired, and the pause that has no end. Pure.
import type { ObjectReference } from "#api/object.ts";
import type { Hold } from "#policy/budget.ts";
import { criticalityFor } from "#policy/criticality.ts";
import { environmentFor } from "#policy/environment.ts";
import type { RuleVariables } from "#policy/expression.ts";
import type { Window } from "#policy/freeze-window.ts";
import { holderText, type PolicyLabels } from "#policy/permission.ts";
import { subjectVariables } from "#policy/rules.ts";
import type { Settings } from "#policy/settings.ts";
import { namespaceOf, settingsIn } from "#policy/tenant.ts";

/** One step, as the conditions of windows read it. */
export type FreezeSubject = Pick<RuleVariables, "namespaceObject" | "target" | "environment" | "criticality" | "action">;

/**
 * The reason why no repair may begin now; undefined where there is none. A window whose condition cannot be evaluated holds: too few repairs
 * are the smaller harm.
 */
export const freezeHold = (settings: Settings, now: number, steps: readonly FreezeSubject[]): Hold | undefined => {
  if (settings.paused) return { why: "repairs are paused by policy" };
  const paused = steps.find((step) => settings.tenants.get(namespaceOf(step.target) ?? "")?.paused === true);
  if (paused !== undefined)
    return { why: `repairs in namespace ${namespaceOf(paused.target) ?? ""} are paused by a policy of that namespace` };
  const windows = [...settings.freezes, ...steps.flatMap((step) => windowsOf(settings, step))].flatMap((freeze) => openWindow(freeze, now));
  const last = windows.toSorted((a, b) => b.to - a.to)[0];
  if (last === undefined) return undefined;
  if (last.to >= noEndMs) return { why: `freeze "${last.name}", without an end` };
  return { why: `freeze "${last.name}" until ${new Date(last.to).toISOString().replace(".000Z", "Z")}`, untilMs: last.to };
};

/** The same for the steps of a plan, each with the labels by which policy judges its target. */
export const planHold = (
  settings: Settings,
  now: number,
  steps: readonly { readonly action: string; readonly target: ObjectReference }[],
  labelsOf: (target: ObjectReference) => PolicyLabels,
): Hold | undefined =>
  freezeHold(
    settings,
    now,
    steps.map(({ action, target }) => {
      const labels = labelsOf(target);
      const environment = environmentFor(target, labels, holderText(target), settings.rules).value;
      const criticality = criticalityFor(target, labels, environment, settings.rules);
      return { ...subjectVariables(target, labels), environment, criticality, action };
    }),
  );

const windowsOf = (settings: Settings, step: FreezeSubject): readonly Window[] => {
  const { freezes, rules } = settingsIn(settings, namespaceOf(step.target));
  return [...freezes, ...rules.freezes.flatMap(({ value, when }) => (when.test(step).kind === "no" ? [] : [value]))];
};

/** The last year that a time of Kubernetes can say. */
const noEndMs = Date.parse("9999-01-01T00:00:00Z");

const openWindow = ({ name, openUntil }: Window, now: number): readonly { readonly name: string; readonly to: number }[] => {
  const to = openUntil(now);
  return to === undefined ? [] : [{ name, to }];
};
