// Where a value that begins at a place ends: quoted, bare, a block of YAML, a list or a map. Pure; a place is looked at once.
import { isHarmlessKey } from "#lib/redact/names.ts";
import { afterMark, type Hide } from "#lib/redact/spans.ts";

/** Finds the next place of a text from a place that only moves forward: all questions together cost one reading of the text. */
export interface Finder {
  readonly next: (text: string, from: number) => number;
}

export const createFinder = (source: string): Finder => {
  const known = new Map<string, { readonly from: number; readonly at: number }>();
  return {
    next: (text, from) => {
      const last = known.get(text);
      if (last !== undefined && from >= last.from && (last.at < 0 || last.at >= from)) return last.at;
      const at = source.indexOf(text, from);
      known.set(text, { from, at });
      return at;
    },
  };
};

export interface Source {
  readonly text: string;
  readonly finder: Finder;
}

/** Where the line ends: also a line inside of a text of JSON, `\n`, is no line here. */
export const lineEnd = ({ text, finder }: Source, at: number): number => {
  const newline = finder.next("\n", at);
  return newline < 0 ? text.length : newline;
};

const opening = /(?:[bruf]{1,2}|[@$])?(\\{0,8})("""|'''|["'`\u201c\u2018])/y;
const closers: Readonly<Record<string, string>> = { "\u201c": "\u201d", "\u2018": "\u2019" };
const longestOfLines = 65_536;

export interface Quoted {
  readonly start: number;
  readonly end: number;
  /** Behind the closing quote. */
  readonly after: number;
}

/** The text between quotes; `\"` of JSON inside of JSON are quotes as well. An unclosed quote ends with its line. */
export const quotedAt = (source: Source, at: number): Quoted | undefined => {
  const { text } = source;
  opening.lastIndex = at;
  const found = opening.exec(text);
  if (found === null) return undefined;
  const [whole, escapes = "", quote = ""] = found;
  const start = at + whole.length;
  const closer = escapes + (closers[quote] ?? quote);
  const line = lineEnd(source, start);
  let end = source.finder.next(closer, start);
  // A quote behind more escapes than it began with is a part of the value.
  if (quote !== "'") while (end >= 0 && isEscaped(text, start, end)) end = text.indexOf(closer, end + 1);
  if (end < 0 || (end > line && end > start + longestOfLines)) return { start, end: line, after: line };
  return { start, end, after: end + closer.length };
};

const isEscaped = (text: string, start: number, at: number): boolean => {
  let escapes = 0;
  while (at - 1 - escapes >= start && text[at - 1 - escapes] === "\\") escapes += 1;
  return escapes % 2 === 1;
};

const isSpace = (character: string): boolean => character === " " || character === "\t" || character === "\n" || character === "\r";
const separators = new Set([",", ";", "&", "|"]);
const closing = new Set([")", "]", "}", ">"]);
const quotes = new Set(['"', "'", "`", "\u201d", "\u2019"]);
const nextName = /[;,&|]?\s{0,4}["']?[A-Za-z_][\w.-]{0,40}["']?\s?[=:]/y;

/** A word without quotes: ends with a space, or with what can only be the text around it. */
export const bareEnd = (text: string, from: number): number => {
  let at = afterMark(text, from);
  for (; at < text.length; at += 1) {
    const character = text[at] ?? "";
    if (isSpace(character)) break;
    const next = text[at + 1] ?? "";
    if (character === "\\" && /[nrt"'\\]/.test(next)) {
      // The end of a line or of a text inside of JSON.
      if (/^\\{1,8}(?:[nrt]|["'])/.test(text.slice(at, at + 10))) break;
      continue;
    }
    if (character === "<" && next === "/") break;
    if (quotes.has(character) && !/\w/.test(next)) break;
    if (separators.has(character) && endsAtSeparator(text, at, next)) break;
    if (closing.has(character) && endsAtCloser(text, at)) break;
  }
  return at;
};

const endsAtSeparator = (text: string, at: number, next: string): boolean => {
  if (next === "" || isSpace(next) || quotes.has(next) || closing.has(next)) return true;
  nextName.lastIndex = at;
  return nextName.test(text);
};

const endsAtCloser = (text: string, at: number): boolean => {
  let end = at;
  while (end < text.length && end < at + 8 && (closing.has(text[end] ?? "") || separators.has(text[end] ?? ""))) end += 1;
  const after = text[end] ?? "";
  if (after === "" || isSpace(after) || quotes.has(after) || after === "\\" || after === ".") return true;
  nextName.lastIndex = end - 1;
  return separators.has(text[end - 1] ?? "") && nextName.test(text);
};

const pairs: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };
const keyBehind = /\s{0,8}(?:=>|[:=])/y;
const tokenInside = /[^\s,;:={}[\]()"'`\\]{1,512}/y;

/**
 * Hides every value of a list or map that begins here, but those of keys that only point somewhere. Returns where it ends:
 * behind its bracket, or with its line where the bracket is never closed.
 */
export const hideInside = (source: Source, from: number, hide: Hide): number => {
  const { text } = source;
  const limit = /^[{[(]\s*\n/.test(text.slice(from, from + 16)) ? text.length : lineEnd(source, from);
  let depth = 0;
  let key = "";
  let at = from;
  while (at < limit) {
    const character = text[at] ?? "";
    const afterHidden = afterMark(text, at);
    if (afterHidden !== at) at = afterHidden;
    else if (character in pairs) {
      depth += 1;
      at += 1;
    } else if (character === "}" || character === "]" || character === ")") {
      depth -= 1;
      at += 1;
      if (depth <= 0) return at;
    } else {
      const quoted = quotedAt(source, at);
      const word = quoted ?? bareTokenAt(text, at);
      if (word === undefined) {
        at += 1;
        continue;
      }
      keyBehind.lastIndex = word.after;
      const inside = text.slice(word.start, Math.min(word.end, word.start + 200));
      if (keyBehind.test(text)) {
        key = inside;
        at = keyBehind.lastIndex;
      } else {
        if (!isHarmlessKey(key) && !/^(?:true|false|null|nil|\d{1,3})$/.test(inside)) hide(word.start, Math.min(word.end, limit));
        at = Math.max(word.after, at + 1);
      }
    }
  }
  return limit;
};

const bareTokenAt = (text: string, at: number): Quoted | undefined => {
  tokenInside.lastIndex = at;
  const found = tokenInside.exec(text);
  return found === null ? undefined : { start: at, end: at + found[0].length, after: at + found[0].length };
};
