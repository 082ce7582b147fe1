// A process that can be killed and stopped: nothing reaches it when it is dead, and what came while it was stopped reaches it afterwards.
// What runs inside is ordinary code; it is cut off from time and network, and so ends without noticing.
import type { Clock } from "#lib/clock.ts";
import type { VirtualClock } from "#sim/virtual-clock.ts";

export interface SimProcess {
  readonly name: string;
  readonly alive: boolean;
  /** Its wall clock may be wrong; its timers are not. */
  readonly clock: Clock;
  /** Runs it now, or when the process goes on; never in a dead one. */
  deliver(callback: () => void): void;
  onKill(callback: () => void): void;
  kill(): void;
  pause(): void;
  resume(): void;
  readonly paused: boolean;
  skewClock(byMs: number): void;
  /** The wall clock is right again. */
  correctClock(): void;
}

export const createSimProcess = (name: string, world: VirtualClock): SimProcess => {
  let alive = true;
  let paused = false;
  let skewMs = 0;
  const held: (() => void)[] = [];
  const onKill: (() => void)[] = [];
  const deliver = (callback: () => void): void => {
    if (!alive) return;
    if (paused) held.push(callback);
    else callback();
  };
  return {
    name,
    get alive() {
      return alive;
    },
    get paused() {
      return paused;
    },
    clock: {
      now: () => world.now() + skewMs,
      uptime: () => world.uptime(),
      after: (delayMs, callback) => {
        let cancelled = false;
        const cancel = world.after(delayMs, () => deliver(() => (cancelled ? undefined : callback())));
        return () => {
          cancelled = true;
          cancel();
        };
      },
    },
    deliver,
    onKill: (callback) => void onKill.push(callback),
    kill: () => {
      if (!alive) return;
      alive = false;
      held.length = 0;
      for (const callback of onKill) callback();
    },
    pause: () => {
      paused = alive;
    },
    resume: () => {
      paused = false;
      for (const callback of held.splice(0)) world.after(0, () => deliver(callback));
    },
    skewClock: (byMs) => {
      skewMs += byMs;
    },
    correctClock: () => {
      skewMs = 0;
    },
  };
};
