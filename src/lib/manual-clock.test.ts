// The clock of tests: due callbacks run in order, and time moves only on request.
import { expect, test } from "vitest";

import { delay } from "#lib/clock.ts";
import { createManualClock } from "#lib/manual-clock.ts";

test("runs what is due in order of time, then of asking, each at its own moment", async () => {
  const clock = createManualClock(0);
  const ran: string[] = [];
  for (const [name, ms] of [
    ["c", 30],
    ["a", 10],
    ["b", 10],
    ["never", 31],
  ] as const)
    clock.after(ms, () => ran.push(`${name}@${clock.now()}`));
  await clock.advance(30);
  expect([ran, clock.now(), clock.waiting]).toEqual([["a@10", "b@10", "c@30"], 30, 1]);
});

test("what a callback's promises ask for runs too, when it is due on the way", async () => {
  const clock = createManualClock(0);
  const ran: number[] = [];
  const chain = (async () => {
    for (let step = 0; step < 3; step += 1) {
      await delay(clock, 10);
      ran.push(clock.now());
    }
  })();
  await clock.advance(100);
  await chain;
  expect(ran).toEqual([10, 20, 30]);
});

test("what was cancelled never runs", async () => {
  const clock = createManualClock(0);
  let ran = 0;
  const cancel = clock.after(5, () => (ran += 1));
  cancel();
  await clock.advance(10);
  expect([ran, clock.waiting, await clock.advanceToNext()]).toEqual([0, 0, false]);
});

test("moves to the next thing that waits, however far", async () => {
  const clock = createManualClock(0);
  clock.after(86_400_000, () => {});
  expect([await clock.advanceToNext(), clock.now()]).toEqual([true, 86_400_000]);
});

test("a delay that is given up rejects and leaves nothing behind", async () => {
  const clock = createManualClock(0);
  const abort = new AbortController();
  const waiting = delay(clock, 10, abort.signal);
  abort.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(delay(clock, 10, abort.signal)).rejects.toThrow("enough");
  expect(clock.waiting).toBe(0);
});
