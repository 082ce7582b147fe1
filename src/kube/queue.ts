// Keys that wait for their turn: each at most once, one worker per key, earliest time wins. Never runs anything itself.
import { type Key, keyText } from "#api/object.ts";
import { type Backoff, backoffDelay } from "#lib/backoff.ts";
import type { Clock, Random } from "#lib/clock.ts";

export interface Queue {
  /** Something changed. Soon, where the key has just failed; at once otherwise; after its present run, where it is running. */
  add(key: Key): void;
  addAfter(key: Key, afterMs: number): void;
  /** The next key whose turn it is, now running until `done` or `failed`. */
  take(): Key | undefined;
  /** Forgets its failures. */
  done(key: Key): void;
  /** Returns in how many milliseconds it will be tried again: at least `atLeastMs`. */
  failed(key: Key, atLeastMs?: number): number;
  /** Ready now. */
  readonly depth: number;
  /** Drops everything that waits. */
  clear(): void;
}

export interface QueueDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Called when a key has become ready. */
  readonly onReady: () => void;
}

export const failureBackoff: Backoff = { firstMs: 50, maxMs: 300_000 };
/** A change calls for another look even while backing off, but an object that fails and changes in a circle must not spin. */
const longestWaitOfAChangeMs = 1_000;

interface Slot {
  readonly key: Key;
  readonly id: string;
  state: "idle" | "ready" | "running";
  changed: boolean;
  failures: number;
  timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;
}

export const createQueue = (deps: QueueDeps): Queue => {
  const slots = new Map<string, Slot>();
  const ready = new Set<Slot>();

  const slotOf = (key: Key): Slot => {
    const id = keyText(key);
    const slot = slots.get(id) ?? { key, id, state: "idle", changed: false, failures: 0, timer: undefined };
    slots.set(id, slot);
    return slot;
  };
  const forgetIfIdle = (slot: Slot): void => {
    if (slot.state === "idle" && slot.timer === undefined && slot.failures === 0) slots.delete(slot.id);
  };
  const stopTimer = (slot: Slot): void => {
    slot.timer?.cancel();
    slot.timer = undefined;
  };
  const makeReady = (slot: Slot): void => {
    if (slot.state !== "idle") return;
    stopTimer(slot);
    slot.state = "ready";
    ready.add(slot);
    deps.onReady();
  };
  const wakeAfter = (slot: Slot, afterMs: number): void => {
    const dueAt = deps.clock.now() + afterMs;
    if (slot.timer !== undefined && slot.timer.dueAt <= dueAt) return;
    stopTimer(slot);
    const cancel = deps.clock.after(afterMs, () => {
      slot.timer = undefined;
      if (slot.state === "running") slot.changed = true;
      else makeReady(slot);
    });
    slot.timer = { dueAt, cancel };
  };
  const change = (slot: Slot): void => {
    if (slot.state === "ready") return;
    if (slot.state === "running") slot.changed = true;
    else if (slot.failures === 0) makeReady(slot);
    else wakeAfter(slot, Math.min(longestWaitOfAChangeMs, backoffDelay(failureBackoff, slot.failures, deps.random)));
  };
  const finish = (slot: Slot): void => {
    slot.state = "idle";
    if (slot.changed) {
      slot.changed = false;
      change(slot);
    }
    forgetIfIdle(slot);
  };

  return {
    add: (key) => change(slotOf(key)),
    addAfter: (key, afterMs) => {
      const slot = slotOf(key);
      if (slot.state !== "ready") wakeAfter(slot, afterMs);
    },
    take: () => {
      const slot = ready.values().next().value;
      if (slot === undefined) return undefined;
      ready.delete(slot);
      slot.state = "running";
      return slot.key;
    },
    done: (key) => {
      const slot = slotOf(key);
      slot.failures = 0;
      finish(slot);
    },
    failed: (key, atLeastMs = 0) => {
      const slot = slotOf(key);
      slot.failures += 1;
      const waitMs = Math.max(atLeastMs, backoffDelay(failureBackoff, slot.failures, deps.random));
      wakeAfter(slot, waitMs);
      finish(slot);
      return waitMs;
    },
    get depth() {
      return ready.size;
    },
    clear: () => {
      for (const slot of slots.values()) stopTimer(slot);
      ready.clear();
      slots.clear();
    },
  };
};
