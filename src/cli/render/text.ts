// Text for a terminal: colours, wrapping, and the one line of what came out of a cluster: that passes oneLine or plainText.
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const escape = "\u001b[";
const painted =
  (on: number, off: number) =>
  (text: string): string =>
    text === "" ? "" : `${escape}${on}m${text}${escape}${off}m`;
const unpainted = (text: string): string => text;

const colours: Paint = {
  bold: painted(1, 22),
  dim: painted(2, 22),
  red: painted(31, 39),
  green: painted(32, 39),
  yellow: painted(33, 39),
  cyan: painted(36, 39),
};
const noColours: Paint = { bold: unpainted, dim: unpainted, red: unpainted, green: unpainted, yellow: unpainted, cyan: unpainted };

export const createPaint = (options: { readonly color: boolean }): Paint => (options.color ? colours : noColours);

/** Columns a text takes, colours aside. */
// eslint-disable-next-line no-control-regex
export const widthOf = (text: string): number => Array.from(text.replace(/\u001b\[[0-9;]*m/g, "")).length;

/** Breaks at spaces; a word longer than the width keeps its own line whole, so that names can be copied. */
export const wrapped = (text: string, width: number): readonly string[] => {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line === "") line = word;
      else if (widthOf(line) + 1 + widthOf(word) <= width) line += ` ${word}`;
      else {
        lines.push(line);
        line = word;
      }
    }
    lines.push(line);
  }
  return lines;
};
