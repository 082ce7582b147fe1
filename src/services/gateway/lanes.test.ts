import { expect, test } from "vitest";
import { createLanes } from "#services/gateway/lanes.ts";

/** Work that ends on demand. */
const setUp = (options = { concurrency: 2 }) => {
  const started: { lane: string; items: readonly number[]; end: (results?: readonly string[]) => void; fail: (error: Error) => void }[] =
    [];
  const lanes = createLanes<number, string>((lane, items) => {
    const done = Promise.withResolvers<readonly string[]>();
    started.push({ lane, items, end: (results = items.map(String)) => done.resolve(results), fail: done.reject });
    return done.promise;
  }, options);
  return { lanes, started, settle: () => new Promise((resolve) => setImmediate(resolve)) };
};

test("what is added together goes together, in order, each with its own result", async () => {
  const { lanes, started, settle } = setUp();
  const all = Promise.all([1, 2, 3].map((item) => lanes.add("a", item)));
  await settle();
  expect(started.map(({ items }) => items)).toEqual([[1, 2, 3]]);
  started[0]!.end();
  expect(await all).toEqual(["1", "2", "3"]);
  expect(lanes.waiting).toBe(0);
});

test("a lane works on one batch at a time; what arrives meanwhile is the next batch", async () => {
  const { lanes, started, settle } = setUp();
  const first = lanes.add("a", 1);
  await settle();
  const rest = Promise.all([lanes.add("a", 2), lanes.add("a", 3)]);
  await settle();
  expect(started).toHaveLength(1);
  started[0]!.end();
  await first;
  await settle();
  expect(started[1]!.items).toEqual([2, 3]);
  started[1]!.end();
  expect(await rest).toEqual(["2", "3"]);
});

test("lanes run beside each other up to the bound, and no further", async () => {
  const { lanes, started, settle } = setUp();
  const all = Promise.all(["a", "b", "c"].map((lane, index) => lanes.add(lane, index)));
  await settle();
  expect(started.map(({ lane }) => lane)).toEqual(["a", "b"]);
  started[0]!.end();
  await settle();
  expect(started.map(({ lane }) => lane)).toEqual(["a", "b", "c"]);
  for (const batch of started) batch.end();
  await all;
});

test("a batch that fails fails for all in it, and the lane goes on", async () => {
  const { lanes, started, settle } = setUp();
  const both = Promise.allSettled([lanes.add("a", 1), lanes.add("a", 2)]);
  await settle();
  started[0]!.fail(new Error("no"));
  expect((await both).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  const next = lanes.add("a", 3);
  await settle();
  started[1]!.end();
  expect(await next).toBe("3");
});

test("an item without a waiting caller is not worked on, and does not count", async () => {
  const { lanes, started, settle } = setUp({ concurrency: 1 });
  const first = lanes.add("a", 1);
  await settle();
  const gaveUp = new AbortController();
  const left = Promise.allSettled([lanes.add("a", 2, { signal: gaveUp.signal }), lanes.add("b", 3, { signal: gaveUp.signal })]);
  const wanted = lanes.add("b", 4);
  expect(lanes.waiting).toBe(4);
  gaveUp.abort(new Error("too late"));
  started[0]!.end();
  await first;
  await settle();
  expect(started.map(({ items }) => items)).toEqual([[1], [4]]);
  started[1]!.end();
  expect(await wanted).toBe("4");
  expect((await left).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(lanes.waiting).toBe(0);
});

test("an item without a result fails rather than hang", async () => {
  const { lanes, started, settle } = setUp();
  const lost = lanes.add("a", 1);
  await settle();
  started[0]!.end([]);
  await expect(lost).rejects.toThrow("lost an item");
});
