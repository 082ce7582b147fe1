import { describe, expect, test } from "vitest";
import { decodeReport, encodeReport } from "#actions/report.ts";

test("a report is the same after it is written and read", () => {
  const report = { result: "Applied", changed: true, message: "changed Deployment shop/web" } as const;
  expect(decodeReport(encodeReport(report))).toEqual(report);
});

test("a long message is cut: the kubelet keeps 4096 bytes", () => {
  const text = encodeReport({ result: "Failed", changed: false, message: 'é\n"'.repeat(5000) });
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
  expect(decodeReport(text)?.result).toBe("Failed");
});

test("a message that stays too long is left out, the result is not", () => {
  const text = encodeReport({ result: "Failed", changed: true, message: "\u0001".repeat(1000) });
  expect(decodeReport(text)).toEqual({ result: "Failed", changed: true, message: "" });
});

test("a secret does not leave through the report", () => {
  expect(encodeReport({ result: "Failed", changed: false, message: "token=abcdefghijkl" })).not.toContain("abcdefghijkl");
});

describe("what is no report", () => {
  for (const text of [undefined, "", "Killed", "{}", '{"result":"Done","changed":true,"message":""}', "x".repeat(5000)])
    test(String(text).slice(0, 40), () => expect(decodeReport(text)).toBeUndefined());
});
