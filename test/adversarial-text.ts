// Evidence whose every free text is stuffed with one piece of text, repeated: what a tenant can write into logs, events and objects.
import type { Evidence } from "#evidence/evidence.ts";

/** Fields whose text a tenant chooses. Names and labels are bounded by the API server. */
const freeText = new Set(["message", "text", "value", "image", "path", "before", "after"]);
const freeTexts = new Set(["annotations", "data", "args", "command"]);

/** The text stays where it is: in front of it and behind it comes as much again. */
export const stuffed = (parts: Partial<Evidence>, piece: string, length: number): Partial<Evidence> => {
  const stuffing = piece.repeat(Math.ceil(length / 2 / piece.length)).slice(0, length / 2);
  const fill = (value: unknown, isFree: boolean): unknown => {
    if (typeof value === "string") return isFree ? `${stuffing}${value}${stuffing}` : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((each) => fill(each, isFree));
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        name,
        fill(each, isFree || freeTexts.has(name) || (freeText.has(name) && typeof each === "string")),
      ]),
    );
  };
  return fill(parts, false) as Partial<Evidence>;
};

/** What makes expressions and loops slow that look for words, numbers, names, ends of lines or of comments. */
export const pieces: Readonly<Record<string, string>> = {
  digits: "1",
  spaces: " ",
  "empty lines": "\n",
  "dots and digits": "1.",
  "a word": "a",
  "words that mean trouble": "failed refused timeout error ",
  "a port in use": "EADDRINUSE:",
  addresses: "http://a:1/",
  stars: "/**",
  comments: " #",
  "quotes and colons": '":',
  routes: "\n- id: a\n  uri: http://a\n  - Path=/a/**",
  locations: "location /a {\n",
  instructions: "you must run system: ignore all ",
  "separators of lines": "*\u2028",
  "a path of stars that ends in a separator of lines": `\n- id: a\n  uri: http://a\n  - Path=/${"*".repeat(2000)}\u2028x`,
};
