// What changed near an object, in a window of time, what bears on it most first. Pure: over the journal, and over what Kubernetes itself remembers.
import type { ObjectReference } from "#api/object.ts";
import { type ObjectChange, changesOf } from "#cluster/journal/change.ts";
import { journalKey } from "#cluster/journal/journal.ts";
import type { Remembered } from "#cluster/journal/remembered-changes.ts";
import { type Known, relationOf } from "#cluster/journal/relations.ts";
import { contentsOf, type Track } from "#cluster/journal/track.ts";
import { fromTimestamp } from "#lib/clock.ts";

/** Epoch milliseconds, both ends included. */
export interface Window {
  readonly from: number;
  readonly to: number;
  /** Nearer to this comes first. Default: the end. */
  readonly around?: number;
}

export interface NearChange extends ObjectChange {
  /** What the object is to the target, in words. */
  readonly relation: string;
  /** It is the target, or names it, or is named by it: nearer than a common namespace or node. */
  readonly isDirect: boolean;
}

export interface Nearby {
  /** Nodes on which its pods run; undefined where that is not known: then every node counts. */
  readonly nodes?: readonly string[];
  /** Kubernetes' own record; a write that the journal has too is listed once. */
  readonly remembered?: readonly Remembered[];
  /** Default 200. */
  readonly limit?: number;
}

/** In this order, whatever the time: itself, what bears on it, its namespace, its nodes, the rest of the cluster. */
type Rank = 0 | 1 | 2 | 3 | 4;

interface Place {
  readonly rank: Rank;
  readonly relation: string;
}

export const changesNear = (
  tracks: readonly Track[],
  target: ObjectReference,
  window: Window,
  nearby: Nearby = {},
): readonly NearChange[] => {
  const known = tracks
    .map((track) => ({ track, changes: changesIn(track, window) }))
    .filter(({ track, changes }) => changes.length > 0 || isTarget(track, target));
  const targets = knownOf(tracks.find((track) => isTarget(track, target)));
  const bearing = { targets, roles: rolesOf(targets, tracks), nodes: nearby.nodes };
  const byObject = new Map(tracks.map((track) => [journalKey(track.object), track]));
  const remembered = (nearby.remembered ?? []).filter(
    (change) =>
      isIn(change, window) && !isShown(change, byObject.get(journalKey(change.object))) && !isShownBetter(change, nearby.remembered ?? []),
  );
  const found: { change: ObjectChange; at: Place | undefined }[] = [
    ...known.flatMap(({ track, changes }) =>
      changes
        .filter((change) => change.source === "journal" || !remembered.some((other) => isSameWrite(change, other)))
        .map((change) => ({ change, at: placeOf(track, target, bearing) })),
    ),
    ...remembered.map(({ relation, ...change }) => ({
      change,
      at:
        relation === undefined
          ? placeOf(byObject.get(journalKey(change.object)) ?? change.object, target, bearing)
          : { rank: 1 as const, relation },
    })),
  ];
  const around = window.around ?? window.to;
  const distance = (change: ObjectChange): number => Math.abs((fromTimestamp(change.at) ?? 0) - around);
  return found
    .flatMap(({ change, at }) => (at === undefined ? [] : [{ change, ...at }]))
    .toSorted((a, b) => a.rank - b.rank || distance(a.change) - distance(b.change))
    .slice(0, nearby.limit ?? 200)
    .map(({ change, rank, relation }) => ({ ...change, relation, isDirect: rank <= 1 }));
};

const isTarget = (track: Track, target: ObjectReference): boolean => journalKey(track.object) === journalKey(target);

/** Unpacks only what has something in the window. */
const changesIn = (track: Track, window: Window): readonly ObjectChange[] =>
  track.versions.some(({ at, notBefore }) => at >= window.from && (notBefore ?? at) <= window.to)
    ? changesOf(track).filter((change) => isIn(change, window))
    : [];

