// What the controller of every kind with phases does: reads, observes, decides, acts, writes the status, publishes the transition. Decides nothing itself.
import { phaseOf, type Transitions } from "#api/define-kind.ts";
import type { Condition } from "#api/fields.ts";
import { REQUEST_LABEL } from "#api/labels.ts";
import { keyOf, type KubeObject, type ResourceType } from "#api/object.ts";
import { requireEdges, type Reason, type Transition } from "#api/transition.ts";
import {
  type Claim,
  type Decision,
  firstDecision,
  type Phases,
  type TransitionTo,
  type UpdateStatus,
  type Vocabulary,
} from "#controllers/decision.ts";
import type { RoleDeps } from "#runtime/role-deps.ts";
import { type Controller, type Next, until, type Watch } from "#kube/controller.ts";
import { removeFinalizer } from "#kube/finalize.ts";
import type { Store } from "#kube/store.ts";
import { writeStatus } from "#kube/write-status.ts";
import { toPreciseTimestamp } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { clipped } from "#lib/words.ts";

export interface Pass {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly now: number;
}

/** What is seen once the effect is done. `conflict`: another object has the child's name. `stale`: a cache was behind; decide again at once. */
export type Acted<Seen> = Seen | "conflict" | "stale";

export type Written<V extends Vocabulary> = TransitionTo<V> | UpdateStatus<V>;

export interface PhaseKind<T extends KubeObject, V extends Vocabulary, Seen> {
  readonly name: string;
  readonly concurrency: number;
  readonly type: ResourceType<T>;
  readonly store: Store<T>;
  /** Besides the kind's own store. */
  readonly watches: readonly Watch[];
  readonly transitions: Transitions<V["phase"]>;
  readonly phases: Phases<V["phase"], Seen, Decision<V>>;
  /** An object with it is followed until it has ended, also while it is being deleted; then the finalizer is removed. */
  readonly finalizer?: string;
  observe(object: T, pass: Pass): Promise<Seen>;
  act(effect: V["effect"], seen: Seen, pass: Pass): Promise<Acted<Seen>>;
  /** What else the status says then. Pure. */
  statusAfter?(seen: Seen, decision: Written<V>, now: number): Partial<V["status"]>;
  /** Default: the whole status, by the version that was read. Returns the object as it is then. */
  write?(object: T, status: V["status"], pass: Pass): Promise<T>;
  /** The phases and reasons that are Warnings. Absent: no Events, since the parent's say the same. */
  readonly warnings?: readonly (V["phase"] | V["reason"])[];
  measure?(transition: Transition, before: T, after: T, now: number): void;
}

/** The deletion of the other object wakes the key; the time is for a deletion before the watch began. */
const conflictRecheckMs = 5_000;

/**
 * Guarantees: an edge that the table lacks is never written; the child exists before the status that names it; a transition is published
 * after its write and at most once.
 */
export const phaseController = <
  T extends KubeObject & { status?: { conditions?: Condition[] | undefined } },
  V extends Vocabulary,
  Seen extends object,
