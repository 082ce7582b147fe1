// Text without what steers a terminal or deceives a reader: escape sequences, control characters, marks of direction, characters of no width.
// Every output passes here: what is for people loses them, what is for programs has them escaped. Pure.

const escapeSequences =
  // oxlint-disable-next-line no-control-regex
  /\u001b(?:\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)?|[PX^_][^\u001b]{0,256}(?:\u001b\\)?|[@-Z\\-_])/g;
/** All but tab and the end of a line. */
const steering =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udc7f]/g;
/** Ends of lines that only some programs know. */
const rareLineEnds = /[\u2028\u2029]/g;

/** For people. `\r\n` is the end of a line, a character that only some programs take for one is a space. */
export const plainText = (text: string): string =>
  isPlain(text) ? text : text.replaceAll("\r\n", "\n").replace(escapeSequences, "").replace(rareLineEnds, " ").replace(steering, "");

/** On one line, for people. */
export const oneLine = (text: string): string => plainText(text).replace(/\s+/g, " ").trim();

// oxlint-disable-next-line no-control-regex
const isPlain = (text: string): boolean =>
  !/[^\t\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u061b\u061d-\u180d\u180f-\u1fff\u2010-\u2027\u202f-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufff8]/.test(
    text,
  );

/** For programs and for diffs, where nothing may be lost: `\u202e`, as JSON and the quoted strings of YAML write it. */
export const escapedText = (text: string): string =>
  isPlain(text) ? text : text.replace(steering, unicode).replace(rareLineEnds, unicode);

const unicode = (characters: string): string =>
  Array.from({ length: characters.length }, (_, at) => `\\u${characters.charCodeAt(at).toString(16).padStart(4, "0")}`).join("");

/** A value whose every text is plain, but for the fields named: they are compared byte by byte. */
export const plainTexts = (value: unknown, except: ReadonlySet<string>): unknown => {
  if (typeof value === "string") return plainText(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => plainTexts(item, except));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, except.has(name) ? item : plainTexts(item, except)]));
};
