import { expect, test } from "vitest";
import { observedHttp } from "#cli/observed-http.ts";
import type { HttpClient, HttpRequest } from "#lib/http-client.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const fake = (
  sent: HttpRequest[],
  answer: () => Promise<{ status: number; headers: Record<string, string>; text: string }>,
): HttpClient => ({
  send: (request) => {
    sent.push(request);
    return answer();
  },
  stream: async () => {
    throw new Error("no stream here");
  },
  close: () => {},
});
const request: HttpRequest = { method: "GET", url: "https://api/version", headers: { authorization: "Bearer secret" }, timeoutMs: 30_000 };

test("--request-timeout replaces the time limit of every request", async () => {
  const sent: HttpRequest[] = [];
  const http = fake(sent, async () => ({ status: 200, headers: {}, text: "" }));
  await observedHttp(http, { clock: createManualClock(), timeoutMs: 5_000 }).send(request);
  await observedHttp(http, { clock: createManualClock() }).send(request);
  expect(sent.map(({ timeoutMs }) => timeoutMs)).toEqual([5_000, 30_000]);
});

test("-v shows method, address, result and time of every request, and no credential", async () => {
  const lines: string[] = [];
  const options = { clock: createManualClock(), show: (line: string) => void lines.push(line) };
  await observedHttp(
    fake([], async () => ({ status: 403, headers: {}, text: "" })),
    options,
  ).send(request);
  const broken = fake([], async () => {
    throw new Error("connection reset");
  });
  await expect(observedHttp(broken, options).send(request)).rejects.toThrow("connection reset");
  await expect(observedHttp(broken, options).stream(request)).rejects.toThrow("no stream here");
  expect(lines).toEqual([
    "GET https://api/version 403 in 0 ms",
    "GET https://api/version connection reset in 0 ms",
    "GET https://api/version no stream here in 0 ms",
  ]);
});
