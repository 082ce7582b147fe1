// What a controller may decide, in the same few words for every kind, and the chains of guards that decide it. Pure.
import type { Condition } from "#api/fields.ts";
import type { ConditionType, Reason } from "#api/transition.ts";

/** What differs from kind to kind. */
export interface Vocabulary {
  readonly phase: string;
  readonly reason: Reason;
  readonly status: object;
  /** What `act` can do. */
  readonly effect: unknown;
}

/** A condition without its time. Reason and message are the transition's by default. */
export interface Claim {
  readonly type: ConditionType;
  readonly status: Condition["status"];
  readonly reason?: Reason;
  readonly message?: string;
}

export interface TransitionTo<V extends Vocabulary> {
  readonly do: "transition";
  readonly to: V["phase"];
  /** Phases passed in the same write, since nothing waits in them. */
  readonly through?: readonly V["phase"][];
  /** Default: the phase. */
  readonly reason?: V["reason"];
  readonly message: string;
  readonly status?: Partial<V["status"]>;
  readonly claims?: readonly Claim[];
  /** Has to be done before the status is written. */
  readonly first?: V["effect"];
}

/** The phase stays. What would change nothing is not written. */
export interface UpdateStatus<V extends Vocabulary> {
  readonly do: "updateStatus";
  readonly status: Partial<V["status"]>;
  readonly claims?: readonly Claim[];
  /** Recorded like a transition, once it is written. */
  readonly notice?: { readonly reason: V["reason"]; readonly message: string };
  readonly first?: V["effect"];
  readonly untilMs?: number;
}

export type Decision<V extends Vocabulary> =
  | TransitionTo<V>
  | UpdateStatus<V>
  | { readonly do: "act"; readonly effect: V["effect"]; readonly untilMs?: number }
  /** For a watch; for this time at the latest. */
  | { readonly do: "wait"; readonly untilMs?: number };

/** Decides, or passes. Its function's name is what the tables in docs/kinds print. */
export type Guard<Seen, D> = (seen: Seen, now: number) => D | undefined;

/** For each phase its guards in order. A phase without any has ended. */
export type Phases<Phase extends string, Seen, D> = Readonly<Record<Phase, readonly Guard<Seen, D>[]>>;

/** The first guard that decides, and its decision. */
export const firstDecision = <Seen, D>(
  guards: readonly Guard<Seen, D>[],
  seen: Seen,
  now: number,
): { readonly guard: string; readonly decision: D } | undefined => {
  for (const guard of guards) {
    const decision = guard(seen, now);
    if (decision !== undefined) return { guard: guard.name, decision };
  }
  return undefined;
};

/** Where every guard passes, a watch has to bring what is missing. */
export const decideBy =
  <Phase extends string, Seen, V extends Vocabulary>(phases: Phases<Phase, Seen, Decision<V>>, phaseIn: (seen: Seen) => Phase) =>
  (seen: Seen, now: number): Decision<V> =>
    firstDecision(phases[phaseIn(seen)], seen, now)?.decision ?? { do: "wait" };