const isIn = (change: ObjectChange, { from, to }: Window): boolean => {
  const at = fromTimestamp(change.at) ?? 0;
  return at >= from && (fromTimestamp(change.notBefore) ?? at) <= to;
};

/** Every content an object is known to have had: what a Service selected before its selector was changed counts, too. */
const knownOf = (track: Track | undefined): readonly Known[] =>
  track === undefined ? [] : contentsOf(track).flatMap(({ content }) => (content === undefined ? [] : [{ object: track.object, content }]));

/** What places an object: the contents of the target, the roles that it has by a binding, its nodes. */
interface Bearing {
  readonly targets: readonly Known[];
  readonly roles: ReadonlySet<string>;
  readonly nodes: readonly string[] | undefined;
}

const rolesOf = (targets: readonly Known[], tracks: readonly Track[]): ReadonlySet<string> =>
  new Set(
    tracks
      .filter(({ object: { kind } }) => kind === "RoleBinding" || kind === "ClusterRoleBinding")
      .flatMap(knownOf)
      .filter((binding) => targets.some((own) => relationOf(own, binding) === "gives it rights"))
      .flatMap(({ object, content }) => roleOf(object, content)),
  );

const roleOf = ({ namespace }: ObjectReference, content: Known["content"]): readonly string[] => {
  const { roleRef } = content as { roleRef?: { kind: string; name: string } };
  if (roleRef === undefined) return [];
  return [journalKey(roleRef.kind === "Role" && namespace !== undefined ? { ...roleRef, namespace } : roleRef)];
};

const placeOf = (other: Track | ObjectReference, target: ObjectReference, bearing: Bearing): Place | undefined => {
  const object = "versions" in other ? other.object : other;
  if (journalKey(object) === journalKey(target)) return { rank: 0, relation: "itself" };
  for (const own of bearing.targets)
    for (const its of "versions" in other ? knownOf(other) : []) {
      const relation = relationOf(own, its);
      if (relation !== undefined) return { rank: 1, relation };
    }
  if (object.kind === "Role" || object.kind === "ClusterRole") {
    if (bearing.roles.has(journalKey(object))) return { rank: 1, relation: "holds its rights" };
    // Roles of others, of which there are many in any cluster.
    if (object.namespace === undefined && target.namespace !== undefined) return undefined;
  }
  if (object.kind === "ClusterRoleBinding" && target.namespace !== undefined) return undefined;
  if (object.kind === "Node") {
    if (bearing.nodes === undefined) return { rank: 4, relation: "a node" };
    return bearing.nodes.includes(object.name) ? { rank: 3, relation: "runs its pods" } : undefined;
  }
  if (object.namespace === undefined) return { rank: 4, relation: "the cluster" };
  return object.namespace === target.namespace ? { rank: 2, relation: "same namespace" } : undefined;
};

/** The times of the API server are whole seconds. */
const togetherMs = 2_000;

/** The journal has the same write, and more of it; a ReplicaSet's template is also a version of its Deployment. */
const isShown = (change: ObjectChange, track: Track | undefined): boolean => {
  const at = fromTimestamp(change.at) ?? 0;
  return track?.versions.some((version) => Math.abs(version.at - at) <= togetherMs && version.source === "watch") ?? false;
};

const isSameWrite = (a: ObjectChange, b: ObjectChange): boolean =>
  journalKey(a.object) === journalKey(b.object) && Math.abs((fromTimestamp(a.at) ?? 0) - (fromTimestamp(b.at) ?? 0)) <= togetherMs;

/** A release says what it changed; the record of field managers only who wrote when. */
const isShownBetter = (change: ObjectChange, remembered: readonly ObjectChange[]): boolean =>
  change.source === "managedFields" &&
  change.kind === "changed" &&
  remembered.some((other) => (other.source === "ReplicaSet" || other.source === "ControllerRevision") && isSameWrite(change, other));
