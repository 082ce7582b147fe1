// Names and identifiers out of the randomness that is passed in, so that a seed repeats a run. Never a secret's only protection.
import type { Random } from "#lib/clock.ts";

/** A version 4 UUID. */
export const newUid = (random: Random): string => {
  const digit = (): number => Math.floor(random() * 16);
  return "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx".replaceAll(/[xy]/g, (place) => (place === "x" ? digit() : 8 + (digit() % 4)).toString(16));
};

/** apimachinery's pkg/util/rand: no vowels, no digits that look like letters. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
export const randomSuffix = (random: Random): string =>
  Array.from({ length: 5 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
