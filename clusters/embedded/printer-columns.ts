// A column of a Table: its heading and how its cell is read from an object; and those that many kinds have. Pure.
import { type Stored, at, numberOf, textOf } from "#embedded/json.ts";

export type Cell = (object: Stored, nowMs: number) => unknown;
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: Cell;
}

export const column = (name: string, cell: Cell, type = "string"): Column => ({
  name,
  type,
  format: name === "Name" ? "name" : "",
  description: name === "Name" ? "Name must be unique within a namespace." : name,
  priority: 0,
  cell,
});

/** What stands at a path, `spec.replicas`. */
export const count = (heading: string, path: string, type = "integer"): Column =>
  column(heading, (object) => numberOf(at(object, ...path.split("."))) ?? 0, type);
export const text = (heading: string, path: string, otherwise = ""): Column =>
  column(heading, (object) => textOf(at(object, ...path.split("."))) || otherwise);
export const name = column("Name", ({ metadata }) => metadata.name);
export const age = column("Age", ({ metadata }, nowMs) => shortDuration(nowMs - Date.parse(metadata.creationTimestamp)));

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
  return days < 8 ? pair(days, "d", hours % 24, "h") : `${days}d`;
};

/** Shown only with `-o wide`. */
export const wide = (...columns: readonly Column[]): readonly Column[] => columns.map((each) => ({ ...each, priority: 1 }));