>(
  deps: RoleDeps,
  kind: PhaseKind<T, V, Seen>,
): Controller => {
  const { type, store } = kind;
  const phaseIn = (object: T): V["phase"] => phaseOf<V["phase"]>(object as { status?: { phase?: V["phase"] } });
  const write =
    kind.write ?? ((object: T, status: V["status"], { signal }: Pass) => writeStatus(deps.kube, store, type, object, status, signal));

  const publish = (transition: Transition, before: T, after: T, { log, now }: Pass): void => {
    const { subject, to, reason, message } = transition;
    const request = before.metadata.labels?.[REQUEST_LABEL] ?? before.metadata.name;
    log.info(message, { request, phase: to, reason });
    if (kind.warnings !== undefined) {
      const isWarning = kind.warnings.includes(to) || kind.warnings.includes(reason);
      deps.events.record({ about: subject, type: isWarning ? "Warning" : "Normal", reason, message });
    }
    kind.measure?.(transition, before, after, now);
    deps.onTransition?.(transition);
  };

  const perform = async (object: T, pass: Pass): Promise<Next> => {
    const from = phaseIn(object);
    const seen = await kind.observe(object, pass);
    const decision = firstDecision(kind.phases[from], seen, pass.now)?.decision ?? { do: "wait" as const };
    if (decision.do === "wait") return until(decision.untilMs, pass.now);
    if (decision.do === "transition") requireEdges(type.kind, kind.transitions, from, ...(decision.through ?? []), decision.to);
    const effect = decision.do === "act" ? decision.effect : decision.first;
    const after = effect === undefined ? seen : await kind.act(effect, seen, pass);
    if (after === "conflict") return { afterMs: conflictRecheckMs };
    if (after === "stale") return { afterMs: 0 };
    if (decision.do === "act") return until(decision.untilMs, pass.now);
    const more = kind.statusAfter?.(after, decision, pass.now);
    const written = await write(object, statusAfter(object, kind.transitions, decision, more, pass.now), pass);
    const transition = transitionOf(kind.name, object, from, decision, pass.now);
    if (written !== object && transition !== undefined) publish(transition, object, written, pass);
    // The write itself wakes the key.
    return decision.do === "transition" ? "rest" : until(decision.untilMs, pass.now);
  };

  /** One that is being deleted goes with its last finalizer. */
  const release = async (object: T, finalizer: string): Promise<Next> => {
    if (object.metadata.finalizers?.includes(finalizer) !== true) return "rest";
    const released = await removeFinalizer(deps.kube, type, object, finalizer);
    if (released !== undefined && released.metadata.deletionTimestamp === undefined) store.noteWrite(released);
    return "rest";
  };

  return {
    name: kind.name,
    concurrency: kind.concurrency,
    watches: [{ store, keysOf: (object) => [keyOf(object)] }, ...kind.watches],
    reconcile: async (key, { signal, log }) => {
      const object = store.get(key);
      if (object === undefined) return "rest";
      const { finalizer } = kind;
      const hasEnded = kind.phases[phaseIn(object)].length === 0;
      if (hasEnded) return finalizer === undefined ? "rest" : release(object, finalizer);
      // Its children go with it by garbage collection.
      if (object.metadata.deletionTimestamp !== undefined && finalizer === undefined) return "rest";
      return perform(object, { signal, log, now: deps.clock.now() });
    },
  };
};

const statusAfter = <V extends Vocabulary>(
  { status = {} }: { readonly status?: { readonly conditions?: readonly Condition[] | undefined } },
  transitions: Transitions<V["phase"]>,
  decision: Written<V>,
  more: Partial<V["status"]> | undefined,
  now: number,
): V["status"] => {
  const at = toPreciseTimestamp(now);
  const own: { readonly message?: string; readonly conditions?: readonly Condition[] } = { ...decision.status, ...more };
  const reason = decision.do === "transition" ? (decision.reason ?? decision.to) : decision.notice?.reason;
  const message = decision.do === "transition" ? decision.message : own.message;
  const conditions = conditionsAfter(own.conditions ?? status.conditions ?? [], decision.claims ?? [], {
    reason: reason as Reason,
    message: message ?? "",
    at,
  });
  return {
    ...status,
    ...own,
    ...(decision.do === "transition" ? { phase: decision.to, phaseStartedAt: at } : {}),
    ...(decision.do === "transition" && transitions[decision.to].length === 0 ? { completedAt: at } : {}),
    ...(message === undefined ? {} : { message: clipped(message) }),
    ...(conditions.length === 0 ? {} : { conditions }),
  };
};

const conditionsAfter = (
  known: readonly Condition[],
  claims: readonly Claim[],
  otherwise: { readonly reason: Reason; readonly message: string; readonly at: string },
): Condition[] => [
  ...known.filter(({ type }) => !claims.some((claim) => claim.type === type)),
  ...claims.map(({ type, status, reason = otherwise.reason, message = otherwise.message }): Condition => {
    const before = known.find((condition) => condition.type === type);
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : otherwise.at;
    return { type, status, reason, message: clipped(message), lastTransitionTime };
  }),
];

const transitionOf = <V extends Vocabulary>(
  by: string,
  { apiVersion, kind, metadata }: KubeObject,
  from: V["phase"],
  decision: Written<V>,
  now: number,
): Transition | undefined => {
  const { namespace, name, uid } = metadata;
  const common = { subject: { apiVersion, kind, namespace, name, uid }, from, at: toPreciseTimestamp(now), by };
  if (decision.do === "updateStatus")
    return decision.notice && { ...common, to: from, through: [], reason: decision.notice.reason, message: decision.notice.message };
  const { to, through = [], reason = to as V["reason"], message } = decision;
  return { ...common, to, through, reason, message };
};
