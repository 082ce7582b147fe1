// The part of JSONPath that printer columns use: `.a.b`, `[0]`, `[*]`. Pure; what is not there is an empty list, never an error.

export const valuesAt = (value: unknown, path: string): readonly unknown[] => {
  let values: readonly unknown[] = [value];
  for (const [, name, index] of path.matchAll(/\.((?:[^.[\\]|\\.)+)|\[(\*|\d+)\]/g))
    values = values.flatMap((each) => (name !== undefined ? fieldOf(each, name.replaceAll("\\", "")) : itemsOf(each, index ?? "*")));
  return values.filter((each) => each !== undefined && each !== null);
};

const fieldOf = (value: unknown, name: string): readonly unknown[] =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];

const itemsOf = (value: unknown, index: string): readonly unknown[] =>
  !Array.isArray(value) ? [] : index === "*" ? value : value.slice(Number(index), Number(index) + 1);
