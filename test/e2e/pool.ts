// Lets a bounded number of tasks run at once; the others wait for their turn.

export type Pool = <T>(task: () => Promise<T>) => Promise<T>;

export const createPool = (size: number): Pool => {
  let free = size;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
};
