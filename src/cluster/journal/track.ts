// What is known of one object: its content now, and each earlier version as what it differs in from the next one. Pure; every bound is kept here.
import { type KubeObject, type ObjectReference } from "#api/object.ts";
import { commonWords, pack, type Packed, unpack } from "#cluster/journal/packed-text.ts";
import { fieldDifferences, type FieldDifference } from "#cluster/journal/field-differences.ts";
import { firstWrite, lastWrite, type LastWrite, unknownManager, writersOf } from "#cluster/journal/field-managers.ts";
import { type Content, trackedContent } from "#cluster/journal/tracked-content.ts";
import { sha256 } from "#lib/canonical-json.ts";
import { fromTimestamp } from "#lib/clock.ts";

export interface Version {
  /** From 1, never used twice for one object. */
  readonly number: number;
  readonly kind: "created" | "changed" | "deleted";
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of a change that was not watched: not before this. */
  readonly notBefore?: number;
  readonly by: string;
  /** Fields that another manager wrote: path and manager. */
  readonly others?: readonly (readonly [field: string, by: string])[];
  /** The content before it, packed against this version's own; absent for the first one that is known. */
  readonly older?: Packed;
  /** `record`: first seen long after it was written; time and author come from the API server's record of field managers. */
  readonly source: "watch" | "record";
}

export interface Track {
  readonly object: ObjectReference;
  readonly uid: string;
  /** Packed against the common words; empty text for one that was deleted. */
  readonly current: Packed;
  /** The newest write known of, by the API server's own clock. */
  readonly writtenAt: number;
  /** Oldest first, never empty. */
  readonly versions: readonly Version[];
}

export interface Bounds {
  /** A longer content is known by its hash alone, and cannot be put back. */
  readonly maxContentLength: number;
  readonly maxVersions: number;
  readonly maxAgeMs: number;
}

/** Not watched in between: it happened after this. */
export interface Gap {
  readonly notBefore: number;
}

const deletedText = "";

/** A track after this object was seen; the same one where nothing of its content has changed. */
export const recordObject = (track: Track | undefined, object: KubeObject, now: number, bounds: Bounds, gap?: Gap): Track => {
  const content = trackedContent(object);
  const text = contentText(content, bounds);
  const writtenAt = lastWrite(object.metadata.managedFields)?.at ?? 0;
  const { uid } = object.metadata;
  if (track === undefined)
    return { object: referenceOf(object), uid, current: pack(text, commonWords), writtenAt, versions: [firstVersion(object, now)] };
  const before = currentText(track);
  if (track.uid === uid && before === text) return track;
  const isNew = track.uid !== uid;
  const differences = isNew ? [] : fieldDifferences(parsed(before), parsed(text));
  // Another order of the same fields.
  if (!isNew && differences.length === 0) return { ...track, current: pack(text, commonWords), writtenAt };
  const version = isNew ? creation(object, now) : change(object, differences, track, now);
  // The record of field managers has the time, with or without a watch.
  const unwatched = version.by === unknownManager && !isNew ? gap : undefined;
  return extended({ ...track, uid, writtenAt }, before, text, { ...version, ...unwatched }, now, bounds);
};

export const recordDeletion = (track: Track, now: number, bounds: Bounds, gap?: Gap): Track => {
  const before = currentText(track);
  if (before === deletedText) return track;
  const asked = fromTimestamp((parsed(before) as { metadata?: { deletionTimestamp?: string } }).metadata?.deletionTimestamp);
  // Whose request it was is in no object: only an audit log knows.
  const version = { kind: "deleted", at: Math.min(asked ?? now, now), by: unknownManager, source: "watch", ...gap } as const;
  return extended(track, before, deletedText, version, now, bounds);
};

export const isDeleted = (track: Track): boolean => track.versions.at(-1)?.kind === "deleted";

/** Every version with its content; undefined for the content of a deleted one. Newest last. */
export const contentsOf = (track: Track): readonly { readonly version: Version; readonly content: Content | undefined }[] => {
  const found: { version: Version; content: Content | undefined }[] = [];
  let text = currentText(track);
  for (const version of track.versions.toReversed()) {
    found.unshift({ version, content: text === deletedText ? undefined : (parsed(text) as Content) });
    if (version.older !== undefined) text = unpack(version.older, likeOf(text));
  }
  return found;
};

