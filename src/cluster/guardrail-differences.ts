// Is an admission policy or binding as this version generates it? Compares content, not names. Pure; knows the API server's defaults for these two kinds.
import { canonicalJson } from "#lib/canonical-json.ts";

/** A policy or binding as it is generated, or as the API server has it. */
export interface Guardrail {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** In a few words, the first difference; undefined where there is none. */
export const guardrailDifference = (expected: Guardrail, actual: Guardrail | undefined): string | undefined => {
  const name = `${expected.kind} ${expected.metadata.name}`;
  if (actual === undefined) return `${name} does not exist`;
  if (actual.metadata.deletionTimestamp !== undefined) return `${name} is being deleted`;
  const field = firstDifference("spec", withDefaults(fieldsOf(expected.spec)), withDefaults(fieldsOf(actual.spec)));
  return field === undefined ? undefined : `${name} differs from this version's in ${field}`;
};

const matchDefaults: Fields = { namespaceSelector: {}, objectSelector: {}, matchPolicy: "Equivalent" };

/** What the API server adds to a spec that leaves it out. */
const withDefaults = (spec: Fields): Fields => ({
  ...("policyName" in spec ? {} : { failurePolicy: "Fail" }),
  ...spec,
  ...Object.fromEntries(
    ["matchConstraints", "matchResources"].flatMap((field) =>
      spec[field] == null ? [] : [[field, matchWithDefaults(fieldsOf(spec[field]))]],
    ),
  ),
});

const matchWithDefaults = (match: Fields): Fields => ({
  ...matchDefaults,
  ...match,
  ...Object.fromEntries(
    ["resourceRules", "excludeResourceRules"].flatMap((field) =>
      Array.isArray(match[field]) ? [[field, match[field].map((rule) => ({ scope: "*", ...fieldsOf(rule) }))]] : [],
    ),
  ),
});

/** The path of the first value that is not the same; an empty list and no list are the same to the API server. */
const firstDifference = (path: string, expected: unknown, actual: unknown): string | undefined => {
  if (canonicalJson(expected ?? null) === canonicalJson(actual ?? null) || (isNothing(expected) && isNothing(actual))) return undefined;
  if (Array.isArray(expected) && Array.isArray(actual)) {
    const longer = Math.max(expected.length, actual.length);
    for (let at = 0; at < longer; at += 1) {
      const found = firstDifference(`${path}[${at}]`, expected[at], actual[at]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isFields(expected) && isFields(actual)) {
    for (const key of [...new Set([...Object.keys(expected), ...Object.keys(actual)])].toSorted()) {
      const found = firstDifference(`${path}.${key}`, expected[key], actual[key]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return path;
};

const isNothing = (value: unknown): boolean => value == null || (Array.isArray(value) && value.length === 0);
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
