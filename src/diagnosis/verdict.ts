// What is said of one object: its cause, its health, or that neither could be proven. Pure; reads what the diagnosis found, and looks for no causes itself.
import type { Quote, Reference } from "#api/fields.ts";
import { namedTypes, type Pod } from "#api/kubernetes.ts";
import { apiVersionOf, referenceText } from "#api/object.ts";
import { observations, replicasText } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import { type Assessment, type RuledOut, ruledOut } from "#diagnosis/finding.ts";
import { healthOf } from "#diagnosis/health.ts";
import type { RankedFinding } from "#diagnosis/rank.ts";
import { everyStep } from "#diagnosis/steps.ts";
import type { View, Workload } from "#diagnosis/view.ts";

interface Said {
  readonly message: string;
  readonly confidence: number;
  readonly quotes: readonly Quote[];
  /** Nearest first. */
  readonly ruledOut: readonly RuledOut[];
}
export type Verdict = Said &
  (
    | { readonly kind: "Cause" | "Healthy" | "Gone" }
    | {
        readonly kind: "Inconclusive";
        /** Nothing fails, and yet it is not well: pods may be starting just now. */
        readonly mayStillChange: boolean;
      }
  );

export interface FoundFor {
  /** That have to do with the target and are certain enough, best first. */
  readonly findings: readonly RankedFinding[];
  /** Nearest first. */
  readonly ruledOut: readonly RuledOut[];
}

export const verdictFor = (view: View, target: Reference, { findings, ruledOut: missed }: FoundFor, steps = everyStep): Verdict => {
  const workload = workloadAt(view, target);
  if (workload === undefined) return absent(view, target, missed);
  const health = steps.run<Assessment>(
    "the health of the target",
    () => healthOf(view, workload),
    ruledOut("NothingWrong", "it did not finish"),
  );
  const [best] = findings;
  if (best !== undefined)
    return {
      kind: "Cause",
      message: best.summary,
      confidence: best.confidence,
      quotes: best.quotes,
      ruledOut: "ruledOut" in health ? [bare(health.ruledOut), ...missed] : missed,
    };
  if ("found" in health) {
    const { summary, score, quotes } = health.found;
    return { kind: "Healthy", message: summary, confidence: score, quotes, ruledOut: missed };
  }
  const failures = failuresOf(view, workload);
  return {
    kind: "Inconclusive",
    mayStillChange: failures.length === 0,
    message: unproven(replicasText(workload), missed),
    confidence: 0,
    quotes: observations(view, workload, failures),
    ruledOut: [bare(health.ruledOut), ...missed],
  };
};

const absent = (view: View, target: Reference, missed: readonly RuledOut[]): Verdict => {
  // Lists are known by kind: one of the same kind in another group is another kind, which was not looked for.
  const isKnownKind = namedTypes.some((type) => type.kind === target.kind && apiVersionOf(type) === target.apiVersion);
  if (isKnownKind && view.knows({ kind: target.kind }, target.namespace))
    return {
      kind: "Gone",
      message: `${referenceText(target)} does not exist any more: there is nothing to repair.`,
      confidence: 1,
      quotes: [],
      ruledOut: [],
    };
  return {
    kind: "Inconclusive",
    mayStillChange: false,
    message: unproven(`Objects of kind ${target.kind} cannot be looked into`, missed),
    confidence: 0,
    quotes: [],
    ruledOut: missed,
  };
};

const bare = ({ code, reason }: RuledOut): RuledOut => ({ code, reason });

const unproven = (seen: string, missed: readonly RuledOut[]): string => {
  const nearest = missed.slice(0, 3).map(({ code, reason }) => `${code}: ${reason}`);
  return `No cause could be proven. ${seen}.${nearest.length === 0 ? "" : ` Considered: ${nearest.join("; ")}.`}`;
};

/** The target as a workload, also where it is a pod of one or runs no pods; undefined where it is not there. */
export const workloadAt = (view: View, target: Reference): Workload | undefined => {
  const known = view.workload(target);
  if (known !== undefined) return known;
  const object = view.evidence.objects.find(
    ({ apiVersion, kind, metadata }) =>
      apiVersion === target.apiVersion && kind === target.kind && metadata.namespace === target.namespace && metadata.name === target.name,
  );
  if (object === undefined) return undefined;
  return { reference: target, object, template: { spec: { containers: [] } }, pods: object.kind === "Pod" ? [object as Pod] : [] };
};
