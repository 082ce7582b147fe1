// Which fields differ between two contents: each with its path, for people and for the record of field managers. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";

/** A step into an object by a field's name, or into a list by the item that it leads to. */
export type Step = { readonly field: string } | { readonly item: Readonly<Record<string, unknown>>; readonly name: string };

export interface FieldDifference {
  /** `spec.template.spec.containers[web].image`, `data[app.conf]` */
  readonly field: string;
  readonly steps: readonly Step[];
  readonly before?: unknown;
  readonly after?: unknown;
}

export const fieldDifferences = (before: unknown, after: unknown): readonly FieldDifference[] => differences([], before, after);

const differences = (steps: readonly Step[], before: unknown, after: unknown): readonly FieldDifference[] => {
  if (jsonEqual(before, after)) return [];
  if (isPlain(before) && isPlain(after))
    return keysOf(before, after).flatMap((field) => differences([...steps, { field }], own(before, field), own(after, field)));
  const [a, b] = [itemsByName(before), itemsByName(after)];
  if (a !== undefined && b !== undefined && a.size > 0 && b.size > 0) {
    const inside = [...new Set([...a.keys(), ...b.keys()])].toSorted().flatMap((name) => {
      const [was, is] = [a.get(name), b.get(name)];
      return differences([...steps, { item: is ?? was ?? {}, name }], was, is);
    });
    // The same items in another order.
    if (inside.length > 0) return inside;
  }
  return [{ field: fieldText(steps), steps, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
};

export const fieldText = (steps: readonly Step[]): string =>
  steps.reduce((text, step) => {
    if (!("field" in step)) return `${text}[${step.name}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(step.field)) return `${text}[${step.field}]`;
    return text === "" ? step.field : `${text}.${step.field}`;
  }, "");

/** A key of a ConfigMap may be called `constructor`. */
const own = (object: Readonly<Record<string, unknown>>, field: string): unknown =>
  Object.hasOwn(object, field) ? object[field] : undefined;

const keysOf = (a: object, b: object): readonly string[] => [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted();

export const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A list whose items have names of their own, as containers, volumes, variables and subjects do, or ports: compared by name. */
const itemsByName = (value: unknown): ReadonlyMap<string, Readonly<Record<string, unknown>>> | undefined => {
  if (!Array.isArray(value) || !value.every(isPlain)) return undefined;
  const named = new Map<string, Readonly<Record<string, unknown>>>();
  for (const item of value) {
    const name = nameOf(item);
    if (name === undefined || named.has(name)) return undefined;
    named.set(name, item);
  }
  return named;
};

/** The key that identifies an item of a list. */
export const nameOf = (item: Readonly<Record<string, unknown>>): string | undefined => {
  const name = item["name"] ?? item["key"] ?? item["containerPort"] ?? item["port"] ?? item["mountPath"] ?? item["host"] ?? item["type"];
  return typeof name === "string" || typeof name === "number" ? String(name) : undefined;
};
