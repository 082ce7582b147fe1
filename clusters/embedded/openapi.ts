// The part of OpenAPI v3 that kubectl reads before it applies: a patch of any kind may ask for the validation of fields. Pure.
import { apiVersionOf } from "#api/object.ts";
import { type JsonRecord } from "#embedded/json.ts";
import { type Resource } from "#embedded/resources.ts";

const pathOf = (resource: Resource): string => `${resource.group === "" ? "api" : "apis"}/${apiVersionOf(resource)}`;

/** Undefined where the path is not one of OpenAPI. */
export const openApi = (resources: readonly Resource[], pathname: string): JsonRecord | undefined => {
  if (pathname === "/openapi/v3") {
    const paths = new Set(resources.map(pathOf));
    return { paths: Object.fromEntries([...paths].map((path) => [path, { serverRelativeURL: `/openapi/v3/${path}` }])) };
  }
  const served = resources.filter((resource) => pathname === `/openapi/v3/${pathOf(resource)}`);
  if (served.length === 0) return undefined;
  const info = { title: "Kubernetes", version: "v1.34.4" };
  return {
    openapi: "3.0.0",
    info,
    paths: Object.fromEntries(served.map((resource) => [objectPath(resource), { patch: patchOf(resource) }])),
  };
};

const objectPath = (resource: Resource): string =>
  `/${pathOf(resource)}/${resource.namespaced ? "namespaces/{namespace}/" : ""}${resource.plural}/{name}`;

const parameters = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
}));

const patchOf = ({ group, version, kind }: Resource): JsonRecord => ({
  parameters,
  responses: { 200: { description: "OK" } },
  "x-kubernetes-action": "patch",
  "x-kubernetes-group-version-kind": { group, version, kind },
});
