// Answers as kubectl prints them: a meta.k8s.io/v1 Table with the printer columns of a definition, with those of the few built-in kinds that a
// visitor of the playground looks at, and with name and age for the rest. Pure.
import { ageText } from "#lib/duration.ts";
import { type JsonRecord, type Stored, at, listOf, numberOf, textOf } from "#embedded/json.ts";
import type { Resource } from "#embedded/resources.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

type Cell = (object: Stored, nowMs: number) => unknown;
interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: Cell;
}

const column = (heading: string, cell: Cell, type = "string"): Column => ({
  name: heading,
  type,
  format: heading === "Name" ? "name" : "",
  description: heading,
  priority: 0,
  cell,
});

const name = column("Name", ({ metadata }) => metadata.name);
const age = column("Age", ({ metadata }, nowMs) => ageText(nowMs - Date.parse(metadata.creationTimestamp)));
const containerStatuses = (pod: Stored): readonly unknown[] => listOf(at(pod, "status", "containerStatuses"));
const countOf = (object: Stored, field: string): number => numberOf(at(object, "status", field)) ?? 0;

/** Why a container of it does not run, or its phase. */
const podStatus: Cell = (pod) => {
  if (pod.metadata.deletionTimestamp !== undefined) return "Terminating";
  const reasons = containerStatuses(pod).map(
    (status) => textOf(at(status, "state", "waiting", "reason")) || textOf(at(status, "state", "terminated", "reason")),
  );
  return reasons.find((reason) => reason !== "") ?? textOf(at(pod, "status", "phase"));
};

const columnsByKind: Readonly<Record<string, readonly Column[]>> = {
  "/Pod": [
    name,
    column(
      "Ready",
      (pod) =>
        `${containerStatuses(pod).filter((status) => at(status, "ready") === true).length}/${listOf(at(pod, "spec", "containers")).length}`,
    ),
    column("Status", podStatus),
    column("Restarts", (pod) =>
      String(containerStatuses(pod).reduce<number>((sum, status) => sum + (numberOf(at(status, "restartCount")) ?? 0), 0)),
    ),
    age,
  ],
  "apps/Deployment": [
    name,
    column("Ready", (deployment) => `${countOf(deployment, "readyReplicas")}/${String(at(deployment, "spec", "replicas"))}`),
    column("Up-to-date", (deployment) => countOf(deployment, "updatedReplicas"), "integer"),
    column("Available", (deployment) => countOf(deployment, "availableReplicas"), "integer"),
    age,
  ],
  "/Event": [
    column("Last Seen", ({ lastTimestamp, eventTime, metadata }, nowMs) =>
      ageText(nowMs - Date.parse(textOf(lastTimestamp) || textOf(eventTime) || metadata.creationTimestamp)),
    ),
    ...["Type", "Reason"].map((heading) => column(heading, (event) => event[heading.toLowerCase()])),
    column("Object", ({ involvedObject: about }) => `${textOf(at(about, "kind")).toLowerCase()}/${textOf(at(about, "name"))}`),
    column("Message", ({ message }) => message),
  ],
};

const customColumns = (columns: readonly PrinterColumn[]): Column[] => [
  name,
  ...columns.map((item): Column => ({
    name: item.name,
    type: item.type,
    format: item.format ?? "",
    description: item.description ?? `Custom resource definition column (in JSONPath format): ${item.jsonPath}`,
    priority: item.priority ?? 0,
    cell: (object, nowMs) => {
      const value = atJsonPath(object, item.jsonPath);
      if (value === undefined) return null;
      return item.type === "date" ? ageText(nowMs - Date.parse(textOf(value))) : value;
    },
  })),
];

/** `.spec.steps[*].id`, `.metadata.annotations.a\.b/c`: the first of several values. */
const atJsonPath = (object: unknown, path: string): unknown => {
  let values: unknown[] = [object];
  for (const step of path.match(/(?:\\.|[^.[\]])+|\[[^\]]*\]/g) ?? []) {
    const bare = step.replaceAll(/^\[?'?|'?\]?$/g, "").replaceAll("\\", "");
    values = values.flatMap((value) => (bare === "*" ? listOf(value) : [at(value, bare)])).filter((value) => value !== undefined);
  }
  return values[0];
};

export interface TableOptions {
  readonly resource: Resource;
  readonly includeObject: string;
  readonly nowMs: number;
}

export const tableOf = (items: readonly Stored[], metadata: JsonRecord, options: TableOptions): JsonRecord => {
  const { resource, nowMs, includeObject } = options;
  const columns =
    resource.columns === undefined ? (columnsByKind[`${resource.group}/${resource.kind}`] ?? [name, age]) : customColumns(resource.columns);
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

/** For clients that read which objects exist and not their content. */
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
