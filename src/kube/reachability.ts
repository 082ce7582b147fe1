// Whether the API server answers, as the calls of this process find out by the way. Asks nothing itself.
import type { Clock } from "#lib/clock.ts";

export interface Reachability {
  answered(): void;
  /** No answer, or one that says that the server itself has failed. */
  failed(): void;
  /** Epoch milliseconds of the last answer; undefined where it answers, or where it is too early to say that it does not. */
  silentSince(): number | undefined;
}

/** One call that fails is no outage. */
const patienceMs = 10_000;

export const createReachability = (clock: Pick<Clock, "now" | "uptime">): Reachability => {
  let answeredAt = { epochMs: clock.now(), uptimeMs: clock.uptime() };
  let isFailing = false;
  return {
    answered: () => {
      answeredAt = { epochMs: clock.now(), uptimeMs: clock.uptime() };
      isFailing = false;
    },
    failed: () => {
      isFailing = true;
    },
    silentSince: () => (isFailing && clock.uptime() - answeredAt.uptimeMs >= patienceMs ? answeredAt.epochMs : undefined),
  };
};
