// The groups, versions and resources that the server serves: /api, /apis and /version, in the older form that every client reads. From
// apiserver's pkg/endpoints/discovery. Pure.
import { apiVersionOf } from "#api/object.ts";
import { type JsonRecord } from "#embedded/json.ts";
import { type Resource, type Subresource } from "#embedded/resources.ts";

/** The version that the contract suite runs against. */
export const serverVersion = { major: "1", minor: "34", gitVersion: "v1.34.4" };

const verbs = ["create", "delete", "get", "list", "patch", "update", "watch"];

/** The verbs of each subresource, and its kind where that differs from the object's. */
const subresources: Readonly<Record<Subresource, JsonRecord>> = {
  scale: { kind: "Scale", group: "autoscaling", version: "v1", verbs: ["get", "patch", "update"] },
  eviction: { kind: "Eviction", group: "policy", version: "v1", verbs: ["create"] },
  token: { kind: "TokenRequest", group: "authentication.k8s.io", version: "v1", verbs: ["create"] },
  binding: { kind: "Binding", verbs: ["create"] },
  log: { verbs: ["get"] },
  finalize: { verbs: ["update"] },
  ephemeralcontainers: { verbs: ["get", "patch", "update"] },
  status: { verbs: ["get", "patch", "update"] },
};

const rowsOf = ({ plural, singular, namespaced, kind, shortNames, categories, storage, ...resource }: Resource): JsonRecord[] => [
  {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: storage === "virtual" ? ["create"] : verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  },
  ...resource.subresources.map((each) => ({ name: `${plural}/${each}`, singularName: "", namespaced, kind, ...subresources[each] })),
];

/** Undefined where the path is not one of discovery. */
export const discover = (resources: readonly Resource[], pathname: string): JsonRecord | undefined => {
  const path = pathname.replace(/\/$/, "");
  if (path === "/version") return { ...serverVersion, platform: "linux/amd64" };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  const versions = [...new Set(resources.map(apiVersionOf))];
  if (path === "/apis") {
    const groups = versions.flatMap((groupVersion) => {
      const [name, version] = groupVersion.split("/");
      return version === undefined ? [] : [{ name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } }];
    });
    return { kind: "APIGroupList", apiVersion: "v1", groups };
  }
  const groupVersion = versions.find((each) => path === (each.includes("/") ? `/apis/${each}` : `/api/${each}`));
  if (groupVersion === undefined) return undefined;
  const served = resources.filter((resource) => apiVersionOf(resource) === groupVersion);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: served.flatMap(rowsOf) };
};
