// Text from the cluster, made safe to keep: redacted, without control characters, bounded. Never interprets what the text says.
import { plainText } from "#lib/plain-text.ts";
import { redact } from "#lib/redact.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

/** A message of an event, a status or a label: the beginning counts. */
export const cleanMessage = (text: string, maxLength: number): string => {
  if (maxLength < 1) return "";
  const clean = cleaned(text);
  return clean.length <= maxLength ? clean : `${whole(clean.slice(0, maxLength - 1))}…`;
};

/** A log: the end counts. Cut after redaction, so that half a secret is never left standing at the edge. */
export const cleanLog = (text: string, maxLines: number, maxBytes: number): string => endOf(cleaned(text), maxLines, maxBytes);

/** The last lines of what is clean already: whole ones, or the end of the last where that alone is too long. */
export const endOf = (text: string, maxLines: number, maxBytes: number): string => {
  const lines = trimmedEnd(text, "\n").split("\n");
  const kept = lines.length <= maxLines ? lines.join("\n") : lines.slice(-maxLines).join("\n");
  const bytes = Buffer.from(kept);
  const begin = bytes.length - maxBytes;
  if (begin <= 0) return kept;
  const newline = bytes.indexOf("\n", begin - 1);
  if (newline >= 0) return bytes.subarray(newline + 1).toString();
  return whole(
    bytes
      .subarray(begin)
      .toString()
      .replace(/^\ufffd{1,3}/, ""),
  );
};

const cleaned = (text: string): string => redact(plainText(text));

/** Without half a character at either end. */
const whole = (text: string): string => text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
