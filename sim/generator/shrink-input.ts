// Makes a generated run that fails smaller: fewer faults, events, answers and objects, as long as it still fails. Never calls another failure the same.
import type { GeneratedInput, SimEvent } from "#sim/generator/input.ts";

/** `fails` is asked about smaller and smaller inputs; at most `budget` times. */
export const shrinkInput = async (
  input: GeneratedInput,
  fails: (input: GeneratedInput) => Promise<boolean>,
  budget = 120,
): Promise<GeneratedInput> => {
  let best = input;
  let left = budget;
  const holds = async (candidate: GeneratedInput): Promise<boolean> => {
    if (left <= 0) return false;
    left -= 1;
    if (!(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (const list of ["faults", "events", "answers", "pods"] as const) {
    // Halves first: most of what was drawn has nothing to do with it.
    for (let size = Math.ceil(best[list].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      for (let from = 0; from < best[list].length;)
        if (!(await holds({ ...best, [list]: best[list].filter((_, index) => index < from || index >= from + size) }))) from += size;
  }
  for (let index = best.fixtures.length - 1; index >= 0; index -= 1) await holds(withoutFixture(best, index));
  const used = best.namespaces.filter(({ name }) => best.fixtures.some(({ namespace }) => namespace === name));
  if (used.length < best.namespaces.length && best.events.every((event) => event.do !== "label"))
    await holds({ ...best, namespaces: used });
  if (best.replicas > 1) await holds({ ...best, replicas: 1 });
  return best;
};

/** The indexes of the events follow. */
const withoutFixture = (input: GeneratedInput, gone: number): GeneratedInput => ({
  ...input,
  fixtures: input.fixtures.filter((_, index) => index !== gone),
  events: input.events.flatMap((event): SimEvent[] => {
    if (!("fixture" in event)) return [event];
    if (event.fixture === gone) return [];
    return [event.fixture > gone ? { ...event, fixture: event.fixture - 1 } : event];
  }),
});
