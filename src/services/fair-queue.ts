// Work that waits for its turn, one key after the other, so that a key with much work does not hold up one with little. Knows nothing of the work.

export interface FairQueue {
  /** Throws BusyError where too much waits already. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export interface FairQueueOptions {
  readonly concurrency: number;
  readonly maxWaiting: number;
  readonly maxWaitingPerKey: number;
}

export class BusyError extends Error {
  constructor() {
    super("too much waits already");
    this.name = "BusyError";
  }
}

export const createFairQueue = ({ concurrency, maxWaiting, maxWaitingPerKey }: FairQueueOptions): FairQueue => {
  /** In the order of turns: a key that had its turn goes to the end. */
  const queues = new Map<string, (() => Promise<void>)[]>();
  let running = 0;
  let waiting = 0;

  const next = (): void => {
    if (running >= concurrency) return;
    const [key, queue] = queues.entries().next().value ?? [];
    const start = queue?.shift();
    if (key === undefined || queue === undefined || start === undefined) return;
    queues.delete(key);
    if (queue.length > 0) queues.set(key, queue);
    running += 1;
    waiting -= 1;
    void start().finally(() => {
      running -= 1;
      next();
    });
  };

  return {
    run: (key, work) => {
      const queue = queues.get(key) ?? [];
      if (waiting >= maxWaiting || queue.length >= maxWaitingPerKey) return Promise.reject(new BusyError());
      return new Promise((resolve, reject) => {
        waiting += 1;
        queue.push(() => work().then(resolve, reject));
        queues.set(key, queue);
        next();
      });
    },
  };
};
