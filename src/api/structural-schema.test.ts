import { expect, test } from "vitest";
import * as z from "zod";
import { kinds } from "#api/kinds/registry.ts";
import { type StructuralSchema, structuralSchema } from "#api/structural-schema.ts";

test.each<[string, z.ZodType, RegExp]>([
  ["a string without a bound", z.object({ a: z.string() }), /\.a: a string without maxLength/],
  ["a list without a bound", z.object({ a: z.array(z.int()) }), /\.a: a list without maxItems/],
  ["a map without a bound", z.object({ a: z.record(z.string(), z.int()) }), /\.a: a map without maxProperties/],
  ["an unbounded string inside a list", z.object({ a: z.array(z.string()).max(3) }), /\.a\[\*\]: a string without maxLength/],
  ["a union", z.object({ a: z.union([z.int(), z.boolean()]) }), /anyOf/],
  ["a field of any type", z.object({ a: z.unknown() }), /\.a: has no type/],
])("%s is refused, because the API server could not bound or check it", (_, schema, message) => {
  expect(() => structuralSchema(schema)).toThrow(message);
});

test("integers are 64 bit, and JavaScript's own bounds are not written down", () => {
  expect(structuralSchema(z.object({ n: z.int() })).properties?.["n"]).toEqual({ type: "integer", format: "int64" });
  expect(structuralSchema(z.object({ n: z.int().min(1).max(9) })).properties?.["n"]).toEqual({
    type: "integer",
    format: "int64",
    minimum: 1,
    maximum: 9,
  });
});

test("a field with a default may be left out, and the server fills it in", () => {
  const schema = structuralSchema(z.object({ a: z.boolean().default(true), b: z.boolean() }));
  expect(schema.required).toEqual(["b"]);
  expect(schema.properties?.["a"]?.["default"]).toBe(true);
});

const undescribed = (schema: StructuralSchema, path: string): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, child]) => (child.description === undefined ? [`${path}.${name}`] : []));

test.each(kinds.map((kind) => [kind.kind, kind] as const))(
  "%s: kubectl explain has a sentence on every field of spec and status",
  (_, kind) => {
    expect([...undescribed(structuralSchema(kind.spec), "spec"), ...undescribed(structuralSchema(kind.status), "status")]).toEqual([]);
  },
);

test("every status field is optional, so that a first patch is valid", () => {
  for (const kind of kinds) expect(structuralSchema(kind.status).required ?? [], kind.kind).toEqual([]);
});
