// Objects as JSON or YAML: the forms that other programs read. Pure.
import { stringify } from "yaml";

export const renderData = (format: "json" | "yaml", value: unknown): string =>
  format === "json" ? renderJson(value) : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

export const renderJson = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
