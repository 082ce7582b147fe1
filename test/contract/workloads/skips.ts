// Workload cases that one of the two clusters does not pass, each with the reason. A skipped case that passes fails the run.
import type { Skip } from "#test/contract/skips.ts";

export const workloadSkips: readonly Skip[] = [];
