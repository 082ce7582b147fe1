// The log: one JSON object per line, on the given clock, with nothing secret in it.
import { expect, test } from "vitest";

import { createLog, silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const capture = (level: "debug" | "info" | "silent" = "info") => {
  const lines: Record<string, unknown>[] = [];
  const clock = createManualClock(Date.UTC(2030, 0, 1));
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  return { lines, log: createLog({ clock, level, destination, fields: { role: "gateway" } }) };
};

test("a line has time, level, message and the fields of all its parents", () => {
  const { lines, log } = capture();
  log.child({ object: "shop/web" }).warn("is late", { afterMs: 5 });
  expect(lines).toEqual([
    { level: "warn", time: "2030-01-01T00:00:00.000Z", role: "gateway", object: "shop/web", afterMs: 5, message: "is late" },
  ]);
});

test("message, fields and errors are redacted", () => {
  const { lines, log } = capture();
  log.error("login with password=hunter2", { url: "https://u:hunter2@x", token: "hunter2", error: new Error("hunter2 is token=hunter2") });
  const text = JSON.stringify(lines).replaceAll("hunter2 is", "");
  expect(text).not.toContain("hunter2");
});

test("no line steers the terminal it is read on", () => {
  const { lines, log } = capture();
  log.warn("a\u001b[31mb\u009bc\u202e", { user: "\u2066ann\u200b", "k\u0085ey": ["\u2028"], error: new Error("\u009d0;x") });
  expect(JSON.stringify(lines)).not.toMatch(/\\u00[0189]|[\u0080-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/);
  expect(lines[0]).toMatchObject({ message: "abc", user: "ann" });
});

test("what is below the level is not written", () => {
  const info = capture("info");
  info.log.debug("quiet");
  info.log.info("loud");
  expect(info.lines.map((line) => line["message"])).toEqual(["loud"]);
  const silent = capture("silent");
  silent.log.error("not written");
  silentLog.child({}).error("not written");
  expect(silent.lines).toEqual([]);
});
