// The indented text of `kubectl describe` as a tree of fields. Reads text only; whatever it does not understand is left out, never guessed.

/** `Key:   value`, with the indented lines below it. */
export interface Field {
  readonly key: string;
  readonly value: string;
  readonly below: readonly string[];
}

const fieldPattern = /^([^\s:][^:]*?)\s*:(?:\s+(.*)|)$/;

/** Fields of one level: lines of the smallest indentation open one, deeper lines belong to the one before. */
export const fieldsOf = (lines: readonly string[]): readonly Field[] => {
  const filled = lines.filter((line) => line.trim() !== "");
  const depth = Math.min(...filled.map(indentation));
  const fields: { key: string; value: string; below: string[] }[] = [];
  for (const line of filled) {
    if (indentation(line) > depth) {
      fields.at(-1)?.below.push(line);
      continue;
    }
    const match = fieldPattern.exec(line.slice(depth));
    if (match === null) fields.push({ key: line.trim(), value: "", below: [] });
    else fields.push({ key: match[1] ?? "", value: (match[2] ?? "").trim(), below: [] });
  }
  return fields;
};

export const fieldsOfText = (text: string): readonly Field[] => fieldsOf(text.split("\n"));

/** The first field of this name; an empty one where there is none. */
export const field = (fields: readonly Field[], key: string): Field =>
  fields.find((each) => each.key === key) ?? { key, value: "", below: [] };

/** What the field says, or undefined for nothing, `<none>` and `<unset>`. */
export const valueOf = (fields: readonly Field[], key: string): string | undefined => said(field(fields, key).value);

export const said = (text: string): string | undefined => (text === "" || /^<(?:none|unset|nil|unknown)>$/.test(text) ? undefined : text);

/** A list that begins beside the key and goes on below it. */
export const listOf = ({ value, below }: Field): readonly string[] =>
  [value, ...below].map((line) => line.trim()).filter((line) => said(line) !== undefined);

/** `a=b` a line, or separated by commas. */
export const labelsOf = (of: Field): Record<string, string> =>
  Object.fromEntries(
    listOf(of)
      .flatMap((line) => line.split(","))
      .flatMap((pair) => {
        const at = pair.indexOf("=");
        return at <= 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]];
      }),
  );

/** `key: value` a line, as annotations are written. */
export const annotationsOf = (of: Field): Record<string, string> =>
  Object.fromEntries(
    listOf(of).flatMap((line) => {
      const at = line.search(/:(?:\s|$)/);
      return at <= 0 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
    }),
  );

/** A table with a line of dashes under its head: cells by the column they begin in, the last one to the end of the line. */
export const tableBelow = (lines: readonly string[]): readonly Readonly<Record<string, string>>[] => {
  const rule = lines.findIndex((line) => /^\s*-+(?:\s+-+)*\s*$/.test(line));
  const head = lines[rule - 1];
  if (rule < 1 || head === undefined) return [];
  const starts = [...(lines[rule] ?? "").matchAll(/-+/g)].map(({ index }) => index);
  const cells = (line: string): string[] => starts.map((start, column) => line.slice(start, starts[column + 1]).trim());
  const names = cells(head);
  return lines.slice(rule + 1).flatMap((line) => {
    if (line.trim() === "") return [];
    const values = cells(line);
    return [Object.fromEntries(names.map((name, column) => [name, values[column] ?? ""]))];
  });
};

const indentation = (line: string): number => line.length - line.trimStart().length;
