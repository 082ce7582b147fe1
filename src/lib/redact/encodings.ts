// Text without the ways in which programs write signs: `%22`, `&quot;`, `\u0077`. Pure; for finding secrets only.

const entities: Readonly<Record<string, string>> = { quot: '"', amp: "&", lt: "<", gt: ">", apos: "'", nbsp: " " };
const encoded = /%[2-7][0-9A-Fa-f]|&(?:quot|amp|lt|gt|apos|nbsp);|&#(?:\d{2,3}|x[0-9A-Fa-f]{2});|\\{1,4}u00[2-7][0-9A-Fa-f]/g;
const isEncoded = /%[2-7][0-9A-Fa-f]|&(?:[a-z]{2,4}|#x?[0-9A-Fa-f]{2,3});|\\u00[2-7]/;

/** Only printable signs of ASCII: nothing that could steer what reads the text. */
export const decodedSigns = (text: string): string => (isEncoded.test(text) ? text.replace(encoded, (code) => signOf(code) ?? code) : text);

const signOf = (code: string): string | undefined => {
  if (code.startsWith("&#")) return printable(code[2] === "x" ? Number.parseInt(code.slice(3, -1), 16) : Number(code.slice(2, -1)));
  if (code.startsWith("&")) return entities[code.slice(1, -1)];
  return printable(Number.parseInt(code.slice(-2), 16));
};

const printable = (code: number): string | undefined => (code >= 32 && code < 127 ? String.fromCodePoint(code) : undefined);
