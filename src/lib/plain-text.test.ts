import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapedText, plainText, plainTexts } from "#lib/plain-text.ts";

const code = (point: number): string => `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const steering = [
  ...range(0x00, 0x1f).filter((point) => point !== 0x09 && point !== 0x0a),
  ...range(0x7f, 0x9f),
  0x061c,
  ...range(0x200b, 0x200f),
  0x2028,
  0x2029,
  ...range(0x202a, 0x202e),
  ...range(0x2066, 0x2069),
  0xfeff,
];

test.each(steering.map((point) => [code(point), String.fromCodePoint(point)]))("%s reaches no output as it is", (_, character) => {
  expect(plainText(`a${character}b`)).not.toContain(character);
  expect(escapedText(`a${character}b`)).toBe(`a\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}b`);
});

describe("for people", () => {
  const table: Record<string, [string, string]> = {
    "ordinary text stays": ["Grüße, 世界 😀 a\tb\nc", "Grüße, 世界 😀 a\tb\nc"],
    "colours go": ["\u001b[31mred\u001b[0m", "red"],
    "the title of a window goes": ["\u001b]0;title\u0007done", "done"],
    "a string for the device goes": ["a\u001bPq#0\u001b\\b", "ab"],
    "a line that only some programs end is one line": ["a\u2028b\u2029c", "a b c"],
    "the end of a line of Windows is one": ["a\r\nb", "a\nb"],
    "a turned name reads as it is": ["gpj.\u202eexe", "gpj.exe"],
    "a word with gaps of no width is a word": ["pass\u200bword=x", "password=x"],
  };
  test.each(Object.entries(table))("%s", (_, [text, plain]) => expect(plainText(text)).toBe(plain));
});

test("whatever comes in: twice is as once, and what is escaped in JSON is the same value", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
      expect(plainText(plainText(text))).toBe(plainText(text));
      expect(JSON.parse(escapedText(JSON.stringify(text)))).toBe(text);
      expect(escapedText(plainText(text))).toBe(plainText(text));
    }),
    { numRuns: 1000 },
  );
});

test("of a value every text is plain, but for fields that are compared byte by byte", () => {
  const value = { message: "a\u202eb", list: ["\u001b[1mx"], count: 1, none: null, changes: "\u202e" };
  expect(plainTexts(value, new Set(["changes"]))).toEqual({ message: "ab", list: ["x"], count: 1, none: null, changes: "\u202e" });
});
