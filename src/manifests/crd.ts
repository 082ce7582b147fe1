// The CustomResourceDefinition of a kind. Pure; the kinds of src/api are the one source.
import type { Kind } from "#api/define-kind.ts";
import { type StructuralSchema, structuralSchema } from "#api/structural-schema.ts";
import type { Manifest } from "#manifests/manifest.ts";

export const crdName = (kind: Pick<Kind, "plural" | "group">): string => `${kind.plural}.${kind.group}`;

export const crdOf = (kind: Kind): Manifest => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: crdName(kind) },
  spec: {
    group: kind.group,
    scope: "Namespaced",
    names: {
      kind: kind.kind,
      listKind: `${kind.kind}List`,
      plural: kind.plural,
      singular: kind.kind.toLowerCase(),
      shortNames: [kind.shortName],
      categories: ["kintsugi"],
    },
    versions: [
      {
        name: kind.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: kind.columns,
        schema: {
          openAPIV3Schema: {
            type: "object",
            description: kind.description,
            required: ["spec"],
            properties: {
              spec: { ...structuralSchema(kind.spec), ...immutability(kind) },
              status: structuralSchema(kind.status),
            },
          },
        },
      },
    ],
  },
});

/** CEL transition rules: what was decided at creation stays. One rule a field, so that the API server's message names it. */
const immutability = (kind: Kind): StructuralSchema => {
  const { mutable } = kind;
  if (mutable === "all") return {};
  const { required = [], properties = {} } = structuralSchema(kind.spec);
  const rules = Object.keys(properties)
    .filter((field) => !mutable.includes(field))
    .map((field) => ({
      rule: required.includes(field)
        ? `self.${field} == oldSelf.${field}`
        : `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
      message: `spec.${field} is immutable`,
    }));
  return { "x-kubernetes-validations": rules };
};
