// Text for a terminal that shows ASCII only, as LC_ALL=C says. Pure.

const replacements: Readonly<Record<string, string>> = {
  "•": "*",
  "·": "-",
  "│": "|",
  "─": "-",
  "→": "->",
  "✓": "+",
  "✗": "x",
  "…": "...",
  "“": '"',
  "”": '"',
};

/** By the variables that decide it, in their order; a terminal that says nothing is taken for a modern one. */
export const isAsciiOnly = (env: Readonly<Record<string, string | undefined>>): boolean =>
  /^(?:C|POSIX)$/.test(env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "");

/** The marks of this program; what a cluster says stays as it is. */
export const asAscii = (text: string): string => text.replaceAll(/[•·│─→✓✗…“”]/g, (mark) => replacements[mark] ?? mark);
