// An object of the API server as evidence keeps it: bounded, without secrets, without what no cause reads. Pure; the values of a Secret never pass.
import type { KubeObject } from "#api/object.ts";
import { hiddenLiteral, isTelling } from "#lib/redact/literal.ts";
import { mark } from "#lib/redact/spans.ts";
import { isSecretArgument, isSecretName, isSecretVariable } from "#lib/redact/structure.ts";
import { cleanMessage } from "#evidence/text.ts";

export const trimBounds = {
  textLength: 2048,
  annotationLength: 1024,
  annotations: 64,
  items: 500,
  depth: 24,
  /** A ConfigMap's values: one file, and all of them. */
  fileLength: 8 * 1024,
  dataLength: 32 * 1024,
} as const;

export type Trim = (object: KubeObject) => KubeObject;

/** Replicas repeat each other's words: cleaned once and kept once. */
const rememberedTexts = 20_000;
const longestRemembered = 256;
/** And whole parts that are alike in all pods of a workload. */
const rememberedParts = 20_000;
const longestShared = 8 * 1024;
const sharedFields = new Set(
  "env envFrom resources livenessProbe readinessProbe startupProbe args command ports lifecycle securityContext tolerations affinity topologySpreadConstraints".split(
    " ",
  ),
);

/** One for a collection: what it remembers is shared by all of its objects. */
export const createTrim = (): Trim => {
  const remembered = new Map<string, string>();
  const clean = (text: string): string => {
    if (text.length > longestRemembered) return cleanMessage(text, trimBounds.textLength);
    const known = remembered.get(text);
    if (known !== undefined) return known;
    const cleaned = isPlain(text) ? text : cleanMessage(text, trimBounds.textLength);
    if (remembered.size < rememberedTexts) remembered.set(text, cleaned);
    return cleaned;
  };

  const hidden = new Map<string, string>();
  /** Distinct and redacted: a revision that changed a password differs from the one before it. */
  const hide = (value: string): string => {
    const known = hidden.get(value) ?? (hidden.size === 0 ? mark : `[redacted: value ${hidden.size + 1}]`);
    if (hidden.size < rememberedTexts) hidden.set(value, known);
    return known;
  };

  const literals = new Map<string, string>();
  /** Of a variable: shown where it is a word, a number, a host, a port, an address or a path. */
  const literal = (value: string): string => {
    const cleaned = clean(value);
    if (cleaned === mark || isTelling(cleaned)) return cleaned;
    const known = literals.get(value) ?? (literals.size === 0 ? hiddenLiteral : `[value ${literals.size + 1}]`);
    if (literals.size < rememberedTexts) literals.set(value, known);
    return known;
  };

  const trimmed = (value: unknown, depth: number): unknown => {
    if (typeof value === "string") return clean(value);
    if (typeof value !== "object" || value === null) return value;
    if (depth > trimBounds.depth) return undefined;
    if (Array.isArray(value)) return value.slice(0, trimBounds.items).map((item, at) => listItem(value as unknown[], item, at, depth));
    return fieldsOf(value, (name, item) => field(name, item, depth + 1));
  };

  const field = (name: string, value: unknown, depth: number): unknown => {
    if (typeof value === "string" && value !== "" && isSecretName(name)) return hide(value);
    return sharedFields.has(name) ? shared(name, value, depth) : trimmed(value, depth);
  };

  const parts = new Map<string, unknown>();
  const shared = (name: string, value: unknown, depth: number): unknown => {
    if (typeof value !== "object" || value === null) return trimmed(value, depth);
    const text = `${name} ${JSON.stringify(value)}`;
    const known = parts.get(text);
    if (known !== undefined) return known;
    const part =
      name === "env" && Array.isArray(value)
        ? value.slice(0, trimBounds.items).map((item) => variable(item, depth))
        : trimmed(value, depth);
    if (text.length <= longestShared && parts.size < rememberedParts) parts.set(text, part);
    return part;
  };

  const listItem = (list: readonly unknown[], item: unknown, at: number, depth: number): unknown => {
    if (typeof item === "string") return isSecretArgument(list[at - 1], item) ? hide(item) : clean(item);
    return isSecretVariable(item) ? { ...(trimmed(item, depth + 1) as object), value: hide(item.value) } : trimmed(item, depth + 1);
  };

  const variable = (item: unknown, depth: number): unknown => {
    const { value } = (typeof item === "object" && item !== null ? item : {}) as { value?: unknown };
    if (typeof value !== "string" || isSecretVariable(item)) return listItem([], item, 0, depth);
    return { ...(trimmed(item, depth + 1) as object), value: literal(value) };
  };

  return (object) => {
    const { metadata: _metadata, ...rest } = object;
    const { data, binaryData, spec, status, ...others } = rest as typeof rest & Parts;
    return {
      ...(trimmed(object.kind === "Secret" ? {} : others, 0) as object),
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: metadataOf(object, clean),
      ...(object.kind === "Secret" ? secretOf(others, data) : {}),
      ...(object.kind === "ConfigMap"
        ? dataOf({ data, binaryData }, hide)
        : object.kind === "Secret" || data === undefined
          ? {}
          : { data: trimmed(data, 0) }),
      ...(spec === undefined ? {} : { spec: trimmed(spec, 0) }),
      ...(status === undefined ? {} : { status: trimmed(object.kind === "Node" ? nodeStatus(status) : status, 0) }),
    } as KubeObject;
  };
};

