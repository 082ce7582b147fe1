import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cleanLog, cleanMessage, endOf } from "#evidence/text.ts";

describe("a message", () => {
  const table: Record<string, [string, string]> = {
    "is kept as it is": ["exit status 1", "exit status 1"],
    "loses the codes that paint a terminal": ["\u001b[31merror\u001b[0m \u001b]0;title\u0007done", "error done"],
    "loses control characters and turned writing": ["a\u0000b\u0007c\u202ed\u2066e", "abcde"],
    "has spaces for separators of lines that are no newline, and loses characters without width": [
      "a\u2028b\u2029c\u0085d\u200be\u061cf\u2060g",
      "a b cdefg",
    ],
    "keeps tabs and lines": ["a\tb\r\nc", "a\tb\nc"],
    "loses secrets": ["password=hunter2 token: abc", "password=[redacted] token: [redacted]"],
  };
  test.each(Object.entries(table))("%s", (_name, [text, expected]) => expect(cleanMessage(text, 1000)).toBe(expected));
  test("is cut at its end and says so", () => expect(cleanMessage("abcdef", 4)).toBe("abc…"));
  test("is never cut within a character", () => expect(cleanMessage("ab😀cd", 4)).toBe("ab…"));
});

describe("a log", () => {
  test("keeps its last lines", () => expect(cleanLog("a\nb\nc\n\n", 2, 1000)).toBe("b\nc"));
  test("keeps whole lines within the bound of bytes", () => expect(cleanLog("aaaa\nbbbb\ncc", 10, 8)).toBe("bbbb\ncc"));
  test("of one long line keeps its end, whole characters", () => expect(cleanLog(`${"ü".repeat(20)}end`, 10, 8)).toBe("üüend"));
  test("loses a secret also where the cut goes through it", () =>
    expect(cleanLog("password=hunter2-and-more", 10, 9)).not.toContain("more"));
});

test("the end of a log is its last whole lines within the bounds, as if they were dropped one after the other", () => {
  const dropped = (text: string, maxLines: number, maxBytes: number): string => {
    const lines = text.split("\n");
    while (lines.at(-1) === "") lines.pop();
    const kept = lines.slice(-maxLines);
    while (kept.length > 1 && Buffer.byteLength(kept.join("\n")) > maxBytes) kept.shift();
    return kept.join("\n");
  };
  const text = fc.string({ unit: fc.constantFrom("a", "ü", "\n"), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 40 }), (log, lines, bytes) => {
      const expected = dropped(log, lines, bytes);
      const end = endOf(log, lines, bytes);
      if (Buffer.byteLength(expected) <= bytes) expect(end).toBe(expected);
      else expect(expected.endsWith(end) && Buffer.byteLength(end) <= bytes).toBe(true);
    }),
  );
});

test("the end of a clean text is not redacted once more", () => {
  expect(endOf("password=hunter2", 5, 100)).toBe("password=hunter2");
});

test("whatever comes in: bounded, without control characters, no half characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), fc.integer({ min: 2, max: 60 }), (text, max) => {
      const message = cleanMessage(text, max);
      const log = cleanLog(text, 5, max);
      expect(message.length).toBeLessThanOrEqual(max);
      expect(Buffer.byteLength(log)).toBeLessThanOrEqual(max);
      // oxlint-disable-next-line no-control-regex
      expect(`${message}${log}`).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      expect(message.isWellFormed() || !text.isWellFormed()).toBe(true);
    }),
  );
});
