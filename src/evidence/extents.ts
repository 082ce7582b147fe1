// How much one collection may read, by what it is about. Data.
import type { Limits } from "#evidence/budget.ts";
import type { LogChoice } from "#evidence/choose-logs.ts";
import type { GatherOptions } from "#evidence/gather.ts";
import type { Reference } from "#api/fields.ts";

/** What is looked at: the surroundings of one object, some namespaces, or everything. */
export type Around = { readonly target: Reference } | { readonly namespaces: readonly string[] } | { readonly namespaces: "all" };

export interface Extent extends Omit<GatherOptions, "budget" | "progress"> {
  readonly limits: Limits;
  readonly listsAtOnce: number;
  readonly events: number;
  readonly logs: Omit<LogChoice, "isOwn">;
  /** Reads of older parts of logs that are longer than their tail. */
  readonly earlierLogs: number;
  readonly called: number;
}

const MB = 1_000_000;
const extents = {
  /** Of sixty calls ten are left to finding the target before and to planning a repair after. */
  target: {
    limits: { calls: 50, bytes: 1.6 * MB, ms: 10_000 },
    callTimeoutMs: 8_000,
    pageSize: 100,
    answerBytes: 4 * MB,
    maxObjects: 2_000,
    listsAtOnce: 24,
    events: 1_000,
    logs: { max: 8, perWorkload: 2, near: 3, quiet: 0 },
    earlierLogs: 2,
    called: 2,
  },
  namespaces: {
    limits: { calls: 300, bytes: 64 * MB, ms: 20_000 },
    callTimeoutMs: 15_000,
    pageSize: 500,
    answerBytes: 64 * MB,
    maxObjects: 10_000,
    listsAtOnce: 24,
    events: 4_000,
    logs: { max: 40, perWorkload: 3, near: 20, quiet: 20 },
    earlierLogs: 8,
    called: 4,
  },
  all: {
    limits: { calls: 2_000, bytes: 1_000 * MB, ms: 60_000 },
    callTimeoutMs: 30_000,
    pageSize: 250,
    answerBytes: 64 * MB,
    maxObjects: 50_000,
    // Answers of several megabytes are parsed whole: a few at a time.
    listsAtOnce: 4,
    events: 10_000,
    logs: { max: 160, perWorkload: 3, near: 20, quiet: 40 },
    earlierLogs: 16,
    called: 0,
  },
} as const satisfies Record<string, Extent>;

export const extentOf = (around: Around): Extent => {
  if ("target" in around)
    return around.target.namespace === undefined ? { ...extents.all, limits: extents.namespaces.limits } : extents.target;
  return around.namespaces === "all" ? extents.all : extents.namespaces;
};
