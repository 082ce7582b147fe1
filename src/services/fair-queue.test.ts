import { expect, test } from "vitest";
import { BusyError, createFairQueue } from "#services/fair-queue.ts";

const setUp = (options = { concurrency: 1, maxWaiting: 10, maxWaitingPerKey: 6 }) => {
  const queue = createFairQueue(options);
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const add = (key: string, name: string): Promise<string> =>
    queue.run(key, () => {
      started.push(name);
      return new Promise((resolve) => void ends.push(() => resolve(name)));
    });
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  return { add, started, endOne };
};

test("a key with little work does not wait for all the work of another", async () => {
  const { add, started, endOne } = setUp();
  const all = "12345".split("").map((name) => add("flood", `flood ${name}`));
  all.push(add("good", "good"));
  for (let time = 0; time < 6; time += 1) await endOne();
  expect(started).toEqual(["flood 1", "flood 2", "good", "flood 3", "flood 4", "flood 5"]);
  expect(await Promise.all(all)).toHaveLength(6);
});

test("no more runs at once than is allowed", async () => {
  const { add, started, endOne } = setUp({ concurrency: 2, maxWaiting: 10, maxWaitingPerKey: 10 });
  const all = "abcd".split("").map((name) => add(name, name));
  expect(started).toEqual(["a", "b"]);
  await endOne();
  expect(started).toEqual(["a", "b", "c"]);
  for (let time = 0; time < 3; time += 1) await endOne();
  expect(await Promise.all(all)).toEqual(["a", "b", "c", "d"]);
});

test("what waits is bounded, for each key and in all", async () => {
  const { add, endOne } = setUp({ concurrency: 1, maxWaiting: 4, maxWaitingPerKey: 3 });
  const ofOne = "1234".split("").map((name) => add("one", name));
  await expect(add("one", "5")).rejects.toThrow(BusyError);
  const other = add("other", "6");
  await expect(add("third", "7")).rejects.toThrow(BusyError);
  for (let time = 0; time < 5; time += 1) await endOne();
  expect(await Promise.all([...ofOne, other])).toEqual(["1", "2", "3", "4", "6"]);
});

test("work that fails makes room for the next", async () => {
  const queue = createFairQueue({ concurrency: 1, maxWaiting: 10, maxWaitingPerKey: 10 });
  const failed = queue.run("a", () => Promise.reject(new Error("no")));
  const next = queue.run("a", () => Promise.resolve("yes"));
  await expect(failed).rejects.toThrow("no");
  expect(await next).toBe("yes");
});
