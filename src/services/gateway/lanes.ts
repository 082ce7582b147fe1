// One lane per target: what arrives for a target while a call for it is under way goes together in the next one. Knows nothing of alerts.

export interface Lanes<Item, Result> {
  /** Resolves with the item's own result. */
  add(lane: string, item: Item, how?: AddOptions): Promise<Result>;
  readonly waiting: number;
}

export interface AddOptions {
  /** An item that still waits when it is aborted is not worked on. */
  readonly signal?: AbortSignal;
  /** Lanes with an item of a lower rank go first. Default 0. */
  readonly rank?: number;
}

interface Place<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

export interface LanesOptions {
  /** Lanes that run at once. */
  readonly concurrency: number;
}

/** Guarantees: one batch per lane at a time, items in order. `work` answers one result per item; where it throws, all of the batch fail. */
export const createLanes = <Item, Result>(
  work: (lane: string, items: readonly Item[]) => Promise<readonly Result[]>,
  options: LanesOptions,
): Lanes<Item, Result> => {
  /** By rank; a lane is in one of them. */
  const ranks: Map<string, Place<Item, Result>[]>[] = [];
  const busy = new Set<string>();
  let waiting = 0;

  const pump = (): void => {
    for (const queues of ranks) startLanes(queues);
  };
  const startLanes = (queues: Map<string, Place<Item, Result>[]>): void => {
    for (const [lane, queued] of queues) {
      if (busy.size >= options.concurrency) return;
      if (busy.has(lane)) continue;
      queues.delete(lane);
      const places = queued.filter(isWanted);
      if (places.length === 0) continue;
      busy.add(lane);
      void run(lane, places).finally(() => {
        waiting -= places.length;
        busy.delete(lane);
        pump();
      });
    }
  };
  /** The callers of the others have given up: they would only delay later ones. */
  const isWanted = ({ signal, reject }: Place<Item, Result>): boolean => {
    if (signal?.aborted !== true) return true;
    waiting -= 1;
    reject(signal.reason);
    return false;
  };
  const run = async (lane: string, places: readonly Place<Item, Result>[]): Promise<void> => {
    try {
      const results = await work(
        lane,
        places.map((place) => place.item),
      );
      for (const [index, place] of places.entries()) {
        const result = results[index];
        if (result === undefined) place.reject(new TypeError("a lane lost an item"));
        else place.resolve(result);
      }
    } catch (error) {
      for (const place of places) place.reject(error);
    }
  };

  return {
    add: (lane, item, { signal, rank = 0 } = {}) => {
      waiting += 1;
      return new Promise((resolve, reject) => {
        while (ranks.length <= rank) ranks.push(new Map());
        const known = ranks.findIndex((queues) => queues.has(lane));
        const places = ranks[known]?.get(lane) ?? [];
        places.push({ item, resolve, reject, signal });
        if (known > rank) ranks[known]?.delete(lane);
        if (known < 0 || known > rank) ranks[rank]?.set(lane, places);
        // Not at once: the rest of the same delivery is being added right now.
        if (places.length === 1) queueMicrotask(pump);
      });
    },
    get waiting() {
      return waiting;
    },
  };
};
