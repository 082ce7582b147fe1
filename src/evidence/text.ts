// Text from the cluster, made safe to keep: redacted, without control characters, bounded. Never interprets what the text says.
import { redact } from "#lib/redact.ts";

// Escape sequences of terminals, then every control character but tab and newline, then marks that turn the direction of writing.
// oxlint-disable-next-line no-control-regex
const escapeSequences = /\u001b(?:\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;

/** A message of an event, a status or a label: the beginning counts. */
export const cleanMessage = (text: string, maxLength: number): string => {
  if (maxLength < 1) return "";
  const clean = cleaned(text);
  return clean.length <= maxLength ? clean : `${whole(clean.slice(0, maxLength - 1))}…`;
};

/** A log: the end counts. Cut after redaction, so that half a secret is never left standing at the edge. */
export const cleanLog = (text: string, maxLines: number, maxBytes: number): string => {
  const lines = cleaned(text).split("\n");
  while (lines.at(-1) === "") lines.pop();
  let kept = lines.slice(-maxLines).join("\n");
  while (Buffer.byteLength(kept) > maxBytes) {
    const newline = kept.indexOf("\n");
    if (newline < 0)
      return whole(
        Buffer.from(kept)
          .subarray(-maxBytes)
          .toString()
          .replace(/^\ufffd+/, ""),
      );
    kept = kept.slice(newline + 1);
  }
  return kept;
};

const cleaned = (text: string): string => redact(text.replaceAll("\r\n", "\n").replace(escapeSequences, "").replace(controlCharacters, ""));

/** Without half a character at either end. */
const whole = (text: string): string => text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
