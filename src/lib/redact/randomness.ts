// Whether a word looks made by a machine: tokens and keys do, names of Kubernetes objects do not. Pure; linear in the word.

/** Shannon's, in bits a character. */
export const entropyOf = (text: string): number => {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
};

const leastLength = 20;
const leastEntropy = 3.5;
const longestLooked = 4096;

/** Beside a word such as `token`: at least 3.5 bits over 20 characters, digits and letters, and no name of an object. */
export const looksRandom = (word: string): boolean => {
  const text = word.slice(0, longestLooked);
  if (text.length < leastLength || !/\d/.test(text) || !/[A-Za-z]/.test(text) || isName(text)) return false;
  return entropyOf(text) >= leastEntropy;
};

/** Digests, UUIDs, names of objects, versions, addresses, times: random to look at, and no secret. */
const isName = (text: string): boolean =>
  /^(?:sha\d{3}:)?[0-9a-f]{64}$/.test(text) ||
  /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text) ||
  (/^[a-z0-9.:/_-]+$/.test(text) && /[-./:]/.test(text)) ||
  /^\d{4}-\d\d-\d\dT/.test(text) ||
  /^https?:/.test(text);

/** Anywhere: so mixed that no word of a language, path or class name is like it. */
export const looksLikeKey = (word: string): boolean => {
  if (word.length < 32 || word.length > longestLooked) return false;
  if (!/[a-z]/.test(word) || !/[A-Z]/.test(word)) return false;
  const digits = word.match(/\d/g)?.length ?? 0;
  if (digits < word.length / 12 || /[a-z]{7}|[A-Z]{7}|\d{7}/.test(word)) return false;
  return entropyOf(word) >= 4;
};
