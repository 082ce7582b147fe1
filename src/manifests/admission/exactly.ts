// CEL that holds where an object is exactly as expected: every field that is not named has to be absent. Pure.
import { celList, celText } from "#manifests/admission/policy.ts";

/** A value is compared; a map is compared key by key, a list item by item. */
export type Expected = string | number | boolean | Condition | Optional | readonly Expected[] | { readonly [key: string]: Expected };

/** Any value that a condition of its path allows. */
export interface Condition {
  readonly where: (path: string) => string;
}
/** May be absent: what the API server fills in by itself. */
export interface Optional {
  readonly optional: Expected;
}

export const where = (condition: (path: string) => string): Condition => ({ where: condition });
export const optional = (expected: Expected): Optional => ({ optional: expected });
export const anything = where(() => "true");

const isCondition = (expected: Expected): expected is Condition => typeof expected === "object" && "where" in expected;
const isOptional = (expected: Expected): expected is Optional => typeof expected === "object" && "optional" in expected;
const isList = (expected: Expected): expected is readonly Expected[] => Array.isArray(expected);

export const exactly = (path: string, expected: Expected, depth = 0): string => {
  if (typeof expected === "string") return `${path} == ${celText(expected)}`;
  if (typeof expected !== "object") return `${path} == ${expected}`;
  if (isCondition(expected)) return expected.where(path);
  if (isOptional(expected)) return exactly(path, expected.optional, depth);
  if (isList(expected))
    return [`size(${path}) == ${expected.length}`, ...expected.map((item, index) => exactly(`${path}[${index}]`, item, depth + 1))].join(
      " && ",
    );
  const k = `k${depth}`;
  return [
    `${path}.all(${k}, ${k} in ${celList(Object.keys(expected).toSorted())})`,
    ...Object.entries(expected).map(([key, value]) => {
      const [there, below] = fieldOf(path, key);
      const same = exactly(below, value, depth + 1);
      return isOptional(value) ? `(!(${there}) || (${same}))` : `${there} && ${same}`;
    }),
  ].join(" && ");
};

/** Whether it is there, and the field itself: a key that is no identifier, such as a label, is asked for by index. */
const fieldOf = (path: string, key: string): readonly [string, string] => [
  `${celText(key)} in ${path}`,
  /^[a-zA-Z]\w*$/.test(key) ? `${path}.${key}` : `${path}[${celText(key)}]`,
];
