// Objects as JSON, YAML or names: the forms that other programs read. Pure.
import { stringify } from "yaml";

/** Forms that every command knows, as far as they fit. */
export const formats = ["json", "yaml", "wide", "name"] as const;
/** Forms of a report, which few commands make. */
export const reportFormats = ["text", "markdown", "sarif"] as const;
export type Format = (typeof formats)[number] | (typeof reportFormats)[number];

export const renderData = (format: "json" | "yaml", value: unknown): string =>
  format === "json" ? `${JSON.stringify(value, undefined, 2)}\n` : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
