// Takes time, randomness and timers of the machine away while a simulation runs: whatever reaches for them would differ from run to run.
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

export class AmbientError extends Error {
  constructor(what: string) {
    super(`${what} was called in a simulation: time and randomness have to be passed in`);
    this.name = "AmbientError";
  }
}

interface Place {
  readonly holder: object;
  readonly name: string;
}

const places: readonly Place[] = [
  { holder: Date, name: "now" },
  { holder: performance, name: "now" },
  { holder: Math, name: "random" },
  { holder: globalThis, name: "setTimeout" },
  { holder: globalThis, name: "setInterval" },
  { holder: globalThis, name: "fetch" },
  ...["randomBytes", "randomInt", "randomUUID", "randomFill", "randomFillSync"].map((name) => ({ holder: crypto, name })),
  { holder: globalThis.crypto, name: "getRandomValues" },
  { holder: globalThis.crypto, name: "randomUUID" },
];

/** Returns how to give them back. */
export const forbidAmbient = (): (() => void) => {
  const restore = places.map(({ holder, name }) => {
    const own = Object.getOwnPropertyDescriptor(holder, name);
    const value = (): never => {
      throw new AmbientError(name);
    };
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
    return () => {
      if (own === undefined) Reflect.deleteProperty(holder, name);
      else Object.defineProperty(holder, name, own);
    };
  });
  const RealDate = globalThis.Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args, newTarget) => {
      if (args.length === 0) throw new AmbientError("new Date()");
      return Reflect.construct(target, args, newTarget) as object;
    },
    apply: () => {
      throw new AmbientError("Date()");
    },
  });
  // Those who imported a name from node:crypto get the guarded one too.
  syncBuiltinESMExports();
  return () => {
    globalThis.Date = RealDate;
    for (const each of restore) each();
    syncBuiltinESMExports();
  };
};
