// Tracks as bytes and back: one shard holds those whose key hashes to it. Pure; what cannot be read is refused whole, with a reason.
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { z } from "zod";
import { commonWords } from "#cluster/journal/packed-text.ts";
import { contentsOf, type Track } from "#cluster/journal/track.ts";
import { sha256 } from "#lib/canonical-json.ts";

/** Another dictionary makes other bytes. */
const form = `2-${sha256(commonWords).slice(0, 8)}`;

const versionSchema = z.strictObject({
  number: z.number().int().positive(),
  kind: z.enum(["created", "changed", "deleted"]),
  at: z.number(),
  notBefore: z.number().optional(),
  by: z.string().max(256),
  others: z.array(z.tuple([z.string(), z.string()])).optional(),
  older: z.string().optional(),
  source: z.enum(["watch", "record"]),
});
const trackSchema = z.strictObject({
  object: z.strictObject({ apiVersion: z.string(), kind: z.string(), namespace: z.string().optional(), name: z.string() }),
  uid: z.string(),
  current: z.string(),
  writtenAt: z.number(),
  versions: z.array(versionSchema).min(1),
});
const shardSchema = z.strictObject({
  form: z.literal(form),
  generation: z.number().int().positive(),
  others: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().positive()])),
  savedAt: z.number(),
  completeUntil: z.number(),
  tracks: z.array(trackSchema),
});

export interface Shard {
  /** Counts the writes of the whole journal. */
  readonly generation: number;
  /** The generation that each other shard had when this one was written, by index: an older one that is put back later shows by it. */
  readonly others: readonly (readonly [index: number, generation: number])[];
  readonly savedAt: number;
  /** Everything that happened before this has been saved, in this shard or another. */
  readonly completeUntil: number;
  readonly tracks: readonly Track[];
}

const maxBytes = 16 * 1024 * 1024;

/** Quickly rather than tightly: its larger part is packed already. */
export const shardBytes = ({ tracks, ...head }: Shard): Buffer =>
  deflateRawSync(JSON.stringify({ form, ...head, tracks: tracks.map((track) => recoded(track, "latin1", "base64")) }), { level: 1 });

export const readShard = (bytes: Buffer): Shard | string => {
  let value: unknown;
  try {
    value = JSON.parse(inflateRawSync(bytes, { maxOutputLength: maxBytes }).toString("utf8"));
  } catch {
    return "it is damaged";
  }
  const read = shardSchema.safeParse(value);
  if (!read.success)
    return `it was written by another version of Kintsugi (${read.error.issues[0]?.path.join(".")}: ${read.error.issues[0]?.message})`;
  const tracks = (read.data.tracks as readonly Track[]).map((track) => recoded(track, "base64", "latin1"));
  return { ...read.data, tracks: tracks.filter(isWhole) };
};

/** JSON would take six letters for many of the 256 characters of packed text. */
const recoded = (track: Track, from: BufferEncoding, to: BufferEncoding): Track => {
  const text = (packed: string): string => Buffer.from(packed, from).toString(to);
  return {
    ...track,
    current: text(track.current),
    versions: track.versions.map((version) => (version.older === undefined ? version : { ...version, older: text(version.older) })),
  };
};

/** A track that cannot be unpacked would fail later, at an unexpected place. */
const isWhole = (track: Track): boolean => {
  try {
    contentsOf(track);
    return true;
  } catch {
    return false;
  }
};

export const shardOf = (key: string, count: number): number => Number.parseInt(sha256(key).slice(0, 8), 16) % count;
