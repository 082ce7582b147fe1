// Answers as kubectl shows them: meta.k8s.io/v1 Table with the columns of pkg/printers/internalversion, or of a definition's printer columns. Pure.
import { type JsonRecord, type Stored, at, listOf, textOf } from "#embedded/json.ts";
import { columnsByKind } from "#embedded/kind-columns.ts";
import { type Column, column, name, shortDuration } from "#embedded/printer-columns.ts";
import type { Resource } from "#embedded/resources.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

const customColumns = (columns: readonly PrinterColumn[]): Column[] => [
  { ...name, description: nameDescription },
  ...columns.map((item): Column => ({
    name: item.name,
    type: item.type,
    format: item.format ?? "",
    description: item.description ?? `Custom resource definition column (in JSONPath format): ${item.jsonPath}`,
    priority: item.priority ?? 0,
    cell: (object, nowMs) => {
      const value = atJsonPath(object, item.jsonPath);
      if (value === undefined) return null;
      return item.type === "date" ? shortDuration(nowMs - Date.parse(textOf(value))) : value;
    },
  })),
];
const nameDescription =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

/** `.spec.steps[*].id`, `.metadata.annotations.a\.b/c`: the first of several values. */
const atJsonPath = (object: unknown, path: string): unknown => {
  const steps = path.match(/(?:\\.|[^.[\]])+|\[[^\]]*\]/g) ?? [];
  let values: unknown[] = [object];
  for (const step of steps) {
    const bare = step
      .replace(/^\[|\]$/g, "")
      .replace(/^'|'$/g, "")
      .replaceAll("\\", "");
    values = values.flatMap((value) => (bare === "*" ? listOf(value) : [at(value, bare)])).filter((value) => value !== undefined);
  }
  return values[0];
};

export interface TableOptions {
  readonly resource: Resource;
  readonly columns?: readonly PrinterColumn[] | undefined;
  readonly includeObject: string;
  readonly nowMs: number;
}

const createdColumn: Column = {
  ...column("Created At", ({ metadata }) => metadata.creationTimestamp),
  type: "date",
  description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
};

export const tableOf = (items: readonly Stored[], metadata: JsonRecord, options: TableOptions): JsonRecord => {
  const { resource, nowMs, includeObject } = options;
  const columns =
    resource.storage === "custom"
      ? customColumns(options.columns ?? [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }])
      : (columnsByKind[`${resource.group}/${resource.kind}`] ?? [name, createdColumn]);
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: columns.map(({ cell: _cell, ...definition }) => definition),
    rows: items.map((item) => ({
      cells: columns.map(({ cell }) => cell(item, nowMs)),
      object: includeObject === "None" ? null : includeObject === "Object" ? item : partial(item),
    })),
  };
};

/** For who wants to know what there is, and not what it holds. */
export const metadataList = (items: readonly Stored[], metadata: JsonRecord): JsonRecord => ({
  kind: "PartialObjectMetadataList",
  apiVersion: "meta.k8s.io/v1",
  metadata,
  items: items.map(partial),
});

const partial = (item: Stored): JsonRecord => ({
  kind: "PartialObjectMetadata",
  apiVersion: "meta.k8s.io/v1",
  metadata: item.metadata,
});
