// Answers as kubectl shows them: meta.k8s.io/v1 Table with the columns of pkg/printers/internalversion, or of a definition's printer columns. Pure.
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf, without } from "#embedded/json.ts";
import { podReady, podRestarts, podStatus } from "#embedded/pod-columns.ts";
import type { Resource } from "#embedded/resources.ts";

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: (object: Stored, nowMs: number) => unknown;
}

const column = (name: string, cell: Column["cell"], type = "string"): Column => ({
  name,
  type,
  format: name === "Name" ? "name" : "",
  description: name === "Name" ? "Name must be unique within a namespace." : name,
  priority: 0,
  cell,
});

const count =
  (...path: readonly string[]): Column["cell"] =>
  (object) =>
    numberOf(at(object, ...path)) ?? 0;
const text =
  (...path: readonly string[]): Column["cell"] =>
  (object) =>
    textOf(at(object, ...path));
const name = column("Name", ({ metadata }) => metadata.name);
const age = column("Age", ({ metadata }, nowMs) => shortDuration(nowMs - Date.parse(metadata.creationTimestamp)));

/** As k8s.io/apimachinery's duration.HumanDuration: two units at most. */
export const shortDuration = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  if (Number.isNaN(seconds)) return "<unknown>";
  if (seconds < 0) return "0s";
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const pair = (whole: number, unit: string, rest: number, small: string): string =>
    rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${small}`;
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return pair(minutes, "m", seconds % 60, "s");
  if (hours < 3) return `${minutes}m`;
  if (hours < 8) return pair(hours, "h", minutes % 60, "m");
  if (days < 2) return `${hours}h`;
  if (days < 8) return pair(days, "d", hours % 24, "h");
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? pair(years, "y", days % 365, "d") : `${years}y`;
};

const columnsByKind: Readonly<Record<string, readonly Column[]>> = {
  "/Pod": [
    name,
    column("Ready", podReady),
    column("Status", podStatus),
    column("Restarts", (object, nowMs) => podRestarts(object, (ms) => shortDuration(nowMs - ms))),
    age,
  ],
  "/ConfigMap": [
    name,
    column("Data", (object) => Object.keys({ ...recordOf(object["data"]), ...recordOf(object["binaryData"]) }).length, "integer"),
    age,
  ],
  "/Secret": [name, column("Type", text("type")), column("Data", (object) => Object.keys(recordOf(object["data"])).length, "integer"), age],
  "/Namespace": [name, column("Status", text("status", "phase")), age],
  "/ServiceAccount": [name, column("Secrets", (object) => listOf(object["secrets"]).length, "integer"), age],
  "/Service": [
    name,
    column("Type", text("spec", "type")),
    column("Cluster-IP", (object) => textOf(at(object, "spec", "clusterIP")) || "<none>"),
    column("External-IP", () => "<none>"),
    column("Port(s)", (object) =>
      listOf(at(object, "spec", "ports"))
        .map((port) => `${String(at(port, "port"))}/${textOf(at(port, "protocol"))}`)
        .join(","),
    ),
    age,
  ],
  "/Node": [
    name,
    column("Status", (object) => {
      const ready = listOf(at(object, "status", "conditions")).find((item) => at(item, "type") === "Ready");
      const word = ready === undefined ? "Unknown" : at(ready, "status") === "True" ? "Ready" : "NotReady";
      return at(object, "spec", "unschedulable") === true ? `${word},SchedulingDisabled` : word;
    }),
    column("Roles", () => "<none>"),
    age,
    column("Version", text("status", "nodeInfo", "kubeletVersion")),
  ],
  "/Event": [
    column("Last Seen", (object, nowMs) => {
      const seen = textOf(object["lastTimestamp"]) || textOf(object["eventTime"]) || object.metadata.creationTimestamp;
      return shortDuration(nowMs - Date.parse(seen));
    }),
    column("Type", text("type")),
    column("Reason", text("reason")),
    column(
      "Object",
      (object) => `${textOf(at(object, "involvedObject", "kind")).toLowerCase()}/${textOf(at(object, "involvedObject", "name"))}`,
    ),
    column("Message", text("message")),
  ],
  "apps/Deployment": [
    name,
    column(
      "Ready",
      (object) => `${count("status", "readyReplicas")(object, 0) as number}/${count("spec", "replicas")(object, 0) as number}`,
    ),
    column("Up-to-date", count("status", "updatedReplicas"), "string"),
    column("Available", count("status", "availableReplicas"), "string"),
    age,
  ],
  "apps/ReplicaSet": [
    name,
    column("Desired", count("spec", "replicas"), "integer"),
    column("Current", count("status", "replicas"), "integer"),
    column("Ready", count("status", "readyReplicas"), "integer"),
    age,
  ],
  "apps/StatefulSet": [
    name,
    column(
      "Ready",
      (object) => `${count("status", "readyReplicas")(object, 0) as number}/${count("spec", "replicas")(object, 0) as number}`,
    ),
    age,
  ],
  "batch/Job": [
    name,
    column("Status", (object) => {
      const conditions = listOf(at(object, "status", "conditions"));
      const has = (type: string): boolean => conditions.some((item) => at(item, "type") === type && at(item, "status") === "True");
      return has("Complete") ? "Complete" : has("Failed") ? "Failed" : "Running";
    }),
    column(
      "Completions",
      (object) => `${count("status", "succeeded")(object, 0) as number}/${numberOf(at(object, "spec", "completions")) ?? 1}`,
    ),
    column("Duration", () => ""),
    age,
  ],
  "coordination.k8s.io/Lease": [name, column("Holder", text("spec", "holderIdentity")), age],
};

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
  metadata: without(item.metadata as unknown as JsonRecord),
});
