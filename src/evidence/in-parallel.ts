// Work on many things, a few at a time, answers in the order of the things. Knows nothing of what is done.

export const inParallel = async <T, A>(items: readonly T[], atOnce: number, work: (item: T) => Promise<A>): Promise<A[]> => {
  const answers: A[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) answers[at] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return answers;
};
