import { describe, expect, test } from "vitest";
import { canonicalQuantity, parseQuantity } from "#lib/quantity.ts";

describe("a quantity in thousandths", () => {
  const cases: Record<string, bigint> = {
    "1": 1000n,
    "250m": 250n,
    "0.5": 500n,
    "1.": 1000n,
    "2k": 2_000_000n,
    "64Mi": 64n * 1024n * 1024n * 1000n,
    "1.5Gi": 1536n * 1024n * 1024n * 1000n,
    "1e3": 1_000_000n,
    "5E-1": 500n,
    "2E": 2n * 10n ** 18n * 1000n,
    "0.0001": 1n,
    "+3": 3000n,
  };
  for (const [text, value] of Object.entries(cases)) test(`${text} is ${value}`, () => expect(parseQuantity(text)).toBe(value));
});

describe("what is no quantity", () => {
  for (const text of ["", "Mi", "-1", "1 Mi", "1mi", "1e", "64MiB", "0x10", "9".repeat(40)])
    test(`"${text}"`, () => expect(parseQuantity(text)).toBeUndefined());
});

describe("as the API server writes it", () => {
  const cases: Record<string, string> = {
    "1024Mi": "1Gi",
    "1.5Gi": "1536Mi",
    "64Mi": "64Mi",
    "0.5Ki": "512",
    "1000m": "1",
    "1500m": "1500m",
    "0.5": "500m",
    "2000": "2k",
    "128M": "128M",
    "0": "0",
    "0Gi": "0",
    "1e3": "1k",
  };
  for (const [text, canonical] of Object.entries(cases))
    test(`${text} is ${canonical}`, () => expect(canonicalQuantity(text)).toBe(canonical));
  test("what is no quantity has no form", () => expect(canonicalQuantity("lots")).toBeUndefined());
});
