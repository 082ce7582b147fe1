// CEL that holds where two objects differ at the given paths only. Pure. A list is compared item by item, so an item is never added or removed.
import { celList, celText } from "#manifests/admission/policy.ts";

/** From keys to what is below them; `*` is every item of a list. A leaf may be anything, or absent. */
interface Tree {
  readonly [key: string]: Tree | "free";
}

/** Longer lists must be the same as a whole: CEL has no loop over positions. */
const longestList = 128;

// `paths` are JSON pointers in which * is every item of a list. Both objects must be maps.
export const sameOutside = (before: string, after: string, paths: readonly string[]): string => sameMap(before, after, treeOf(paths), 0);

const treeOf = (paths: readonly string[]): Tree => {
  const tree: Record<string, Tree | "free"> = {};
  const rest = new Map<string, string[]>();
  for (const path of paths) {
    const [, key = "", ...below] = path.split("/");
    if (below.length === 0) tree[key] = "free";
    else rest.set(key, [...(rest.get(key) ?? []), `/${below.join("/")}`]);
  }
  for (const [key, below] of rest) if (tree[key] === undefined) tree[key] = treeOf(below);
  return tree;
};

const sameMap = (before: string, after: string, tree: Tree, depth: number): string => {
  const keys = Object.keys(tree).toSorted();
  const k = `k${depth}`;
  const named = celList(keys);
  return [
    `${before}.all(${k}, ${k} in ${named} || (${k} in ${after} && ${after}[${k}] == ${before}[${k}]))`,
    `${after}.all(${k}, ${k} in ${named} || ${k} in ${before})`,
    ...keys.flatMap((key) => {
      const below = tree[key];
      return below === undefined || below === "free" ? [] : [sameField(before, after, key, below, depth + 1)];
    }),
  ].join(" && ");
};

const sameField = (before: string, after: string, key: string, tree: Tree, depth: number): string => {
  const [was, is] = [`${before}.${key}`, `${after}.${key}`];
  const [there, stays] = [before, after].map((object) => `(${celText(key)} in ${object})`);
  const items = tree["*"];
  const same = items === undefined ? sameMap(was, is, tree, depth) : sameList(was, is, items, depth);
  return `${there} == ${stays} && (!${there} || ${was} == ${is} || (${same}))`;
};

const sameList = (before: string, after: string, items: Tree | "free", depth: number): string => {
  const i = `i${depth}`;
  const same = items === "free" ? "true" : sameMap(`${before}[${i}]`, `${after}[${i}]`, items, depth + 1);
  const size = `size(${before})`;
  return `${size} == size(${after}) && ${size} <= ${longestList} && variables.positions.all(${i}, ${i} >= ${size} || (${same}))`;
};

/** The variable that comparisons of lists count with. */
export const positions = { name: "positions", expression: `[${Array.from({ length: longestList }, (_, index) => index).join(", ")}]` };
