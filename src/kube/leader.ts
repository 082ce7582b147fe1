// One of several replicas works, the others wait: a Lease of 15 s, judged by the locally observed clock only. A lease is for tidiness; correctness never rests on it.
import type { Key } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";

export interface LeaderDeps {
  readonly kube: Kube;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
export interface LeaderOptions {
  readonly lease: Key;
  /** Unique to this process: pod name and a random tail. */
  readonly identity: string;
  readonly durationMs?: number;
  readonly renewDeadlineMs?: number;
  readonly retryMs?: number;
}
export type WhileLeading = (signal: AbortSignal) => Promise<void>;
