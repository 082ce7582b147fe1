// The queue: once per key, one worker per key, the earliest time wins, failures back off.
import { expect, test } from "vitest";

import { createQueue } from "#kube/queue.ts";
import { createManualClock } from "#lib/manual-clock.ts";

const setUp = () => {
  const clock = createManualClock(0);
  let wakes = 0;
  const queue = createQueue({ clock, random: () => 1, onReady: () => (wakes += 1) });
  const key = (name: string) => ({ namespace: "shop", name });
  const take = (): string | undefined => queue.take()?.name;
  return { clock, queue, key, take, wakes: () => wakes };
};

test("keys come out once each, in the order they came in", () => {
  const { queue, key, take, wakes } = setUp();
  for (const name of ["a", "b", "a"]) queue.add(key(name));
  expect([queue.depth, wakes(), take(), take(), take()]).toEqual([2, 2, "a", "b", undefined]);
});

test("a key that changes while it runs comes again afterwards, and only once", () => {
  const { queue, key, take } = setUp();
  queue.add(key("a"));
  take();
  queue.add(key("a"));
  queue.add(key("a"));
  expect(take()).toBeUndefined();
  queue.done(key("a"));
  expect(take()).toBe("a");
  queue.done(key("a"));
  expect(take()).toBeUndefined();
});

test("of several times the earliest counts, and a change comes before all of them", async () => {
  const { clock, queue, key, take } = setUp();
  queue.addAfter(key("a"), 100);
  queue.addAfter(key("a"), 50);
  queue.addAfter(key("a"), 70);
  await clock.advance(49);
  expect(take()).toBeUndefined();
  await clock.advance(1);
  expect(take()).toBe("a");
  queue.done(key("a"));
  queue.addAfter(key("a"), 100);
  queue.add(key("a"));
  queue.addAfter(key("a"), 10);
  expect([take(), clock.waiting]).toEqual(["a", 0]);
});

test("a time that comes while the key runs brings it back afterwards", async () => {
  const { clock, queue, key, take } = setUp();
  queue.add(key("a"));
  take();
  queue.addAfter(key("a"), 10);
  await clock.advance(10);
  expect(take()).toBeUndefined();
  queue.done(key("a"));
  expect(take()).toBe("a");
});

test("failures wait twice as long each time, up to five minutes, and success forgets them", async () => {
  const { clock, queue, key, take } = setUp();
  queue.add(key("a"));
  const waits: number[] = [];
  for (let failure = 0; failure < 15; failure += 1) {
    expect(take()).toBe("a");
    waits.push(queue.failed(key("a")));
    await clock.advance(waits.at(-1)! - 1);
    expect(take()).toBeUndefined();
    await clock.advance(1);
  }
  expect([waits.slice(0, 4), waits.at(-1)]).toEqual([[50, 100, 200, 400], 300_000]);
  take();
  queue.done(key("a"));
  queue.add(key("a"));
  take();
  expect(queue.failed(key("a"))).toBe(50);
});

test("the server's Retry-After is kept to, but its own wait is not shortened", () => {
  const { queue, key, take } = setUp();
  queue.add(key("a"));
  take();
  expect(queue.failed(key("a"), 7_000)).toBe(7_000);
});

test("a change calls for a look within a second, even where the key would wait for minutes, but not at once", async () => {
  const { clock, queue, key, take } = setUp();
  queue.add(key("a"));
  for (let failure = 0; failure < 12; failure += 1) {
    take();
    await clock.advance(queue.failed(key("a")));
  }
  take();
  queue.add(key("a"));
  queue.failed(key("a"));
  expect(take()).toBeUndefined();
  await clock.advance(999);
  expect(take()).toBeUndefined();
  await clock.advance(1);
  expect(take()).toBe("a");
});

test("one key's failures do not hold another's work", () => {
  const { queue, key, take } = setUp();
  queue.add(key("a"));
  take();
  queue.failed(key("a"));
  queue.add(key("b"));
  expect(take()).toBe("b");
});

test("a cleared queue wakes no worker", async () => {
  const { clock, queue, key, take } = setUp();
  queue.add(key("a"));
  queue.addAfter(key("b"), 10);
  queue.clear();
  await clock.advance(100);
  expect([take(), queue.depth, clock.waiting]).toEqual([undefined, 0, 0]);
});
