// Asks every cause and ranks the answers. Pure: the same evidence, the same diagnosis. The alert's words are not evidence of anything.
import type { Evidence as Quote } from "#api/fields.ts";
import type { WorkloadEvidence } from "#evidence/workload-evidence.ts";
import { configEdited } from "#diagnosis/causes/config-edited.ts";
import { imageUnpullable } from "#diagnosis/causes/image-unpullable.ts";
import { memoryLimitTooSmall } from "#diagnosis/causes/memory-limit-too-small.ts";
import { nothingWrong } from "#diagnosis/causes/nothing-wrong.ts";
import { releaseCrashes } from "#diagnosis/causes/release-crashes.ts";
import { observations, replicasText, targetName } from "#diagnosis/explain.ts";
import { failuresOf } from "#diagnosis/failures.ts";
import type { CauseCode, Finding, WorkloadCause } from "#diagnosis/finding.ts";

export interface RuledOut {
  readonly code: CauseCode;
  readonly reason: string;
}

interface Told {
  readonly message: string;
  readonly confidence: number;
  readonly quotes: readonly Quote[];
  readonly ruledOut: readonly RuledOut[];
}
export type Diagnosis = Told &
  (
    | { readonly kind: "Cause"; /** Best first. */ readonly findings: readonly [Finding, ...Finding[]] }
    | { readonly kind: "Healthy" | "Gone" }
    | {
        readonly kind: "Inconclusive";
        /** Nothing fails, and yet it is not well: pods may be starting just now. */
        readonly mayStillChange: boolean;
      }
  );

const causes: Readonly<Record<CauseCode, WorkloadCause>> = {
  ConfigEdited: configEdited,
  ImageUnpullable: imageUnpullable,
  ReleaseCrashes: releaseCrashes,
  MemoryLimitTooSmall: memoryLimitTooSmall,
  NothingWrong: nothingWrong,
};

export const diagnose = (evidence: WorkloadEvidence): Diagnosis => {
  if (evidence.target.state === "gone")
    return {
      kind: "Gone",
      message: `${targetName(evidence)} does not exist any more: there is nothing to repair.`,
      confidence: 1,
      quotes: [],
      ruledOut: [],
    };
  const assessments = Object.values(causes).map((cause) => cause(evidence));
  const found = assessments.flatMap((each) => ("found" in each ? [each.found] : [])).toSorted((a, b) => b.score - a.score);
  const missed = assessments.flatMap((each) => ("ruledOut" in each ? [each.ruledOut] : [])).toSorted((a, b) => b.closeness - a.closeness);
  const ruledOut = missed.map(({ code, reason }) => ({ code, reason }));
  const [best, ...others] = found;
  if (best === undefined) {
    const closest = missed
      .filter(({ code }) => code !== "NothingWrong")
      .slice(0, 3)
      .map(({ code, reason }) => `${code}: ${reason}`);
    const failures = failuresOf(evidence);
    const seen = evidence.target.state === "unknown" ? (evidence.gaps[0] ?? "") : replicasText(evidence);
    return {
      kind: "Inconclusive",
      mayStillChange: evidence.target.state === "found" && failures.length === 0,
      message: `No cause could be proven. ${seen}. Considered: ${closest.join("; ")}.`,
      confidence: 0,
      quotes: observations(evidence, failures),
      ruledOut,
    };
  }
  const told = { message: best.summary, confidence: best.score, quotes: best.quotes, ruledOut };
  return best.code === "NothingWrong" ? { kind: "Healthy", ...told } : { kind: "Cause", findings: [best, ...others], ...told };
};
