// Which ConfigMaps a pod template reads, and when their content last changed. Pure; Secrets are never read, not even their metadata.
import type { ConfigMap, Container, PodTemplate, Volume } from "#api/kubernetes.ts";
import type { ConfigEvidence } from "#evidence/workload-evidence.ts";

export interface ConfigUse {
  readonly name: string;
  readonly readBy: readonly string[];
}

/** ConfigMaps by name, each with the containers that read it. */
export const configsRead = (template: PodTemplate): readonly ConfigUse[] => {
  const readers = new Map<string, Set<string>>();
  const note = (name: string | undefined, container: string): void => {
    if (name !== undefined && name !== "") readers.set(name, (readers.get(name) ?? new Set()).add(container));
  };
  for (const container of [...(template.spec.initContainers ?? []), ...template.spec.containers]) {
    for (const source of container.envFrom ?? []) note(source.configMapRef?.name, container.name);
    for (const variable of container.env ?? []) note(variable.valueFrom?.configMapKeyRef?.name, container.name);
    for (const volume of mountedBy(container, template.spec.volumes ?? []))
      for (const name of configMapsOf(volume)) note(name, container.name);
  }
  return [...readers].map(([name, containers]) => ({ name, readBy: [...containers] })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
};

const mountedBy = (container: Container, volumes: readonly Volume[]): readonly Volume[] => {
  const mounted = new Set(container.volumeMounts?.map((mount) => mount.name));
  return volumes.filter((volume) => mounted.has(volume.name));
};

const configMapsOf = (volume: Volume): readonly (string | undefined)[] => [
  volume.configMap?.name,
  ...(volume.projected?.sources ?? []).map((source) => source.configMap?.name),
];

export const configEvidence = (use: ConfigUse, configMap: ConfigMap | undefined): ConfigEvidence => {
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
