// What every law of a simulation has in common: it looks on, knows no course by name, and says what was broken. Never changes anything.
import type { Arrival, Exchange, Side } from "#sim/network.ts";

export interface Law {
  /** A request is sent, whatever becomes of it. */
  seeAttempt?(process: string, side: Side, what: string): void;
  /** A request is about to be carried out. */
  seeArrival?(arrival: Arrival): void;
  /** A request was carried out or refused. */
  see?(exchange: Exchange): void;
  /** A person or an administrator changed something. */
  seeUser?(): void;
  /** The run has ended: what can be judged only now. */
  atEnd?(): void;
  /** One sentence each. */
  readonly violations: readonly string[];
}
