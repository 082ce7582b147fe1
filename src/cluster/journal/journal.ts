// The change journal in memory: every followed object's versions, within bounds of number, age and bytes that namespaces share fairly. Does no I/O; knows no clock of its own.
import type { KubeObject, ObjectReference } from "#api/object.ts";
import { type Content, isTracked } from "#cluster/journal/tracked-content.ts";
import {
  type Bounds,
  contentsOf,
  type Gap,
  isDeleted,
  isHashOnly,
  recordDeletion,
  recordObject,
  sizeOf,
  type Track,
  trimmed,
} from "#cluster/journal/track.ts";

export interface JournalBounds extends Bounds {
  readonly maxObjects: number;
  readonly maxBytes: number;
}

export const defaultBounds: JournalBounds = {
  maxContentLength: 256 * 1024,
  maxVersions: 20,
  maxAgeMs: 7 * 24 * 3600_000,
  maxObjects: 20_000,
  maxBytes: 20 * 1024 * 1024,
};

export interface Journal {
  /** `gap`: the time since which the kind was not watched. */
  see(object: KubeObject, now: number, gap?: Gap): void;
  seeDeleted(object: ObjectReference, now: number, gap?: Gap): void;
  /** A whole list of this kind has been seen: what is not among these keys is gone. */
  seeAbsent(kind: string, present: ReadonlySet<string>, now: number, gap?: Gap): void;
  /** Takes in what was saved; what is known already stays. */
  restore(tracks: readonly Track[]): void;
  get(object: ObjectReference): Track | undefined;
  tracks(): readonly Track[];
  /** The object before that time; undefined where its content is unknown or incomplete. */
  content(object: ObjectReference, version: number): Content | undefined;
  /** Keys of what has changed since this was last asked. */
  takeChanged(): readonly string[];
  byKey(key: string): Track | undefined;
  /** Forgets what is too old, and of what is too much the oldest versions of the namespaces that have most. */
  trim(now: number): void;
  readonly size: { readonly objects: number; readonly bytes: number; readonly untracked: number };
}

/** The version of the API is left out: one object is served in several. */
export const journalKey = ({ kind, namespace, name }: Pick<ObjectReference, "kind" | "namespace" | "name">): string =>
  `${kind}/${namespace ?? ""}/${name}`;

