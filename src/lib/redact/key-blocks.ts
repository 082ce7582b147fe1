// Private keys in armour (PEM, PGP, SSH, PuTTY): whole, with time stamps before each line, or cut off at either end. Pure.
import type { Hide, Scan } from "#lib/redact/spans.ts";
import { createFinder, lineEnd, type Source } from "#lib/redact/values.ts";

const opener = "-----BEGIN ";
const closer = "-----END ";
const longestLabel = 64;
const longestKey = 65_536;

export const scanKeyBlocks: Scan = (text, hide) => {
  const source: Source = { text, finder: createFinder(text) };
  let from = 0;
  for (let at = text.indexOf("-----"); at >= 0; at = text.indexOf("-----", from)) {
    const floor = from;
    from = at + 5;
    if (text.startsWith(opener, at) && isPrivate(text, at + opener.length)) from = hideFrom(source, at, hide);
    else if (text.startsWith(closer, at) && isPrivate(text, at + closer.length)) from = hideUpTo(text, floor, at, hide);
  }
  for (let at = text.indexOf("Private-Lines:"); at >= 0; at = text.indexOf("Private-Lines:", at + 1)) hideLines(source, at, hide);
};

const isPrivate = (text: string, at: number): boolean =>
  /^[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.test(text.slice(at, at + longestLabel));

const hideFrom = (source: Source, at: number, hide: Hide): number => {
  const { text, finder } = source;
  const close = finder.next(closer, at + opener.length);
  const next = finder.next(opener, at + opener.length);
  if (close >= 0 && close - at <= longestKey && (next < 0 || next > close)) {
    const dashes = text.indexOf("-----", close + closer.length);
    const stop = dashes < 0 || dashes > close + longestLabel + closer.length ? lineEnd(source, close) : dashes + 5;
    hide(at, stop);
    return stop;
  }
  // Cut off: as many lines as still look like one.
  let stop = lineEnd(source, at);
  while (stop < text.length) {
    const line = lineEnd(source, stop + 1);
    const content = text.slice(stop + 1, Math.min(line, stop + 400)).trim();
    const isLast = line === text.length;
    if (content !== "" && !isArmour(content) && !isArmourHeader(content) && !(isLast && /^[A-Za-z0-9+/=]+$/.test(content))) break;
    stop = line;
  }
  hide(at, stop);
  return stop;
};

const isArmourHeader = (line: string): boolean => /^(?:Proc-Type|DEK-Info|Version|Comment|Hash):/.test(line);
/** Ends with a run of base64; a time stamp and a letter may stand before it. */
const isArmour = (line: string): boolean =>
  /(?:^|[\s|])(?:[A-Za-z0-9+/=]{16,400}|[A-Za-z0-9+/]{1,15}=)["',]?$/.test(line) && line.split(/\s+/).length <= 4;

const longestLine = 500;
const leastArmour = 8;

/** Its beginning is missing: the lines before the end that look like one, not before `floor`. */
const hideUpTo = (text: string, floor: number, at: number, hide: Hide): number => {
  const border = text.startsWith("\\n", at - 2) ? "\\n" : "\n";
  let start = armourStart(text, floor, at);
  while (start > floor && text.startsWith(border, start - border.length)) {
    const stop = start - border.length;
    const lead = text.slice(Math.max(floor, stop - longestLine), stop);
    const line = lead.slice(lead.lastIndexOf(border) + 1);
    const armour = armourStart(text, floor, stop);
    // A time stamp and a letter may stand before it.
    if (stop - armour < leastArmour || line.split(/\s+/).length > 4) break;
    start = border === "\n" ? stop - Math.max(line.length, stop - armour) : armour;
  }
  const after = text.indexOf("-----", at + closer.length) + 5;
  hide(Math.max(start, floor), after);
  return after;
};

/** Where the run of base64 that ends here begins. */
const armourStart = (text: string, floor: number, end: number): number => {
  let start = end;
  while (start > floor && /[A-Za-z0-9+/=]/.test(text[start - 1] ?? "")) start -= 1;
  return start;
};

/** PuTTY: the number of lines that follow. */
const hideLines = (source: Source, at: number, hide: Hide): void => {
  const line = lineEnd(source, at);
  const count = Math.min(200, Number(/:\s*(\d{1,3})/.exec(source.text.slice(at, Math.min(line, at + 40)))?.[1] ?? 0));
  let stop = line;
  for (let index = 0; index < count && stop < source.text.length; index += 1) stop = lineEnd(source, stop + 1);
  if (stop > line) hide(line + 1, stop);
};
