import { expect, test } from "vitest";
import { createPool } from "#test/e2e/pool.ts";

test("no more than its size run at once, all run, and a failure frees its place", async () => {
  const pool = createPool(2);
  let running = 0;
  let most = 0;
  const task = (number: number): Promise<number> =>
    pool(async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      if (number === 1) throw new Error("one");
      return number;
    });
  const results = await Promise.allSettled([0, 1, 2, 3, 4].map(task));
  expect(results.map((result) => (result.status === "fulfilled" ? result.value : "failed"))).toEqual([0, "failed", 2, 3, 4]);
  expect(most).toBe(2);
});
