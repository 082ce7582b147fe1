// Problem details: the form, and that nothing secret is in it.
import { expect, test } from "vitest";

import { ProblemError, problemBody, problemResponse } from "#lib/problem.ts";

test("a problem has its type, code, status and title, and only what it was given", () => {
  expect(problemBody({ code: "not-found", status: 404, title: "Not found" })).toEqual({
    type: "https://kintsugi.dev/problems/not-found",
    code: "not-found",
    status: 404,
    title: "Not found",
  });
});

test("details and errors are redacted", () => {
  const errors = [{ pointer: "/alerts/0", detail: "token=hunter2" }];
  const body = JSON.stringify(problemBody({ code: "invalid", status: 400, title: "Invalid", detail: "password=hunter2", errors }));
  expect(body).not.toContain("hunter2");
  expect(body).toContain('"pointer":"/alerts/0"');
});

test("as a response it has its status, its content type, and whole seconds to wait", async () => {
  const response = problemResponse({ code: "busy", status: 503, title: "Busy", retryAfterSeconds: 0.2 });
  expect([response.status, response.headers.get("content-type"), response.headers.get("retry-after")]).toEqual([
    503,
    "application/problem+json",
    "1",
  ]);
  expect(await response.json()).not.toHaveProperty("retryAfterSeconds");
});

test("thrown, it says what is wrong", () => {
  expect(new ProblemError({ code: "busy", status: 503, title: "Busy" }).message).toBe("Busy");
  expect(new ProblemError({ code: "busy", status: 503, title: "Busy", detail: "for now" }).message).toBe("for now");
});
