// The revisions of a StatefulSet or DaemonSet, and the one that a pod runs. Pure.
import { type ControllerRevision, ControllerRevisions, type Pod, type StatefulSet } from "#api/kubernetes.ts";
import { isOwnedBy, type View, type Workload } from "#diagnosis/view.ts";

const revisionLabel = "controller-revision-hash";

export const hasControllerRevisions = ({ object: { kind } }: Workload): boolean => kind === "StatefulSet" || kind === "DaemonSet";

export interface KeptRevisions {
  /** Newest first. */
  readonly kept: readonly ControllerRevision[];
  /** The one that the template is at. */
  readonly newest: ControllerRevision | undefined;
  /** Whether the pod runs it. */
  readonly isNewest: (pod: Pod) => boolean;
  /** Undefined where it is not kept. */
  readonly of: (pod: Pod) => ControllerRevision | undefined;
}

export const keptRevisions = (view: View, { reference, object }: Workload): KeptRevisions => {
  const kept = view
    .all(ControllerRevisions, reference.namespace)
    .filter((revision) => isOwnedBy(revision, object))
    .toSorted((a, b) => b.revision - a.revision);
  const update = (object as StatefulSet).status?.updateRevision;
  const newest = kept.find(({ metadata }) => metadata.name === update) ?? kept[0];
  const hashOf = ({ metadata }: ControllerRevision): string | undefined =>
    object.kind === "StatefulSet" ? metadata.name : metadata.labels?.[revisionLabel];
  const newestHash = newest === undefined ? update : hashOf(newest);
  const labelOf = ({ metadata }: Pod): string | undefined => metadata.labels?.[revisionLabel];
  return {
    kept,
    newest,
    isNewest: (pod) => labelOf(pod) === newestHash,
    of: (pod) => kept.find((revision) => labelOf(pod) !== undefined && hashOf(revision) === labelOf(pod)),
  };
};
