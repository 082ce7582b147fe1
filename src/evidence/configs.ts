// Which ConfigMaps a pod template reads, and when their content last changed. Pure; Secrets are never read, not even their metadata.
import type { ConfigMap, PodTemplate } from "#api/kubernetes.ts";
import { templateReferences } from "#cluster/template-references.ts";
import type { ObservedChange } from "#evidence/evidence.ts";

export interface ConfigUse {
  readonly name: string;
  /** Names of the containers that read it. */
  readonly readBy: readonly string[];
}

export interface ConfigState extends ConfigUse {
  readonly state: "found" | "missing" | "unread";
  readonly createdAt?: string;
  /** When its content last changed, by the record of its field managers; absent where they do not say. */
  readonly editedAt?: string;
  readonly editedBy?: string;
  readonly keys: readonly string[];
  /** What the change journal saw change in its content; redacted. */
  readonly changes?: readonly ObservedChange[];
}

/** ConfigMaps by name, each with the containers that read it. */
export const configsRead = (template: PodTemplate): readonly ConfigUse[] => {
  const readers = new Map<string, Set<string>>();
  for (const { kind, name, containers } of templateReferences(template))
    if (kind === "ConfigMap" && containers.length > 0) readers.set(name, new Set([...(readers.get(name) ?? []), ...containers]));
  return [...readers].map(([name, containers]) => ({ name, readBy: [...containers] })).toSorted((x, y) => (x.name < y.name ? -1 : 1));
};

export const configState = (use: ConfigUse, configMap: ConfigMap | undefined): ConfigState => {
  if (configMap === undefined) return { ...use, state: "missing", keys: [] };
  const edit = lastEdit(configMap);
  return {
    ...use,
    state: "found",
    createdAt: configMap.metadata.creationTimestamp,
    ...(edit?.time === undefined ? {} : { editedAt: edit.time }),
    ...(edit?.manager === undefined ? {} : { editedBy: edit.manager }),
    keys: Object.keys({ ...configMap.data, ...configMap.binaryData })
      .toSorted()
      .slice(0, 50),
  };
};

/** The newest entry that owns content: a manager that only labels the object has not edited it. */
const lastEdit = (configMap: ConfigMap): { readonly time?: string; readonly manager?: string } | undefined =>
  (configMap.metadata.managedFields ?? [])
    .filter((entry) => entry.time !== undefined && ownsContent((entry as { fieldsV1?: unknown }).fieldsV1))
    .toSorted((a, b) => ((a.time ?? "") < (b.time ?? "") ? 1 : -1))[0];

const ownsContent = (fields: unknown): boolean =>
  typeof fields === "object" && fields !== null && ("f:data" in fields || "f:binaryData" in fields);
