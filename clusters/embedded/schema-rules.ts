// The rules of a schema in CEL: x-kubernetes-validations of CustomResourceDefinitions, with the messages of apiextensions-apiserver. Pure.
import { jsonEqual } from "#lib/canonical-json.ts";
import { celValueBy, compileCel, compileProblem } from "#embedded/cel.ts";
import { isRecord, listOf, recordOf } from "#embedded/json.ts";
import { type Schema, fieldSchema } from "#embedded/schema.ts";
import { type FieldError, invalidValue } from "#embedded/status.ts";

export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: FieldError["reason"];
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

/** The rules that cannot be read, each with its place in the definition. */
export const unreadableRules = (schema: Schema, path: string): FieldError[] => [
  ...rulesOf(schema).flatMap((rule, index) => {
    const why = compileProblem(rule.rule);
    const { message = "", messageExpression = "", reason = null, fieldPath = "", optionalOldSelf = null } = rule;
    const shown = {
      Rule: rule.rule,
      Message: message,
      MessageExpression: messageExpression,
      Reason: reason,
      FieldPath: fieldPath,
      OptionalOldSelf: optionalOldSelf,
    };
    return why === undefined ? [] : [invalidValue(`${path}.x-kubernetes-validations[${index}].rule`, shown, why)];
  }),
  ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => unreadableRules(property, `${path}.properties[${name}]`)),
  ...(schema.items === undefined ? [] : unreadableRules(schema.items, `${path}.items`)),
  ...(isRecord(schema.additionalProperties) ? unreadableRules(schema.additionalProperties as Schema, `${path}.additionalProperties`) : []),
];

const rulesOf = (schema: Schema): readonly ValidationRule[] => listOf(schema["x-kubernetes-validations"]) as ValidationRule[];

export const hasRules = (schema: Schema): boolean =>
  rulesOf(schema).length > 0 ||
  Object.values(schema.properties ?? {}).some(hasRules) ||
  (schema.items !== undefined && hasRules(schema.items)) ||
  (isRecord(schema.additionalProperties) && hasRules(schema.additionalProperties as Schema));

/** The rules of a schema on a value; rules that look at `oldSelf` only where there is an old value. */
export const ruleErrors = (schema: Schema, value: unknown, old: unknown, path = ""): FieldError[] => {
  if (value === undefined || value === null) return [];
  const errors = rulesOf(schema).flatMap((rule) => brokenRule(schema, rule, value, old, path));
  if (Array.isArray(value)) {
    const keys = listOf(schema["x-kubernetes-list-map-keys"]).map(String);
    (value as unknown[]).forEach((item, index) => {
      // Items of other lists have no counterpart: nothing says which old one became which new one.
      const before = keys.length === 0 ? undefined : listOf(old).find((other) => sameKeys(keys, item, other));
      errors.push(...ruleErrors(schema.items ?? {}, item, before, `${path}[${index}]`));
    });
  } else if (isRecord(value)) {
    for (const [name, item] of Object.entries(value)) {
      const below = fieldSchema(schema, name);
      if (below !== undefined) errors.push(...ruleErrors(below, item, recordOf(old)[name], path === "" ? name : `${path}.${name}`));
    }
  }
  return errors;
};

const sameKeys = (keys: readonly string[], a: unknown, b: unknown): boolean =>
  keys.every((key) => jsonEqual(recordOf(a)[key], recordOf(b)[key]));

const brokenRule = (schema: Schema, rule: ValidationRule, value: unknown, old: unknown, path: string): FieldError[] => {
  const isTransition = /\boldSelf\b/.test(rule.rule);
  if (isTransition && old === undefined && rule.optionalOldSelf !== true) return [];
  const program = compileCel(rule.rule);
  const field = `${path}${rule.fieldPath ?? ""}`;
  const broken = (detail: string): FieldError[] => [
    {
      reason: rule.reason ?? "FieldValueInvalid",
      field,
      message:
        rule.reason === "FieldValueForbidden"
          ? `Forbidden: ${detail}`
          : rule.reason === "FieldValueRequired"
            ? `Required value: ${detail}`
            : `Invalid value: ${shownValue(schema)}: ${detail}`,
    },
  ];
  if ("problem" in program) return broken(`rule compiled with error: ${program.problem}`);
  const variables = { self: celValueBy(schema, value), ...(old === undefined ? {} : { oldSelf: celValueBy(schema, old) }) };
  const outcome = program.run(variables);
  if (outcome.kind === "error") return broken(`rule: ${rule.rule} evaluated to error: ${outcome.message}`);
  if (outcome.value === true) return [];
  const said = rule.messageExpression === undefined ? undefined : compileCel(rule.messageExpression);
  const message = said === undefined || "problem" in said ? undefined : said.run(variables);
  if (message?.kind === "value" && typeof message.value === "string" && message.value !== "") return broken(message.value);
  return broken(rule.message ?? `failed rule: ${rule.rule.trim()}`);
};

/** The server names the type instead of repeating the value. */
const shownValue = (schema: Schema): string => JSON.stringify(schema.type ?? "object");
