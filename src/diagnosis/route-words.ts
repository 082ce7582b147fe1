// Whether a route's name or path has the words of another name: words that many of the names share do not count. Pure.
import type { Route } from "#diagnosis/routing-tables.ts";

export interface SharedWords {
  /** Words that many of the names have, such as `svc`: they distinguish nothing. */
  readonly common: ReadonlySet<string>;
}

const split = (text: string): readonly string[] =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** A word is common where at least a third of the names, and three of them, have it. */
export const wordsOfNames = (names: readonly string[]): SharedWords => {
  const counts = new Map<string, number>();
  for (const name of names) for (const word of new Set(split(name))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return { common: new Set([...counts].filter(([, count]) => count >= 3 && count * 3 >= names.length).map(([word]) => word)) };
};

/** 1: the route's name, or the last part of one of its paths, says exactly this name. 0 to 1: it shares words with it. */
export const fitOf = (route: Route, name: string, { common }: SharedWords): number => {
  const telling = (text: string): readonly string[] => split(text).filter((word) => !common.has(word));
  const service = telling(name);
  if (service.length === 0) return 0;
  const spellings = [route.name, ...route.paths.flatMap((path) => path.split("/").slice(-1))];
  return Math.max(
    ...spellings.map((spelling) => {
      const words = telling(spelling);
      if (words.length === 0) return 0;
      // A path runs words together: `orderotherservice` is `order`, `other` and what is common.
      const together = [...common].reduce((text, word) => text.replaceAll(word, ""), words.join(""));
      if (words.join("") === service.join("") || together === service.join("")) return 1;
      const shared = words.filter((word) => service.includes(word)).length;
      return shared / new Set([...words, ...service]).size;
    }),
  );
};
