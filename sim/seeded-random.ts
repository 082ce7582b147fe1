// Numbers that look random and are the same for the same seed. Never asks the machine for any.
import type { Random } from "#lib/clock.ts";

/** sfc32: passes PractRand, and all of its state fits four integers. */
export const createSeededRandom = (seed: number, stream = 0): Random => {
  let a = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let c = stream >>> 0;
  let d = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  };
  // Near seeds begin alike; after a few rounds nothing of that is left.
  for (let round = 0; round < 15; round += 1) next();
  return next;
};

export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new RangeError("there is nothing to pick from");
  return item;
};

/** From `low` up to and including `high`. */
export const between = (random: Random, low: number, high: number): number => low + Math.floor(random() * (high - low + 1));