/** The content that the version before the oldest known one had is not known. */
export const trimmed = (track: Track, keep: number, oldest: number): Track => {
  const kept = track.versions.slice(-Math.max(1, keep));
  const recent = kept.findIndex((version) => version.at >= oldest);
  const versions = kept.slice(recent === -1 ? -1 : recent);
  if (versions.length === track.versions.length) return track;
  const [first, ...rest] = versions;
  if (first === undefined) return track;
  const { older: _forgotten, ...known } = first;
  return { ...track, versions: [known, ...rest] };
};

const objectBytes = 320;
const versionBytes = 96;

/** About what it takes in memory. */
export const sizeOf = (track: Track): number =>
  track.versions.reduce((bytes, { older = "" }) => bytes + versionBytes + older.length, objectBytes + track.current.length);

/** Content that is too long to be kept. */
export const isHashOnly = (content: Content): boolean => "$sha256" in content;

const contentText = (content: Content, { maxContentLength }: Bounds): string => {
  const text = JSON.stringify(content);
  if (text.length <= maxContentLength) return text;
  return JSON.stringify({ $sha256: sha256(text), $length: text.length });
};

const currentText = ({ current }: Track): string => unpack(current, commonWords);
const likeOf = (text: string): string => (text === deletedText ? commonWords : text);
const parsed = (text: string): unknown => (text === deletedText ? {} : JSON.parse(text));

const extended = (
  track: Track,
  before: string,
  after: string,
  version: Omit<Version, "number" | "older">,
  now: number,
  bounds: Bounds,
): Track => {
  const number = (track.versions.at(-1)?.number ?? 0) + 1;
  const next: Version = { number, ...version, older: pack(before, likeOf(after)) };
  const longer = { ...track, current: pack(after, commonWords), versions: [...track.versions, next] };
  return trimmed(longer, bounds.maxVersions, now - bounds.maxAgeMs);
};

/** API server times are whole seconds. */
const togetherMs = 2_000;

/** Never in the future: clocks differ. */
const written = (write: LastWrite | undefined, now: number): LastWrite => ({
  by: write?.by ?? unknownManager,
  at: Math.min(write === undefined || write.at === 0 ? now : write.at, now),
});

const firstVersion = (object: KubeObject, now: number): Version => {
  const createdAt = fromTimestamp(object.metadata.creationTimestamp) ?? 0;
  const last = written(lastWrite(object.metadata.managedFields), now);
  if (last.at > createdAt + togetherMs) return { number: 1, kind: "changed", ...last, source: "record" };
  return { number: 1, ...creation(object, now), source: "record" };
};

const creation = (object: KubeObject, now: number): Omit<Version, "number"> => {
  const createdAt = fromTimestamp(object.metadata.creationTimestamp) ?? now;
  const first = firstWrite(object.metadata.managedFields);
  const by = first !== undefined && first.at <= createdAt + togetherMs ? first.by : unknownManager;
  return { kind: "created", at: Math.min(createdAt, now), by, source: "watch" };
};

const change = (object: KubeObject, differences: readonly FieldDifference[], track: Track, now: number): Omit<Version, "number"> => {
  const writers = writersOf(object.metadata.managedFields, differences, track.writtenAt);
  const last = writers
    .filter((each) => each !== undefined)
    .toSorted((a, b) => a.at - b.at)
    .at(-1);
  const main = written(last, now);
  const others = differences.flatMap(({ field }, index): [string, string][] => {
    const by = writers[index]?.by ?? unknownManager;
    return by === main.by ? [] : [[field, by]];
  });
  // A record older than what was known cannot be of this change.
  const at = main.at + togetherMs < (track.versions.at(-1)?.at ?? 0) ? now : main.at;
  return { kind: "changed", at, by: main.by, source: "watch", ...(others.length === 0 ? {} : { others: others.slice(0, maxOthers) }) };
};
const maxOthers = 10;

export const referenceOf = ({ apiVersion, kind, metadata }: KubeObject): ObjectReference => ({
  apiVersion,
  kind,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: metadata.name,
});
