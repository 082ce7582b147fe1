// An object of ours as a row of its kind's printer columns: the same columns that kubectl prints. Pure.
import type { Kind } from "#api/define-kind.ts";
import type { KubeObject } from "#api/object.ts";
import { ageText } from "#lib/duration.ts";
import { valuesAt } from "#cli/render/json-path.ts";
import { fromTimestamp } from "#lib/clock.ts";

export type Width = "normal" | "wide";

const columnsOf = (kind: Kind, width: Width): Kind["columns"] =>
  kind.columns.filter((column) => width === "wide" || column.priority === undefined);

export const headerOf = (kind: Kind, width: Width): readonly string[] => [
  "NAME",
  ...columnsOf(kind, width).map((column) => column.name.toUpperCase()),
];

/** What a row says at least, on however narrow a terminal: who, how far, how it ended. */
const priorities: Readonly<Record<string, number>> = { Phase: 0, Target: 1, Outcome: 1, Verdict: 1, Action: 2, Cause: 2, In: 2, Age: 3 };
const otherPriority = 4;

/** What the table has to know of the columns to fit them. */
export const fitOf = (kind: Kind, width: Width): { readonly priorities: readonly number[]; readonly kept?: number } => {
  const columns = columnsOf(kind, width);
  const summary = columns.findIndex(({ name }) => name === "Summary");
  return {
    priorities: [0, ...columns.map(({ name }) => priorities[name] ?? otherPriority)],
    ...(summary < 0 ? {} : { kept: summary + 1 }),
  };
};

export const rowOf = (kind: Kind, object: KubeObject, width: Width, nowMs: number): readonly string[] => [
  object.metadata.name,
  ...columnsOf(kind, width).map((column) => {
    const values = valuesAt(object, column.jsonPath);
    if (column.type !== "date") return values.map(String).join(", ");
    const at = fromTimestamp(typeof values[0] === "string" ? values[0] : undefined);
    return at === undefined ? "" : ageText(nowMs - at);
  }),
];
