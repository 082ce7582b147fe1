// Objects as JSON, YAML or names: the forms that other programs read. Pure.
import { stringify } from "yaml";

export const formats = ["json", "yaml", "wide", "name"] as const;
export type Format = (typeof formats)[number];

export const renderData = (format: "json" | "yaml", value: unknown): string =>
  format === "json" ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
