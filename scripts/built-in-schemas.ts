// `node scripts/with-dependencies.mjs scripts/built-in-schemas.ts` writes the schemas of the embedded cluster's built-in kinds: the OpenAPI of
// a real API server, without descriptions, operations and the kinds that the embedded cluster does not serve.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiVersionOf } from "#api/object.ts";
import { builtInResources } from "#embedded/resources.ts";
import { systemClock } from "#lib/system-clock.ts";
import { connect } from "#kube/connect.ts";
import { loadKubeconfig } from "#kube/kubeconfig.ts";
import { localMachine } from "#kube/local-machine.ts";
import { startControlPlane } from "#testbed/control-plane.ts";
import { staticDefaults } from "./built-in-defaults.ts";

type Json = Readonly<Record<string, unknown>>;
type Definitions = Readonly<Record<string, Json>>;

const served = builtInResources.filter(({ storage }) => storage === "builtin");
export const schemaPaths = [
  ...new Set(served.map((resource) => `/openapi/v3/${resource.group === "" ? "api" : "apis"}/${apiVersionOf(resource)}`)),
];

const refPrefix = "#/components/schemas/";
/** `core.v1.Pod`. */
const shortName = (name: string): string =>
  name.replace(/^io\.k8s\.(api|apimachinery\.pkg\.apis|apiextensions-apiserver\.pkg\.apis)\./, "");

const anything = { "x-kubernetes-preserve-unknown-fields": true };
/** Types of Go that have a JSON form of their own, and the schemas inside a definition. */
const special: Readonly<Record<string, Json>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { format: "quantity", "x-kubernetes-int-or-string": true },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { "x-kubernetes-int-or-string": true },
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": anything,
  "io.k8s.apimachinery.pkg.runtime.RawExtension": anything,
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps": anything,
};

const kept = ["type", "enum", "x-kubernetes-list-map-keys", "x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy"];
/** Lists without a type of their own are atomic, records are granular. */
const keptValues: Readonly<Record<string, unknown>> = {
  "x-kubernetes-list-type": "set",
  "x-kubernetes-map-type": "atomic",
  format: "date-time",
};

const isEmpty = (value: unknown): boolean => value === "" || value === undefined;

/** `required` names what the server insists on: a field that Go writes with its zero value is never absent. */
const trimmed = (schema: Json): Json => {
  const [reference] = [schema, ...((schema["allOf"] ?? []) as Json[])].flatMap((each) =>
    typeof each["$ref"] === "string" ? [each["$ref"]] : [],
  );
  const own = reference?.slice(refPrefix.length) ?? "";
  const properties = Object.entries((schema["properties"] ?? {}) as Definitions);
  const isAbsentable = (name: string): boolean => properties.some(([key, property]) => key === name && property["default"] === undefined);
  const required = ((schema["required"] ?? []) as string[]).filter(isAbsentable);
  return {
    ...Object.fromEntries(kept.flatMap((key) => (schema[key] === undefined ? [] : [[key, schema[key]]]))),
    ...Object.fromEntries(Object.entries(keptValues).filter(([key, value]) => schema[key] === value)),
    ...(isEmpty(schema["default"]) ? {} : { default: schema["default"] }),
    ...(own === "" ? {} : (special[own] ?? { $ref: shortName(own) })),
    ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties.map(([key, property]) => [key, field(property)])) }),
    ...(required.length === 0 ? {} : { required }),
    ...(schema["items"] === undefined ? {} : { items: { ...trimmed(schema["items"] as Json), default: undefined } }),
    ...(schema["additionalProperties"] === undefined
      ? {}
      : { additionalProperties: { ...trimmed(schema["additionalProperties"] as Json), default: undefined } }),
  };
};

/** Go leaves out an empty slice or map. */
const field = (property: Json): Json => {
  const own = trimmed(property);
  return own["type"] === "array" || own["additionalProperties"] !== undefined ? { ...own, omitEmpty: true } : own;
};

/** A default of null may be null. */
const withDefaults = (schema: Json | undefined, defaults: Json = {}): Json | undefined => {
  const fields = Object.entries((schema?.["properties"] ?? {}) as Definitions).map(([name, property]) => {
    const value = defaults[name] === null ? { default: null, nullable: true } : { default: defaults[name] };
    return [name, name in defaults ? { ...property, ...value } : property] as const;
  });
  return schema?.["properties"] === undefined ? schema : { ...schema, properties: Object.fromEntries(fields) };
};

const referencesIn = (value: unknown): readonly string[] => {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (key === "$ref" && typeof item === "string" ? [item] : referencesIn(item)));
};

/** The text of the file: one line for each definition. */
export const builtInSchemas = (documents: readonly unknown[]): string => {
  const all = new Map<string, Json>();
  const kinds = new Map<string, string>();
  for (const document of documents)
    for (const [name, schema] of Object.entries((document as { components: { schemas: Definitions } }).components.schemas)) {
      all.set(shortName(name), trimmed(schema));
      for (const { group, version, kind } of (schema["x-kubernetes-group-version-kind"] ?? []) as {
        group: string;
        version: string;
        kind: string;
      }[])
        kinds.set(`${group}/${version}/${kind}`, shortName(name));
    }
  const used = new Set<string>();
  const use = (name: string): void => {
    if (used.has(name)) return;
    used.add(name);
    for (const below of referencesIn(all.get(name))) use(below);
  };
  const roots = served.map(({ group, version, kind }) => [`${group}/${kind}`, kinds.get(`${group}/${version}/${kind}`) ?? ""] as const);
  for (const [, name] of roots) use(name);
  const lines = (entries: readonly (readonly [string, unknown])[]): string =>
    entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",\n");
  const definitions = [...used].toSorted().map((name) => [name, withDefaults(all.get(name), staticDefaults[name])] as const);
  return `{"kinds":{\n${lines(roots)}},\n"definitions":{\n${lines(definitions)}}}\n`;
};

if (import.meta.main) {
  const plane = await startControlPlane();
  const config = await loadKubeconfig(
    { path: plane.kubeconfigPath },
    undefined,
    localMachine({ clock: systemClock, env: {}, home: "/nonexistent" }),
  );
  const kube = connect(config, { clock: systemClock, random: Math.random });
  const documents = await Promise.all(schemaPaths.map((path) => kube.request("GET", path)));
  writeFileSync(join(import.meta.dirname, "../clusters/embedded/built-in-schemas.json"), builtInSchemas(documents));
  kube.close();
  await plane.stop();
}