interface Parts {
  readonly data?: unknown;
  readonly binaryData?: unknown;
  readonly spec?: unknown;
  readonly status?: unknown;
}

/** Ordinary letters, and so few that no rule of redaction fits. */
const isPlain = (text: string): boolean => /^[\w./-]{0,12}$/.test(text);

const fieldsOf = (value: object, change: (name: string, item: unknown) => unknown): object =>
  Object.fromEntries(
    Object.entries(value)
      .slice(0, trimBounds.items)
      .map(([name, item]) => [name, change(name, item)]),
  );

/** Their field managers are not needed, and there are many of them. */
const withoutManagers = new Set(["Pod", "ReplicaSet", "ControllerRevision", "EndpointSlice", "Lease", "Event"]);

const metadataOf = ({ kind, metadata }: KubeObject, clean: (text: string) => string): KubeObject["metadata"] => {
  const { annotations, labels, managedFields, ...rest } = metadata;
  const { selfLink: _selfLink, ...kept } = rest as typeof rest & { selfLink?: string };
  const shown = Object.entries(annotations ?? {}).filter(([name]) => name !== "kubectl.kubernetes.io/last-applied-configuration");
  return {
    ...kept,
    ...(labels === undefined ? {} : { labels: fieldsOf(labels, (_, value) => clean(String(value))) as Record<string, string> }),
    ...(shown.length === 0
      ? {}
      : {
          annotations: Object.fromEntries(
            shown
              .slice(0, trimBounds.annotations)
              .map(([name, value]) => [name, isSecretName(name) ? mark : cleanMessage(value, trimBounds.annotationLength)]),
          ),
        }),
    ...(managedFields === undefined || withoutManagers.has(kind) ? {} : { managedFields: managedFields.slice(0, 20).map(managerOf) }),
  };
};

type Manager = NonNullable<KubeObject["metadata"]["managedFields"]>[number];

const managerOf = (entry: Manager): Manager => {
  const { manager, operation, time, subresource } = entry;
  const fields = (entry as { fieldsV1?: unknown }).fieldsV1;
  return {
    ...(manager === undefined ? {} : { manager: cleanMessage(manager, 128) }),
    ...(operation === undefined ? {} : { operation }),
    ...(time === undefined ? {} : { time }),
    ...(subresource === undefined ? {} : { subresource }),
    ...(typeof fields !== "object" || fields === null ? {} : { fieldsV1: fieldsOf(fields, (_, below) => twoLevels(below)) }),
  };
};

const twoLevels = (below: unknown): object => (typeof below === "object" && below !== null ? fieldsOf(below, () => ({})) : {});

const secretOf = (others: object, data: unknown): object => {
  const { type } = others as { type?: unknown };
  return {
    ...(typeof type === "string" ? { type: cleanMessage(type, 128) } : {}),
    ...(typeof data === "object" && data !== null ? { keys: Object.keys(data).slice(0, trimBounds.annotations) } : {}),
  };
};

/** Text that a program reads as its configuration: as much of it as a diagnosis needs. Of binary data the keys are kept. */
const dataOf = ({ data, binaryData }: Parts, hide: (value: string) => string): object => {
  let left: number = trimBounds.dataLength;
  const fileOf = (name: string, value: unknown): string => {
    // Redacted, and then cut: half a secret is never left standing at the edge.
    const text = isSecretName(name)
      ? hide(String(value))
      : cleanMessage(String(value).slice(0, 8 * trimBounds.fileLength), Math.min(left, trimBounds.fileLength));
    left = Math.max(0, left - text.length);
    return text;
  };
  return {
    ...(typeof data === "object" && data !== null ? { data: fieldsOf(data, fileOf) } : {}),
    ...(typeof binaryData === "object" && binaryData !== null ? { binaryData: fieldsOf(binaryData, () => "") } : {}),
  };
};

/** Names of all images on a node are the larger part of it. */
const nodeStatus = (status: unknown): unknown => {
  if (typeof status !== "object" || status === null) return status;
  const { images: _images, ...rest } = status as { images?: unknown };
  return rest;
};