/** `onChange`: an object has another version, or one that was not known. */
export const createJournal = (bounds: JournalBounds = defaultBounds, onChange?: (object: ObjectReference) => void): Journal => {
  const tracks = new Map<string, Track>();
  const changed = new Set<string>();
  /** Of each namespace, its keys in the order in which they were last changed. */
  const shares = new Map<string, Share>();
  let bytes = 0;
  let untracked = 0;

  const shareOf = ({ object: { namespace = "" } }: Pick<Track, "object">): Share => {
    const share = shares.get(namespace) ?? { bytes: 0, keys: new Set() };
    shares.set(namespace, share);
    return share;
  };
  const put = (key: string, track: Track): void => {
    const known = tracks.get(key);
    if (known === track) return;
    const grown = sizeOf(track) - (known === undefined ? 0 : sizeOf(known));
    const share = shareOf(track);
    bytes += grown;
    share.bytes += grown;
    share.keys.delete(key);
    share.keys.add(key);
    tracks.set(key, track);
    changed.add(key);
    if (known?.versions.at(-1)?.number !== track.versions.at(-1)?.number) onChange?.(track.object);
  };
  const drop = (key: string): void => {
    const known = tracks.get(key);
    if (known === undefined) return;
    const share = shareOf(known);
    bytes -= sizeOf(known);
    share.bytes -= sizeOf(known);
    share.keys.delete(key);
    if (share.keys.size === 0) shares.delete(known.object.namespace ?? "");
    tracks.delete(key);
    changed.add(key);
  };
  const relieve = (now: number): void => {
    if (bytes > bounds.maxBytes) shrink(now);
  };
  const shrink = (now: number): void => {
    for (const [key, track] of tracks) {
      if (isDeleted(track) && (track.versions.at(-1)?.at ?? 0) < now - bounds.maxAgeMs) drop(key);
      else put(key, trimmed(track, bounds.maxVersions, now - bounds.maxAgeMs));
    }
    // A margin, so that the next change does not begin it all again.
    const enough = bounds.maxBytes * 0.9;
    if (bytes <= enough) return;
    const level = fairLevel(
      [...shares.values()].map((share) => share.bytes),
      enough,
    );
    for (const share of [...shares.values()].filter(({ bytes: its }) => its > level)) shrinkShare(share, level);
  };
  const shrinkShare = (share: Share, level: number): void => {
    const oldestFirst = byLastChange(share.keys, tracks);
    for (const keep of [10, 5, 2, 1])
      for (const key of oldestFirst) {
        const track = tracks.get(key);
        if (share.bytes > level && track !== undefined) put(key, trimmed(track, keep, 0));
      }
    for (const key of oldestFirst) if (share.bytes > level) drop(key);
  };
  /** Makes room for an object of a namespace that has fewer than the largest one. */
  const makeRoom = (object: KubeObject): boolean => {
    if (tracks.size < bounds.maxObjects) return true;
    const own = shares.get(object.metadata.namespace ?? "")?.keys.size ?? 0;
    const largest = [...shares.values()].reduce((most, share) => (share.keys.size > most.keys.size ? share : most));
    const [oldest] = largest.keys;
    if (oldest === undefined || largest.keys.size <= own + 1) return false;
    drop(oldest);
    return true;
  };
  const see = (object: KubeObject, now: number, gap: Gap | undefined): void => {
    if (!isTracked(object)) return;
    const key = journalKey({ kind: object.kind, ...object.metadata });
    const known = tracks.get(key);
    if (known === undefined && !makeRoom(object)) {
      untracked += 1;
      return;
    }
    put(key, recordObject(known, object, now, bounds, gap));
  };
  const seeDeleted = (key: string, now: number, gap: Gap | undefined): void => {
    const known = tracks.get(key);
    if (known !== undefined) put(key, recordDeletion(known, now, bounds, gap));
  };

  return {
    see: (object, now, gap) => {
      see(object, now, gap);
      relieve(now);
    },
    seeDeleted: (object, now, gap) => {
      seeDeleted(journalKey(object), now, gap);
      relieve(now);
    },
    seeAbsent: (kind, present, now, gap) => {
      const prefix = `${kind}/`;
      for (const key of tracks.keys()) if (key.startsWith(prefix) && !present.has(key)) seeDeleted(key, now, gap);
      relieve(now);
    },
    restore: (saved) => {
      for (const track of saved) {
        const key = journalKey(track.object);
        if (tracks.has(key) || tracks.size >= bounds.maxObjects) continue;
        put(key, track);
        changed.delete(key);
      }
    },
    get: (object) => tracks.get(journalKey(object)),
    tracks: () => [...tracks.values()],
    content: (object, number) => {
      const track = tracks.get(journalKey(object));
      const content = track === undefined ? undefined : contentsOf(track).find(({ version }) => version.number === number)?.content;
      return content === undefined || isHashOnly(content) ? undefined : content;
    },
    takeChanged: () => {
      const keys = [...changed];
      changed.clear();
      return keys;
    },
    byKey: (key) => tracks.get(key),
    trim: shrink,
    get size() {
      return { objects: tracks.size, bytes, untracked };
    },
  };
};

interface Share {
  bytes: number;
  readonly keys: Set<string>;
}

/** How much each may keep so that all together keep `enough`: who has less than that keeps all, and the largest give. */
const fairLevel = (sizes: readonly number[], enough: number): number => {
  let left = enough;
  let sharers = sizes.length;
  for (const size of sizes.toSorted((a, b) => a - b)) {
    if (size * sharers > left) break;
    left -= size;
    sharers -= 1;
  }
  return sharers === 0 ? enough : left / sharers;
};

const byLastChange = (keys: ReadonlySet<string>, tracks: ReadonlyMap<string, Track>): readonly string[] => {
  const changedAt = (key: string): number => tracks.get(key)?.versions.at(-1)?.at ?? 0;
  return [...keys].toSorted((a, b) => changedAt(a) - changedAt(b));
};
