// Errors: one classification for everything that can be thrown.
import { describe, expect, test } from "vitest";

import { KubeError, StalledError, errorCode, errorOfAnswer, errorOfStatus, isGone, isGuardFailed, isTransient } from "#kube/errors.ts";
import { JsonPatchError } from "#lib/json-patch.ts";

describe("an answer", () => {
  const status = (code: number, more: object = {}): string => JSON.stringify({ kind: "Status", code, message: "m", ...more });
  const cases: readonly (readonly [number, string, string])[] = [
    [400, "rejected", "BadRequest"],
    [401, "transient", "Unauthorized"],
    [403, "stalled", "Forbidden"],
    [404, "rejected", "NotFound"],
    [405, "rejected", "MethodNotAllowed"],
    [408, "transient", "Unknown"],
    [409, "transient", "Conflict"],
    [410, "transient", "Expired"],
    [413, "rejected", "RequestEntityTooLarge"],
    [422, "rejected", "Invalid"],
    [429, "transient", "TooManyRequests"],
    [500, "transient", "InternalError"],
    [503, "transient", "ServiceUnavailable"],
    [504, "transient", "Timeout"],
  ];
  test.for(cases)("of %i is %s, %s", ([code, expected, reason]) => {
    const error = errorOfAnswer("get Pod a/b", code, status(code), undefined);
    expect([error.code, error.reason, error.message, errorCode(error), isTransient(error)]).toEqual([
      expected,
      reason,
      "get Pod a/b: m",
      expected,
      expected === "transient",
    ]);
  });

  test("carries the server's own reason, causes and time to wait", () => {
    const details = { causes: [{ field: "spec.x", message: "Required" }], retryAfterSeconds: 3 };
    const error = errorOfAnswer("create", 409, status(409, { reason: "AlreadyExists", details }), undefined);
    expect([error.reason, error.causes, error.retryAfterMs]).toEqual(["AlreadyExists", details.causes, 3_000]);
    expect(errorOfAnswer("create", 429, status(429, { details }), 9_000).retryAfterMs).toBe(9_000);
  });

  test("that is no Status is quoted, in bounds", () => {
    expect(errorOfAnswer("get", 502, "<html>Bad Gateway</html>", undefined).message).toBe("get: <html>Bad Gateway</html>");
    expect(errorOfAnswer("get", 502, "x".repeat(10_000), undefined).message.length).toBeLessThan(400);
    expect(errorOfAnswer("get", 503, "", undefined).message).toBe("get: HTTP 503");
    expect(errorOfAnswer("get", 500, '{"kind":"Pod"}', undefined).reason).toBe("InternalError");
  });

  test("inside a watch counts as 500 where it names no code", () => {
    const error = errorOfStatus("watch pods", {});
    expect([error.status, error.message, isGone(error)]).toEqual([500, "watch pods: HTTP 500", false]);
    expect(isGone(errorOfStatus("watch pods", { code: 410 }))).toBe(true);
  });
});

test.for([
  ["Connection", "transient"],
  ["Timeout", "transient"],
  ["Credentials", "transient"],
  ["TooLarge", "stalled"],
  ["Unreadable", "stalled"],
] as const)("no answer, for the reason %s, is %s", ([reason, code]) => {
  expect(new KubeError({ doing: "get", status: 0, reason, message: "m" }).code).toBe(code);
});

test("what is not ours is a bug, and what stalls says so", () => {
  expect([errorCode(new TypeError("x")), errorCode("x"), errorCode(new StalledError("a person"))]).toEqual(["bug", "bug", "stalled"]);
});

test("our own patch that did not fit counts like the server's", () => {
  expect([
    isGuardFailed(new JsonPatchError("guard", 0, "m")),
    isGuardFailed(new JsonPatchError("path", 0, "m")),
    isGuardFailed(new JsonPatchError("malformed", 0, "m")),
  ]).toEqual([true, true, false]);
});
