// The interface of the Gateway as an OpenAPI 3.1 document: served at its own path, and written to docs/reference. Pure.
import * as z from "zod";
import { SignalResults } from "#api/rest/gateway.ts";
import { GenericSignal, GenericSignals, openapiPath } from "#api/rest/generic-signal.ts";
import { answers } from "#services/gateway/answers.ts";
import { signalSources } from "#services/gateway/sources/registry.ts";

const schemaOf = (type: z.ZodType): object => {
  const { $schema: _same, ...schema } = z.toJSONSchema(type, { target: "draft-2020-12" });
  return schema;
};

const problem = (description: string): object => ({
  description,
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});

export const openapiDocument = (): object => ({
  openapi: "3.1.0",
  info: { title: "Kintsugi Gateway", version: "v1", description: "Takes alerts. Each path takes the deliveries of one kind of sender." },
  components: {
    securitySchemes: { token: { type: "http", scheme: "bearer", description: "A token of this cluster for the audience kintsugi." } },
    schemas: {
      GenericSignal: schemaOf(GenericSignal),
      GenericSignals: {
        ...schemaOf(GenericSignals),
        properties: {
          version: { const: "1" },
          signals: { type: "array", maxItems: 10_000, items: { $ref: "#/components/schemas/GenericSignal" } },
        },
      },
      SignalResults: schemaOf(SignalResults),
      Problem: {
        type: "object",
        properties: {
          ...Object.fromEntries(["type", "title", "detail", "code"].map((name) => [name, { type: "string" }])),
          status: { type: "integer" },
          errors: { type: "array", items: { type: "object", properties: { pointer: { type: "string" }, detail: { type: "string" } } } },
        },
      },
    },
  },
  security: [{ token: [] }],
  paths: {
    ...Object.fromEntries(
      signalSources.map(({ name, path, body }) => [
        path,
        {
          post: {
            summary: `Takes ${body}`,
            requestBody: {
              required: true,
              content: {
                "application/json": { schema: name === "signal" ? { $ref: "#/components/schemas/GenericSignals" } : { type: "object" } },
              },
            },
            responses: {
              202: {
                description: "Every alert is stored or has its reason: one result for each, in the order of the body.",
                content: { "application/json": { schema: { $ref: "#/components/schemas/SignalResults" } } },
              },
              ...Object.fromEntries(answers.map(([status, description]) => [status, problem(description)])),
            },
          },
        },
      ]),
    ),
    [openapiPath]: { get: { summary: "This document", security: [], responses: { 200: { description: "OpenAPI 3.1" } } } },
  },
});
