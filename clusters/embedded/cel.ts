// CEL as the API server offers it: expressions over JSON, compiled once, numbers as integers where JSON has whole ones. Pure.
import { Environment, EvaluationError, ParseError } from "@marcbachmann/cel-js";

import { type JsonRecord, isRecord } from "#embedded/json.ts";
import type { Schema } from "#embedded/schema.ts";

export type CelOutcome = { readonly kind: "value"; readonly value: unknown } | { readonly kind: "error"; readonly message: string };

export interface CelProgram {
  run(variables: JsonRecord): CelOutcome;
}

export interface CelProblem {
  readonly problem: string;
  /** Counted in characters from the start. */
  readonly position: number;
}

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  enableOptionalTypes: true,
  limits: { maxListElements: 10_000, maxMapEntries: 10_000 },
});

const maxPrograms = 2_000;
/** What a text compiles to depends on nothing else, and compiling is expensive: all servers of a process share the result. */
const programs = new Map<string, CelProgram | CelProblem>();

export const compileCel = (text: string): CelProgram | CelProblem => {
  let program = programs.get(text);
  if (program !== undefined) return program;
  program = compiled(text);
  if (programs.size >= maxPrograms) programs.clear();
  programs.set(text, program);
  return program;
};

/** What the server says where a text is not CEL. */
export const compileProblem = (text: string): string | undefined => {
  const program = compileCel(text);
  if (!("problem" in program)) return undefined;
  return `compilation failed: ERROR: <input>:1:${program.position + 1}: Syntax error: ${program.problem}`;
};

const compiled = (text: string): CelProgram | CelProblem => {
  try {
    const parsed = environment.parse(text);
    return { run: (variables) => evaluated(() => parsed(variables) as unknown) };
  } catch (error) {
    if (error instanceof ParseError) return { problem: error.summary, position: error.range?.start ?? 0 };
    throw error;
  }
};

const evaluated = (evaluate: () => unknown): CelOutcome => {
  try {
    return { kind: "value", value: evaluate() };
  } catch (error) {
    if (error instanceof EvaluationError) return { kind: "error", message: error.summary.replace(/^No such key/, "no such key") };
    return { kind: "error", message: error instanceof Error ? error.message : String(error) };
  }
};

/** Without a schema a whole number is an int, as for objects that are decoded dynamically. */
export const celValue = (value: unknown): unknown => {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => celValue(item));
  if (!isRecord(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined || item === null ? [] : [[key, celValue(item)]])),
  );
};

/** With a schema, as apiserver/schema/cel converts it: `number` stays a double, dates become timestamps, property names are escaped. */
export const celValueBy = (schema: Schema | undefined, value: unknown): unknown => {
  if (schema === undefined) return celValue(value);
  if (typeof value === "number") return schema.type === "number" ? value : celValue(value);
  if (typeof value === "string") return schema.format === "date-time" ? new Date(value) : value;
  if (Array.isArray(value)) return value.map((item) => celValueBy(schema.items, item));
  if (!isRecord(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const property = schema.properties?.[key];
      const name = property === undefined ? key : escapedName(key);
      const below = property ?? (isRecord(schema.additionalProperties) ? (schema.additionalProperties as Schema) : undefined);
      return item === undefined ? [] : [[name, celValueBy(below, item)]];
    }),
  );
};

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" "),
);

const escapedName = (name: string): string =>
  reserved.has(name)
    ? `__${name}__`
    : name.replaceAll("__", "__underscores__").replaceAll(".", "__dot__").replaceAll("-", "__dash__").replaceAll("/", "__slash__");
