// Runs the controllers: remembers which objects a change concerns, and looks at each once, a moment later, in the order in which they were
// concerned. What fails is tried again after client-go's default back-off (util/workqueue). Knows no kinds.
import type { Controller } from "#embedded/controllers/controller.ts";
import { keyIn } from "#embedded/object-store.ts";
import type { Place } from "#embedded/objects.ts";
import { storageKeyOf } from "#embedded/resources.ts";
import { debounce } from "#embedded/debounce.ts";
import { ApiError } from "#embedded/status.ts";
import type { ServerContext } from "#embedded/server-context.ts";

const firstRetryMs = 5;
const lastRetryMs = 1_000_000;

export const runControllers = (world: ServerContext, controllers: readonly Controller[]): void => {
  const lanes = controllers.map((controller) => ({
    controller,
    storageKey: storageKeyOf(controller.resource),
    dirty: new Map<string, Place>(),
    failures: new Map<string, number>(),
    timers: new Map<string, () => void>(),
  }));
  type Lane = (typeof lanes)[number];

  const plan = debounce(world.clock, () => {
    for (const lane of lanes) drain(lane);
  });
  const mark = (lane: Lane, place: Place): void => {
    lane.dirty.set(keyIn(place.namespace, place.name), place);
    plan();
  };
  const markLater = (lane: Lane, place: Place, delayMs: number): void => {
    const key = keyIn(place.namespace, place.name);
    lane.timers.get(key)?.();
    const cancel = world.clock.after(delayMs, () => {
      lane.timers.delete(key);
      mark(lane, place);
    });
    lane.timers.set(key, cancel);
  };
  const drain = (lane: Lane): void => {
    const places = [...lane.dirty.entries()];
    lane.dirty.clear();
    for (const [key, place] of places) look(lane, key, place);
  };
  const look = (lane: Lane, key: string, place: Place): void => {
    const { controller, failures } = lane;
    try {
      const object = world.find(controller.resource, place.namespace, place.name);
      if (object === undefined) controller.gone?.(place);
      else controller.sync(object, (delayMs) => markLater(lane, place, delayMs));
      failures.delete(key);
    } catch (error) {
      // Refused, or changed meanwhile; anything else is a bug.
      if (!(error instanceof ApiError)) throw error;
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      markLater(lane, place, Math.min(firstRetryMs * 2 ** count, lastRetryMs));
    }
  };

  world.store.onChange((change) => {
    for (const lane of lanes) {
      if (change.storageKey === lane.storageKey) mark(lane, change.object.metadata);
      for (const place of lane.controller.affected(change)) mark(lane, place);
    }
  });
};
