// The little of OpenAPI v3 that kubectl reads before it applies: that unknown fields are the server's business (fieldValidation), and the
// schemas of custom kinds. From kube-apiserver's /openapi/v3. Pure.
import { type JsonRecord, type Stored, at, recordOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";

const pathOf = ({ group, version }: Pick<Resource, "group" | "version">): string =>
  group === "" ? `api/${version}` : `apis/${group}/${version}`;

/** Undefined where the path is none of OpenAPI. */
export const openApi = (
  resources: readonly Resource[],
  pathname: string,
  definitionOf: (resource: Resource) => Stored | undefined,
): JsonRecord | undefined => {
  if (pathname === "/openapi/v3") {
    const paths = new Set(resources.map(pathOf));
    return { paths: Object.fromEntries([...paths].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])) };
  }
  const served = resources.filter((resource) => pathname === `/openapi/v3/${pathOf(resource)}`);
  if (served.length === 0) return undefined;
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.34.4" },
    paths: Object.fromEntries(served.map((resource) => [collectionPath(resource), operations(resource)])),
    components: {
      schemas: Object.fromEntries(served.map((resource) => [schemaName(resource), schemaOf(resource, definitionOf(resource))])),
    },
  };
};

const collectionPath = (resource: Resource): string =>
  `/${pathOf(resource)}/${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.plural}/{name}`;

const kindOf = ({ group, version, kind }: Resource): JsonRecord => ({ group, version, kind });

const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
}));

const operations = (resource: Resource): JsonRecord => ({
  patch: {
    parameters,
    responses: { 200: { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": kindOf(resource),
  },
});

const schemaName = ({ group, version, kind }: Resource): string =>
  [...group.split(".").toReversed(), version, kind].filter((part) => part !== "").join(".");

const schemaOf = (resource: Resource, definition: Stored | undefined): JsonRecord => {
  const version = (at(definition, "spec", "versions") as readonly unknown[] | undefined)?.find(
    (item) => at(item, "name") === resource.version,
  );
  const own = recordOf(at(version, "schema", "openAPIV3Schema"));
  return { type: "object", ...own, "x-kubernetes-group-version-kind": [kindOf(resource)] };
};
