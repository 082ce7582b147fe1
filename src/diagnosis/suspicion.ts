// Whether the last release is to blame for a failure, judged by time: shared by every cause that a release competes with. Pure.
import { editsAfter, type ConfigEdit } from "#diagnosis/config-edits.ts";
import { firstFailureAt, restartsFill, type Failure } from "#diagnosis/failures.ts";
import { makersOf, releaseFor, type Release } from "#diagnosis/release.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { fromTimestamp } from "#lib/clock.ts";

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

export const suspicionOf = (view: View, workload: Workload, failures: readonly Failure[]): Suspicion => {
  const container = failures[0]?.container.name ?? "";
  const release = releaseFor(view, workload, container);
  const first = firstFailureAt(view, workload, failures, makersOf(workload, release));
  // Without revisions the object's own age is the only release there is.
  const releasedAt = release?.releasedAt ?? fromTimestamp(workload.object.metadata.creationTimestamp) ?? view.now;
  const edits = editsAfter(view, workload, container, releasedAt);
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
