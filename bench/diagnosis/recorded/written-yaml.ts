// Objects out of recorded YAML: what `-o yaml` shows, and the manifest an application was written as. Secrets are never read from here.
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "#api/object.ts";
import { uidOf } from "#bench/diagnosis/recorded/resource-types.ts";

const longest = 512 * 1024;

/** Documents that are objects; anything else is left out. */
export const documentsOf = (text: string): readonly KubeObject[] => {
  if (text.length > longest) return [];
  return parseAllDocuments(text, { uniqueKeys: false }).flatMap((document) => {
    if (document.errors.length > 0) return [];
    const value: unknown = document.toJS({ maxAliasCount: 10 });
    return isObject(value) && value.kind !== "Secret" ? [value] : [];
  });
};

/** One object as the server gave it, under the uid that the other recordings know it by. */
export const liveObject = (text: string): KubeObject | undefined => {
  const [object] = documentsOf(text);
  if (object === undefined) return undefined;
  const { annotations = {}, ownerReferences, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: {
      ...metadata,
      resourceVersion: metadata.resourceVersion ?? "1",
      creationTimestamp: metadata.creationTimestamp ?? "",
      uid: uidOf(object.kind, metadata.namespace, metadata.name),
      annotations: Object.fromEntries(
        Object.entries(annotations).filter(([key]) => key !== "kubectl.kubernetes.io/last-applied-configuration"),
      ),
      ...(ownerReferences === undefined
        ? {}
        : { ownerReferences: ownerReferences.map((owner) => ({ ...owner, uid: uidOf(owner.kind, metadata.namespace, owner.name) })) }),
    },
  };
};

const isObject = (value: unknown): value is KubeObject => {
  if (typeof value !== "object" || value === null) return false;
  const { apiVersion, kind, metadata } = value as { apiVersion?: unknown; kind?: unknown; metadata?: { name?: unknown } | null };
  return typeof apiVersion === "string" && typeof kind === "string" && typeof metadata?.name === "string";
};
