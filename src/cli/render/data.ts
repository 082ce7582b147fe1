// Objects as JSON or YAML: the forms that other programs read. Pure.
import { Document, visit } from "yaml";
import { escapedText } from "#lib/plain-text.ts";

export const renderData = (format: "json" | "yaml", value: unknown): string => (format === "json" ? renderJson(value) : renderYaml(value));

export const renderJson = (value: unknown): string => `${escapedText(JSON.stringify(value, undefined, 2))}\n`;

const renderYaml = (value: unknown): string => {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_, scalar) => {
      // Only between double quotes can YAML escape a character.
      if (typeof scalar.value === "string" && escapedText(scalar.value) !== scalar.value) scalar.type = "QUOTE_DOUBLE";
    },
  });
  return escapedText(document.toString({ lineWidth: 0 }));
};
