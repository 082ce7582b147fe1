// Metrics about objects, named and labelled as kube-state-metrics 2.15 has them: one table a kind, joined here. Reads objects, and nothing else.
import { type JsonRecord, type Stored, at, listOf, numberOf, recordOf, textOf } from "#embedded/json.ts";
import { parseQuantity } from "#lib/quantity.ts";
import { fromTimestamp } from "#lib/clock.ts";
import type { Labels } from "#embedded/monitoring/series.ts";

/** A value and the labels that it has besides the object's own. */
export type Row = readonly [value: number, labels?: Labels];
/** Undefined and empty: there is no such series for this object. */
export type Rows = (object: Stored) => readonly Row[] | number | undefined;

export interface KindMetrics {
  /** `group/plural`, as the store has it. */
  readonly storageKey: string;
  /** The object's own labels. */
  readonly labels: (object: Stored) => Labels;
  readonly metrics: Readonly<Record<string, Rows>>;
}

export const truth = (value: boolean): number => (value ? 1 : 0);

/** A number at a path of the object; `otherwise` where there is none, as Go's zero. */
export const numberAt =
  (path: readonly string[], otherwise?: number): Rows =>
  (object) =>
    numberOf(at(object, ...path)) ?? otherwise;

export const secondsAt =
  (...path: string[]): Rows =>
  (object) =>
    secondsOf(at(object, ...path));
export const secondsOf = (time: unknown): number | undefined => {
  const ms = fromTimestamp(textOf(time));
  return ms === undefined ? undefined : Math.floor(ms / 1000);
};

/** Three rows: one says which status the condition has. */
export const statusRows = (status: unknown, label: string, labels: Labels = {}): Row[] =>
  ["true", "false", "unknown"].map((value) => [truth(textOf(status).toLowerCase() === value), { ...labels, [label]: value }]);

export const conditionsOf = (object: unknown): JsonRecord[] => listOf(at(object, "status", "conditions")).map(recordOf);

export const conditionRows: Rows = (object) =>
  conditionsOf(object).flatMap((condition) => statusRows(condition["status"], "status", { condition: textOf(condition["type"]) }));

/** 1 at what it is, 0 at everything else it could be. */
export const oneOf = (value: unknown, all: readonly string[], label: string): Row[] =>
  textOf(value) === "" ? [] : all.map((each) => [truth(value === each), { [label]: each }]);

export const quantityOf = (value: unknown): number | undefined => {
  const thousandths = parseQuantity(typeof value === "number" ? String(value) : textOf(value));
  return thousandths === undefined ? undefined : Number(thousandths) / 1000;
};

/** `{resource, unit}` for each of a list of resources. */
export const resourceRows = (resources: unknown, labels: Labels = {}): Row[] =>
  Object.entries(recordOf(resources)).flatMap(([name, amount]): Row[] => {
    const value = quantityOf(amount);
    const unit = name === "cpu" ? "core" : /memory|storage|hugepages/.test(name) ? "byte" : "integer";
    return value === undefined ? [] : [[value, { ...labels, resource: name.replaceAll(/[^a-zA-Z0-9_]/g, "_"), unit }]];
  });

export const ownerRows: Rows = (object) => {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0) return [[1, { owner_kind: "", owner_name: "", owner_is_controller: "" }]];
  return owners.map(({ kind, name, controller }) => [
    1,
    { owner_kind: kind, owner_name: name, owner_is_controller: String(controller ?? false) },
  ]);
};

/** By the name of the object's kind: `{namespace, deployment}`. */
export const namedLabels =
  (kind: string): KindMetrics["labels"] =>
  ({ metadata: { namespace, name } }) => ({ ...(namespace === undefined ? {} : { namespace }), [kind]: name });
