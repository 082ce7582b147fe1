// An object of ours as a row of its kind's printer columns: the same columns that kubectl prints. Pure.
import type { Kind } from "#api/define-kind.ts";
import type { KubeObject } from "#api/object.ts";
import { ageText } from "#cli/render/duration.ts";
import { valuesAt } from "#cli/render/json-path.ts";
import { fromTimestamp } from "#lib/clock.ts";

export type Width = "normal" | "wide";

const columnsOf = (kind: Kind, width: Width): Kind["columns"] =>
  kind.columns.filter((column) => width === "wide" || column.priority === undefined);

export const headerOf = (kind: Kind, width: Width): readonly string[] => [
  "NAME",
  ...columnsOf(kind, width).map((column) => column.name.toUpperCase()),
];

export const rowOf = (kind: Kind, object: KubeObject, width: Width, nowMs: number): readonly string[] => [
  object.metadata.name,
  ...columnsOf(kind, width).map((column) => {
    const values = valuesAt(object, column.jsonPath);
    if (column.type !== "date") return values.map(String).join(", ");
    const at = fromTimestamp(typeof values[0] === "string" ? values[0] : undefined);
    return at === undefined ? "" : ageText(nowMs - at);
  }),
];
