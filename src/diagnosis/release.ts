// Which release brought in what runs now, and which revision it replaced. Pure.
import type { TemplateRevision } from "#cluster/revisions.ts";
import { fromTimestamp } from "#lib/clock.ts";
import { failuresOf, type Failure } from "#diagnosis/failures.ts";
import type { View, Workload } from "#diagnosis/view.ts";
import { deploymentRevisions } from "#diagnosis/workload-states.ts";
import { differencesFor, type Difference } from "#diagnosis/template-difference.ts";

export interface Release {
  readonly current: TemplateRevision;
  /** Revisions that run the same container: the current one and those before it that differ in annotations only, as restarts do. */
  readonly same: readonly TemplateRevision[];
  /** When the first of them was rolled out, epoch milliseconds. */
  readonly releasedAt: number;
  /** The revision to go back to: one that has ready pods, else the newest that is not known to fail. */
  readonly previous?: TemplateRevision;
  /** From `previous` to `current`, as far as it can matter to the container. */
  readonly differences: readonly Difference[];
}

export const releaseFor = (view: View, workload: Workload, container: string): Release | undefined => {
  const revisions = deploymentRevisions(view, workload);
  const current = revisions.find((revision) => revision.isCurrent);
  if (current === undefined) return undefined;
  const differs = (revision: TemplateRevision): boolean => differencesFor(container, revision.template, current.template).length > 0;
  const older = revisions.filter((revision) => revision.revision < current.revision);
  const firstOther = older.findIndex(differs);
  const same = [current, ...(firstOther < 0 ? older : older.slice(0, firstOther))];
  const failing = new Set(failuresOf(view, workload).map(({ pod }) => pod.owner));
  const candidates = (firstOther < 0 ? [] : older.slice(firstOther)).filter((revision) => differs(revision) && !failing.has(revision.name));
  const previous = candidates.find((revision) => revision.ready > 0) ?? candidates[0];
  return {
    current,
    same,
    releasedAt: Math.min(...same.map((revision) => fromTimestamp(revision.releasedAt) ?? Number.POSITIVE_INFINITY)),
    ...(previous === undefined ? {} : { previous }),
    differences: previous === undefined ? [] : differencesFor(container, previous.template, current.template),
  };
};

/** Failures in pods of the current revision, or of any pod where a kind has no revisions. */
export const failuresOfCurrent = (view: View, workload: Workload): readonly Failure[] => {
  const current = deploymentRevisions(view, workload).find((revision) => revision.isCurrent);
  return failuresOf(view, workload).filter(({ pod }) => current === undefined || pod.owner === current.name);
};

/** Names that the pods of these revisions begin with. */
export const makersOf = ({ reference }: Workload, release: Release | undefined): readonly string[] =>
  release === undefined ? [reference.name] : release.same.map(({ name }) => name);
