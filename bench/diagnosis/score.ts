// One case, investigated as everywhere, and compared with its answer. A case that cannot be read, or that makes the diagnosis fail, is a wrong one with a sentence.
import { leastConfidence, type RankedFinding } from "#diagnosis/rank.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { investigate } from "#investigation/investigate.ts";
import { readFromEvidence } from "#investigation/saved-objects.ts";
import { type Answer, type CaseFolder, loadCase } from "#bench/diagnosis/cases.ts";
import { liveShaped } from "#bench/diagnosis/live-shape.ts";
import { recordedEvidence } from "#bench/diagnosis/recorded/recorded-evidence.ts";
import { renamed } from "#bench/diagnosis/rename.ts";
import { isRight, namesOf } from "#bench/diagnosis/taxonomy.ts";

export interface Verdict {
  /** Most certain first. */
  readonly findings: readonly RankedFinding[];
  /** 1 for the first; absent: not among them. */
  readonly rank?: number;
}

export interface Scored extends Verdict {
  readonly folder: CaseFolder;
  readonly answer?: Answer;
  /** The cause of the first finding is right, whatever its object. */
  readonly hasCauseRight: boolean;
  readonly diagnosisMs: number;
  readonly parsingMs: number;
  /** With what a live collection provides. */
  readonly live: Verdict;
  /** Right at first under other names, where that was tried. */
  readonly isRightRenamed?: boolean;
  /** Why there is no diagnosis. */
  readonly problem?: string;
}

export interface Tries {
  readonly renamed: "too" | "not";
}

/** `now` is a clock in milliseconds, of the processor where the machine is shared: what is timed is the investigation, and apart from it the reading of the recording. */
export const scoreCase = async (folder: CaseFolder, tries: Tries, now: () => number): Promise<Scored> => {
  const start = now();
  const { recording, answer, problem } = loadCase(folder.path);
  const unread = {
    folder,
    findings: [],
    hasCauseRight: false,
    live: { findings: [] },
    diagnosisMs: 0,
    ...(answer === undefined ? {} : { answer }),
  };
  if (recording === undefined || answer === undefined)
    return { ...unread, parsingMs: now() - start, problem: problem ?? "it could not be read" };
  try {
    const evidence = recordedEvidence(recording);
    const read = now();
    const verdict = await judgedBy(evidence, answer);
    const done = now();
    const [first] = verdict.findings;
    return {
      folder,
      answer,
      ...verdict,
      hasCauseRight: first !== undefined && namesOf(first).includes(answer.rootCause),
      live: await judgedBy(liveShaped(evidence), answer),
      diagnosisMs: done - read,
      parsingMs: read - start,
      ...(tries.renamed === "too" ? { isRightRenamed: await isRightUnderOtherNames(evidence, answer) } : {}),
    };
  } catch (error) {
    return {
      ...unread,
      parsingMs: now() - start,
      problem: `the diagnosis failed: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
};

const isRightUnderOtherNames = async (evidence: Evidence, answer: Answer): Promise<boolean> => {
  const other = renamed(evidence);
  const { rank } = await judgedBy(other.evidence, { ...answer, object: other.objectOf(answer.object) });
  return rank === 1;
};

/** As `kintsugi diagnose --from` does: what people are not shown is not found. */
const judgedBy = async (evidence: Evidence, answer: Answer): Promise<Verdict> => {
  const { findings } = await investigate({ read: readFromEvidence(evidence) }, evidence, { leastConfidence });
  const rank = findings.findIndex((finding) => isRight(finding, answer)) + 1;
  return { findings, ...(rank === 0 ? {} : { rank }) };
};
