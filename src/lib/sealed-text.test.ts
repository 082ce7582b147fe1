// What is sealed is read with its key at its place, and nowhere else.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { open, seal, sealedLength } from "#lib/sealed-text.ts";

const key = new Uint8Array(32).fill(1);
const otherKey = new Uint8Array(32).fill(2);
const text = '[{"type":"patch","value":"canary"}]';
const sealed = seal(key, "a place", text);
const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const anyText = fc.string({ unit: "binary" });

test("any text is read again with the same key and place", () => {
  fc.assert(
    fc.property(bytes, anyText, anyText, (k, about, plain) => {
      expect(open(k, about, seal(k, about, plain))).toEqual({ ok: true, text: plain });
    }),
  );
});

test("the same key, place and text give the same result; any difference gives another", () => {
  expect(seal(key, "a place", text)).toBe(sealed);
  const others = [seal(otherKey, "a place", text), seal(key, "another place", text), seal(key, "a place", `${text} `)];
  expect(new Set([sealed, ...others].map((each) => each.slice(0, 26))).size).toBe(4);
});

test("nothing of the text is in the sealed form", () => {
  expect(sealed).toMatch(/^sealed:v1:[A-Za-z0-9+/]+=*$/);
  expect(Buffer.from(sealed.slice(10), "base64").toString("latin1")).not.toContain("canary");
});

test("its length is known beforehand", () => {
  fc.assert(
    fc.property(anyText, (plain) => {
      expect(seal(key, "x", plain).length).toBe(sealedLength(Buffer.byteLength(plain)));
    }),
  );
});

describe("is not opened", () => {
  const raw = Buffer.from(sealed.slice(10), "base64");
  const flipped = (at: number): string => {
    const altered = Buffer.from(raw);
    altered[at]! ^= 1;
    return `sealed:v1:${altered.toString("base64")}`;
  };
  const cases: Record<string, readonly [string, Uint8Array, string, "unsealed" | "unauthentic"]> = {
    "with another key": [sealed, otherKey, "a place", "unauthentic"],
    "at another place": [sealed, key, "another place", "unauthentic"],
    "with another nonce": [flipped(0), key, "a place", "unauthentic"],
    "with an altered text": [flipped(14), key, "a place", "unauthentic"],
    "with an altered tag": [flipped(raw.byteLength - 1), key, "a place", "unauthentic"],
    "where its end is missing": [sealed.slice(0, -8), key, "a place", "unauthentic"],
    "where nothing is left but its beginning": ["sealed:v1:", key, "a place", "unauthentic"],
    "where it was never sealed": [text, key, "a place", "unsealed"],
  };
  for (const [name, [given, withKey, about, reason]] of Object.entries(cases))
    test(name, () => expect(open(withKey, about, given)).toEqual({ ok: false, reason }));
});
