// Text from the cluster, made safe to keep: redacted, without control characters, bounded. Never interprets what the text says.
import { redact } from "#lib/redact.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

// Escape sequences of terminals, then every control character but tab and newline, then what is not seen: marks that turn the direction of
// writing, separators of lines that are no newline (`.` and `$` of a regular expression stop there), characters without width.
// oxlint-disable-next-line no-control-regex
const escapeSequences = /\u001b(?:\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

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

const cleaned = (text: string): string => redact(text.replaceAll("\r\n", "\n").replace(escapeSequences, "").replace(controlCharacters, ""));

/** Without half a character at either end. */
const whole = (text: string): string => text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
