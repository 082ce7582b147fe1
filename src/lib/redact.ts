// Takes secrets out of text before it is logged, stored, shown or sent to a model. Linear in its input; never throws, never returns more than it was given plus marks.
import { plainText } from "#lib/plain-text.ts";
import { scanAddresses } from "#lib/redact/addresses.ts";
import { scanAssignments } from "#lib/redact/assignments.ts";
import { scanBearer } from "#lib/redact/bearer.ts";
import { decodedSigns } from "#lib/redact/encodings.ts";
import { scanKeyBlocks } from "#lib/redact/key-blocks.ts";
import { isSecretArgument, isSecretName, isSecretVariable } from "#lib/redact/structure.ts";
import { scanRecords } from "#lib/redact/records.ts";
import { mark, type Scan, spansOf, without } from "#lib/redact/spans.ts";
import { scanTokens } from "#lib/redact/tokens.ts";

const maxLength = 1024 * 1024;
/** What is hidden may show what else is a secret; after this many times it never did. */
const maxPasses = 4;

const plainScans: readonly Scan[] = [scanKeyBlocks, scanAssignments, scanBearer, scanAddresses, scanRecords];
const scans: readonly Scan[] = [
  ...plainScans,
  scanTokens((text) => text !== "" && spansOf(text, [...plainScans, scanTokens(() => false)]).length > 0),
];

export const redact = (text: string): string => {
  let result = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const spans = spansOf(result, scans);
    if (spans.length === 0) break;
    result = without(result, spans);
  }
  return withoutEncoded(result);
};

/** A line whose secrets show only where its signs are decoded is kept decoded. */
const withoutEncoded = (text: string): string => {
  if (decodedSigns(text) === text) return text;
  return text
    .split("\n")
    .map((line) => {
      const decoded = decodedSigns(decodedSigns(line));
      if (decoded === line) return line;
      const spans = spansOf(decoded, scans);
      return spans.length === 0 ? line : without(decoded, spans);
    })
    .join("\n");
};

const maxDepth = 8;
const maxItems = 200;

/** Any value, made safe to print: strings redacted, fields with a secret's name emptied, errors as data, depth and length bounded. */
export const redactValue = (value: unknown, depth = 0): unknown => {
  if (typeof value === "string") return redact(plainText(value));
  if (value === null || typeof value === "number" || typeof value === "boolean" || value === undefined) return value;
  if (typeof value !== "object") return String(value as bigint | symbol).slice(0, 100);
  if (value instanceof Error) return errorFields(value, depth);
  if (depth >= maxDepth) return "[deeper]";
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item, at) => itemOf(value, item, at, depth));
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map || value instanceof Set) return redactValue([...value], depth + 1);
  const isVariable = isSecretVariable(value);
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, maxItems)
      .map(([name, item]) => [
        plainText(name),
        isSecretField(name, item) || (isVariable && name === "value") ? mark : redactValue(item, depth + 1),
      ]),
  );
};

const itemOf = (list: readonly unknown[], item: unknown, at: number, depth: number): unknown =>
  typeof item === "string" && isSecretArgument(list[at - 1], item) ? mark : redactValue(item, depth + 1);

const isSecretField = (name: string, value: unknown): boolean =>
  (typeof value === "string" || Array.isArray(value) || (typeof value === "object" && value !== null)) && isSecretName(name);

const errorFields = (error: Error, depth: number): unknown => ({
  name: error.name,
  message: redact(plainText(error.message)),
  ...(typeof (error as { code?: unknown }).code === "string" ? { code: (error as { code?: unknown }).code } : {}),
  stack: redact(plainText(error.stack ?? "")),
  ...(error.cause === undefined || depth >= 3 ? {} : { cause: redactValue(error.cause, depth + 1) }),
});
