// The name that was probably intended: the one nearest by edits among those that exist. Pure; a guess that is shown as one.

/** Undefined where nothing is near enough: more than a third of the letters would have to change, or two names are equally near. */
export const nearest = (wanted: string, existing: readonly string[]): string | undefined => {
  const ranked = existing
    .filter((name) => name !== wanted)
    .map((name) => ({ name, distance: distanceOf(wanted, name) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [first, second] = ranked;
  if (first === undefined || first.distance > Math.max(1, Math.floor(wanted.length / 3))) return undefined;
  return second !== undefined && second.distance === first.distance ? undefined : first.name;
};

const maxCompared = 128;

/** Levenshtein, over the first characters of both. */
const distanceOf = (left: string, right: string): number => {
  const a = left.slice(0, maxCompared);
  const b = right.slice(0, maxCompared);
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
};
