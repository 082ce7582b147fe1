// Whether the last release is to blame for a failure, judged by time: shared by every cause that a release competes with. Pure.
import type { WorkloadEvidence } from "#evidence/workload-evidence.ts";
import { editsAfter, type ConfigEdit } from "#diagnosis/config-edits.ts";
import { firstFailureAt, restartsFill, type Failure } from "#diagnosis/failures.ts";
import { makersOf, releaseFor, type Release } from "#diagnosis/release.ts";

export interface Suspicion {
  readonly release: Release | undefined;
  readonly firstFailureAt: number | undefined;
  /** The failure began soon enough after the release. */
  readonly beganWithRelease: boolean | "unknown";
  /** The last edit after the release and before the first failure: what changed last. */
  readonly edit: ConfigEdit | undefined;
}

/** A program that has run this long under a revision has shown that it can. */
export const settledMs = 30 * 60_000;
/** Times of events and containers are whole seconds of different clocks. */
const slackMs = 2000;

export const suspicionOf = (evidence: WorkloadEvidence, failures: readonly Failure[]): Suspicion => {
  const container = failures[0]?.container.name ?? "";
  const release = releaseFor(evidence, container);
  const first = firstFailureAt(evidence, failures, makersOf(evidence, release));
  // Without revisions the object's own age is the only release there is.
  const releasedAt = release?.releasedAt ?? Date.parse(evidence.target.createdAt ?? evidence.collectedAt);
  const edits = editsAfter(evidence, container, releasedAt);
  return {
    release,
    firstFailureAt: first,
    beganWithRelease:
      release === undefined || first === undefined
        ? "unknown"
        : first - release.releasedAt <= settledMs || restartsFill(failures, release.releasedAt, first),
    edit: edits.findLast((edit) => first === undefined || edit.at <= first + slackMs),
  };
};
