// Which faults there are to try on a course: every crash point, every single fault, and plans drawn from a seed. Pure.
import type { Random } from "#lib/clock.ts";
import type { EventFault, Fault, FaultPlan, RequestFault, Side, TimedFault } from "#sim/faults.ts";
import { between, pick } from "#sim/seeded-random.ts";
import type { Course } from "#sim/courses.ts";

/** How much a run without faults has of everything, by `what/whose`. */
export type Counted = Readonly<Record<string, number>>;

const sides: readonly Side[] = ["before", "after"];
const owners = ["product", "act"] as const;

const kill = (of: (typeof owners)[number], n: number, side: Side): FaultPlan => [
  { at: { on: "write", of, n }, what: { kind: "kill", side } },
];

/** The moments of a run without faults at which a process can be killed. */
export interface Reference {
  readonly counted: Counted;
  /** `METHOD path status` of each write of the product, in order. */
  readonly productWrites: readonly string[];
  /** What is different from the start: the environment, how many replicas there are. */
  readonly start: string;
}

/**
 * Before it is sent and after it is carried out, each write once. Courses begin alike: of the writes before which all courses so far have been the
 * same, each course takes every fourth again, since what happens after the crash is another thing.
 */
export const createCrashPoints = (): ((reference: Reference) => FaultPlan[]) => {
  const known = new Set<string>();
  let repeated = 0;
  return ({ counted, productWrites, start }) => {
    let history = start;
    const product = productWrites.flatMap((write, index) => {
      history += `\n${write}`;
      if (!known.has(history)) {
        known.add(history);
        return sides.map((side) => kill("product", index + 1, side));
      }
      repeated += 1;
      return repeated % 4 === 0 ? [kill("product", index + 1, repeated % 8 === 0 ? "before" : "after")] : [];
    });
    return [...product, ...upTo(counted["write/act"]).flatMap((n) => sides.map((side) => kill("act", n, side)))];
  };
};

/** The same, and every other list that the next process reads is a few writes old, or many. */
export const staleStarts = (counted: Counted): FaultPlan[] =>
  upTo(counted["write/product"]).flatMap((n) =>
    sides.flatMap((side) =>
      [5, 15].map((thenStale): FaultPlan => [{ at: { on: "write", of: "product", n }, what: { kind: "kill", side, thenStale } }]),
    ),
  );

export const requestFaults: readonly RequestFault[] = [
  ...sides.flatMap((side): RequestFault[] => [
    { kind: "error", side, status: 500 },
    { kind: "error", side, status: 503, retryAfterSeconds: 1 },
    { kind: "reset", side },
    { kind: "drop", side },
    { kind: "delay", side, ms: 2_500 },
  ]),
  // What the server says before it has done anything.
  { kind: "error", side: "before", status: 409 },
  { kind: "error", side: "before", status: 410 },
  { kind: "error", side: "before", status: 429, retryAfterSeconds: 2 },
  { kind: "repeat", answer: "first" },
  { kind: "repeat", answer: "second" },
];

export const eventFaults: readonly EventFault[] = [
  { kind: "hold", ms: 3_000 },
  { kind: "repeatEvent" },
  ...(["eof", "breakWatch", "cut", "gone"] as const).map((kind) => ({ kind })),
];

/** Every fault at every write and every event of a watch, one at a time. */
export const singleFaults = (counted: Counted): FaultPlan[] => [
  ...owners.flatMap((of) =>
    upTo(counted[`write/${of}`]).flatMap((n) => requestFaults.map((what): FaultPlan => [{ at: { on: "write", of, n }, what }])),
  ),
  ...upTo(counted["event/product"]).flatMap((n) => eventFaults.map((what): FaultPlan => [{ at: { on: "event", of: "product", n }, what }])),
  ...staleStarts(counted),
];

const upTo = (count = 0): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** One to four faults of any kind, anywhere in the run. */
export const drawFaults = (random: Random, counted: Counted, { replicas }: Course): FaultPlan =>
  Array.from({ length: between(random, 1, 4) }, () => drawFault(random, counted, { replicas, withinMs: 6_000 }));

interface FaultScope {
  readonly replicas: 1 | 2;
  /** A fault that has a time begins by then. */
  readonly withinMs: number;
}

export const drawFault = (random: Random, counted: Counted, scope: FaultScope): Fault => {
  const somewhere = (on: "write" | "request" | "event", of: "product" | "act"): number =>
    between(random, 1, Math.max(1, counted[`${on}/${of}`] ?? 1));
  const of = random() < 0.85 ? "product" : "act";
  const chance = random();
  if (chance < 0.25) {
    const thenStale = of === "product" && random() < 0.4 ? { thenStale: between(random, 1, 20) } : {};
    return { at: { on: "write", of, n: somewhere("write", of) }, what: { kind: "kill", side: pick(random, sides), ...thenStale } };
  }
  if (chance < 0.55) return { at: { on: "write", of, n: somewhere("write", of) }, what: pick(random, requestFaults) };
  if (chance < 0.65) return { at: { on: "request", of, n: somewhere("request", of) }, what: pick(random, requestFaults) };
  if (chance < 0.7)
    return { at: { on: "request", of: "product", n: between(random, 1, 40) }, what: { kind: "stale", revisions: between(random, 1, 40) } };
  if (chance < 0.88) return { at: { on: "event", of: "product", n: somewhere("event", "product") }, what: drawEventFault(random) };
  return { at: "time", what: drawTimedFault(random, scope) };
};

const drawEventFault = (random: Random): EventFault => {
  const fault = pick(random, eventFaults);
  return fault.kind === "hold" ? { kind: "hold", ms: between(random, 5, 8_000) } : fault;
};

const drawTimedFault = (random: Random, { replicas, withinMs }: FaultScope): TimedFault => {
  const atMs = between(random, 200, withinMs);
  const kinds = ["skew", "compact", "restart", "outage", ...(replicas > 1 ? ["pause", "pause", "pause"] : [])] as const;
  switch (pick(random, kinds)) {
    case "pause":
      return { kind: "pause", atMs, forMs: between(random, 5_000, 40_000) };
    case "skew":
      return { kind: "skew", atMs, byMs: between(random, -5_000, 5_000) };
    case "compact":
      return { kind: "compact", atMs };
    case "restart":
      return { kind: "restart", atMs };
    default:
      return { kind: "outage", atMs, forMs: between(random, 500, 8_000) };
  }
};
