// Which lists of built-in objects are maps by a key: x-kubernetes-patch-merge-key and x-kubernetes-list-map-keys of the Kubernetes API. Data only.

export interface ListKeys {
  /** Of a strategic merge patch. */
  readonly merge: string;
  /** Of server-side apply. */
  readonly map: readonly string[];
}

const byName: ListKeys = { merge: "name", map: ["name"] };

const table: Readonly<Record<string, ListKeys>> = {
  containers: byName,
  initContainers: byName,
  ephemeralContainers: byName,
  env: byName,
  imagePullSecrets: byName,
  secrets: byName,
  volumes: byName,
  volumeMounts: { merge: "mountPath", map: ["mountPath"] },
  volumeDevices: { merge: "devicePath", map: ["devicePath"] },
  hostAliases: { merge: "ip", map: ["ip"] },
  conditions: { merge: "type", map: ["type"] },
  ownerReferences: { merge: "uid", map: ["uid"] },
  topologySpreadConstraints: { merge: "topologyKey", map: ["topologyKey", "whenUnsatisfiable"] },
  validations: { merge: "expression", map: ["expression"] },
  matchConditions: byName,
  variables: byName,
};

/** Undefined for a list that is replaced whole. */
export const listKeysOf = (path: readonly string[]): ListKeys | undefined => {
  const field = path.at(-1) ?? "";
  if (field === "ports") {
    if (path.at(-2) === "containers" || path.at(-2) === "initContainers")
      return { merge: "containerPort", map: ["containerPort", "protocol"] };
    return path.at(-2) === "spec" ? { merge: "port", map: ["port", "protocol"] } : undefined;
  }
  return Object.hasOwn(table, field) ? table[field] : undefined;
};

/** Lists of plain values that are sets. */
export const isSet = (path: readonly string[]): boolean => path.join(".") === "metadata.finalizers";
