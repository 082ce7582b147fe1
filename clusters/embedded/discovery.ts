// How clients learn what there is: /api, /apis, /version, in the old form and in the aggregated one. From apiserver's pkg/endpoints/discovery. Pure.
import { type JsonRecord } from "#embedded/json.ts";
import { type Resource, apiVersionOf } from "#embedded/resources.ts";

/** The version whose behaviour the contract has been written from. */
export const serverVersion = { major: "1", minor: "34", gitVersion: "v1.34.4" };

const legacyOrder = ["", "apps", "batch", "autoscaling", "policy"];

interface GroupVersion {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly Resource[];
}

const groupVersions = (resources: readonly Resource[]): GroupVersion[] => {
  const found = new Map<string, { group: string; version: string; resources: Resource[] }>();
  for (const resource of resources) {
    const key = `${resource.group}/${resource.version}`;
    const entry = found.get(key) ?? { group: resource.group, version: resource.version, resources: [] };
    entry.resources.push(resource);
    found.set(key, entry);
  }
  const rank = (group: string): number => (legacyOrder.includes(group) ? legacyOrder.indexOf(group) : legacyOrder.length);
  return [...found.values()].toSorted((a, b) => rank(a.group) - rank(b.group) || (a.group < b.group ? -1 : 1));
};

const groupBody = (versions: readonly GroupVersion[]): JsonRecord => {
  const list = versions.map((entry) => ({ groupVersion: apiVersionOf(entry), version: entry.version }));
  return { name: versions[0]?.group ?? "", versions: list, preferredVersion: list[0] };
};

/** Verbs of a subresource, and the kind it speaks. */
const subresourceRow = (resource: Resource, name: string): JsonRecord => {
  const row = (kind: string, verbs: readonly string[], group?: string, version?: string): JsonRecord => ({
    name: `${resource.plural}/${name}`,
    singularName: "",
    namespaced: resource.namespaced,
    ...(group === undefined ? {} : { group, version }),
    kind,
    verbs,
  });
  switch (name) {
    case "scale":
      return row("Scale", ["get", "patch", "update"], "autoscaling", "v1");
    case "eviction":
      return row("Eviction", ["create"], "policy", "v1");
    case "token":
      return row("TokenRequest", ["create"], "authentication.k8s.io", "v1");
    case "binding":
      return row("Binding", ["create"]);
    case "log":
      return row(resource.kind, ["get"]);
    case "finalize":
      return row(resource.kind, ["update"]);
    default:
      return row(resource.kind, ["get", "patch", "update"]);
  }
};

const resourceRows = (resource: Resource): JsonRecord[] => [
  {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
  },
  ...resource.subresources.map((name) => subresourceRow(resource, name)),
];

const aggregatedResource = (resource: Resource): JsonRecord => {
  const kindOf = (row: JsonRecord): JsonRecord => ({
    // Empty: those of the group it stands in.
    group: row["group"] ?? "",
    version: row["version"] ?? "",
    kind: row["kind"],
  });
  return {
    resource: resource.plural,
    // Empty group and version: those of the group it stands in.
    responseKind: { group: "", version: "", kind: resource.kind },
    scope: resource.namespaced ? "Namespaced" : "Cluster",
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.subresources.length === 0
      ? {}
      : {
          subresources: resource.subresources.map((name) => {
            const row = subresourceRow(resource, name);
            return { subresource: name, responseKind: kindOf(row), verbs: row["verbs"] };
          }),
        }),
  };
};

const aggregated = (versions: readonly GroupVersion[]): JsonRecord => {
  const groups = [...new Set(versions.map(({ group }) => group))];
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group === "" ? {} : { name: group }), creationTimestamp: null },
      versions: versions
        .filter((entry) => entry.group === group)
        .map((entry) => ({ version: entry.version, resources: entry.resources.map(aggregatedResource), freshness: "Current" })),
    })),
  };
};

export interface Discovered {
  readonly body: JsonRecord;
  readonly contentType?: string;
}

const aggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Undefined where the path is none of discovery. */
export const discover = (resources: readonly Resource[], pathname: string, accept: string): Discovered | undefined => {
  const all = groupVersions(resources);
  const path = pathname.replace(/\/$/, "");
  const wantsAggregated =
    accept.includes("as=APIGroupDiscoveryList") && /g=apidiscovery\.k8s\.io/.test(accept) && /v=v2(?!beta)/.test(accept);
  const core = all.filter(({ group }) => group === "");
  const named = all.filter(({ group }) => group !== "");
  if (path === "/version") {
    return {
      body: {
        ...serverVersion,
        gitCommit: "",
        gitTreeState: "clean",
        buildDate: "1970-01-01T00:00:00Z",
        goVersion: "",
        compiler: "",
        platform: "linux/amd64",
      },
    };
  }
  if (path === "/api" || path === "/apis") {
    if (wantsAggregated) return { body: aggregated(path === "/api" ? core : named), contentType: aggregatedType };
    if (path === "/api") return { body: { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] } };
    const groups = [...new Set(named.map(({ group }) => group))];
    return {
      body: {
        kind: "APIGroupList",
        apiVersion: "v1",
        groups: groups.map((group) => groupBody(named.filter((entry) => entry.group === group))),
      },
    };
  }
  const found = all.find((entry) => path === (entry.group === "" ? `/api/${entry.version}` : `/apis/${entry.group}/${entry.version}`));
  if (found !== undefined) {
    const body = {
      kind: "APIResourceList",
      ...(found.group === "" ? {} : { apiVersion: "v1" }),
      groupVersion: apiVersionOf(found),
      resources: found.resources.flatMap(resourceRows),
    };
    return { body };
  }
  const group = named.filter((entry) => path === `/apis/${entry.group}`);
  return group.length === 0 ? undefined : { body: { kind: "APIGroup", apiVersion: "v1", ...groupBody(group) } };
};
