// The seal of a saved shard: an HMAC that only a process with the key of this installation can make. Pure; the key goes nowhere else.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Key } from "#api/object.ts";

/** The Secret with the key. */
export const JOURNAL_KEY_NAME = "kintsugi-journal-key";

/** Of the bytes and the place they are saved at: a shard is valid under no other name and in no other namespace. */
export const sealOf = (key: Uint8Array, { namespace = "", name }: Key, bytes: Uint8Array): Buffer =>
  createHmac("sha256", key).update(`kintsugi change journal\n${namespace}\n${name}\n`).update(bytes).digest();

export const isSealed = (key: Uint8Array, place: Key, bytes: Uint8Array, seal: Uint8Array): boolean => {
  const expected = sealOf(key, place, bytes);
  return seal.byteLength === expected.byteLength && timingSafeEqual(seal, expected);
};
