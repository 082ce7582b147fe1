// One of several replicas works, the others wait: a Lease of 15 s, judged by the time that passes here, never by a clock that can be set. A lease is for tidiness; correctness never rests on it.
import { type Lease, Leases } from "#api/kubernetes.ts";
import type { Key, Need } from "#api/object.ts";
import type { Kube } from "#kube/client.ts";
import { isAlreadyExists, isConflict, isGuardFailed } from "#kube/errors.ts";
import { type Clock, type Random, delay } from "#lib/clock.ts";
import type { JsonPatch } from "#lib/json-patch.ts";
import type { Log } from "#lib/log.ts";

export interface LeaderDeps {
  readonly kube: Pick<Kube, "get" | "create" | "jsonPatch">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
export interface LeaderOptions {
  readonly lease: Required<Key>;
  /** Unique to this process: the pod's name and a random tail. */
  readonly identity: string;
  /** How long others wait for us before they take over. Default 15 s. */
  readonly durationMs?: number;
  /** How long we go on without a renewal. Default 10 s, less than the duration. */
  readonly renewDeadlineMs?: number;
  /** Between two tries. Default 2 s. */
  readonly retryMs?: number;
}

export const leaderNeeds: readonly Need[] = [
  { group: "coordination.k8s.io", resource: "leases", verbs: ["get", "create", "patch"], scope: "own" },
];

/**
 * Flow: compete for the lease, run `whileLeading` while it is held, compete again when it was lost, until the signal is aborted.
 * Guarantees: the signal given to `whileLeading` is aborted before others may take over; the next term begins only after it has
 * returned; the lease is handed back on the way out.
 * Caveats: what `whileLeading` throws ends it all.
 */
export const lead = async (
  options: LeaderOptions,
  deps: LeaderDeps,
  signal: AbortSignal,
  whileLeading: (signal: AbortSignal) => Promise<void>,
): Promise<void> => {
  const retryMs = options.retryMs ?? 2_000;
  const renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
  const candidate = createCandidate(options, deps, renewDeadlineMs / 2);
  const pause = (until: AbortSignal): Promise<void> => delay(deps.clock, retryMs * (1 + 0.2 * deps.random()), until).catch(() => {});

  while (!signal.aborted) {
    if (!(await candidate.hold())) {
      await pause(signal);
      continue;
    }
    const finished = await serveTerm(candidate, options, deps, renewDeadlineMs, pause, signal, whileLeading);
    if (finished) return;
  }
};

/** One term: true when the work ended by itself or the signal was aborted, false when the lease was lost. */
const serveTerm = async (
  candidate: Candidate,
  options: LeaderOptions,
  deps: LeaderDeps,
  renewDeadlineMs: number,
  pause: (until: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  whileLeading: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> => {
  const about = { lease: options.lease.name, identity: options.identity };
  const term = new AbortController();
  let lost = false;
  const lose = (): void => {
    lost = true;
    deps.log.warn("no longer leading", about);
    term.abort(new Error("the lease was lost"));
  };
  const stop = AbortSignal.any([signal, term.signal]);
  deps.log.info("leading", about);
  const work = whileLeading(stop).finally(() => term.abort(new Error("the work has ended")));
  const ended = Promise.allSettled([work]);
  // Its own timer, because a renewal that hangs must not keep us leading.
  let stopDeadline = deps.clock.after(renewDeadlineMs, lose);
  while (!stop.aborted) {
    await pause(stop);
    if (stop.aborted) break;
    const askedAt = deps.clock.uptime();
    if (await candidate.hold()) {
      stopDeadline();
      if (!stop.aborted) stopDeadline = deps.clock.after(Math.max(0, renewDeadlineMs - (deps.clock.uptime() - askedAt)), lose);
    } else if (candidate.lost() && !stop.aborted) lose();
  }
  stopDeadline();
  await ended;
  if (!lost) await candidate.release();
  await work;
  return !lost;
};

interface Candidate {
  /** Takes or renews the lease; false where another has it or it cannot be reached. */
  hold(): Promise<boolean>;
  /** True where the lease is known to be another's. */
  lost(): boolean;
  release(): Promise<void>;
}

const createCandidate = (options: LeaderOptions, deps: LeaderDeps, timeoutMs: number): Candidate => {
  const durationSeconds = Math.ceil((options.durationMs ?? 15_000) / 1000);
  /** What we saw last and when we saw it change: neither other machines' clocks nor our own wall clock count. */
  let observed: { readonly version: string; readonly at: number } | undefined;
  let anothers = false;

  const observe = (lease: Lease): void => {
    if (observed?.version !== lease.metadata.resourceVersion)
      observed = { version: lease.metadata.resourceVersion, at: deps.clock.uptime() };
  };
  const specOf = (lease: Lease | undefined): Lease["spec"] => {
    const now = microTime(deps.clock.now());
    const mine = lease?.spec.holderIdentity === options.identity;
    return {
      holderIdentity: options.identity,
      leaseDurationSeconds: durationSeconds,
      acquireTime: mine ? (lease.spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (lease?.spec.leaseTransitions ?? 0) + (lease === undefined || mine ? 0 : 1),
    };
  };
  const write = (lease: Lease, spec: Lease["spec"]): Promise<Lease> => {
    const guarded: JsonPatch = [
      { op: "test", path: "/metadata/resourceVersion", value: lease.metadata.resourceVersion },
      { op: "add", path: "/spec", value: spec },
    ];
    return deps.kube.jsonPatch(Leases, options.lease, guarded, { timeoutMs });
  };
  const attempt = async (): Promise<boolean> => {
    const lease = await deps.kube.get(Leases, options.lease, { timeoutMs });
    if (lease === undefined) {
      observe(
        await deps.kube.create(
          Leases,
          { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { ...options.lease }, spec: specOf(undefined) },
          { timeoutMs },
        ),
      );
      return true;
    }
    observe(lease);
    const holder = lease.spec.holderIdentity ?? "";
    const waitMs = (lease.spec.leaseDurationSeconds ?? durationSeconds) * 1000;
    const free = holder === "" || holder === options.identity;
    if (!free && observed !== undefined && deps.clock.uptime() - observed.at < waitMs) {
      anothers = true;
      return false;
    }
    observe(await write(lease, specOf(lease)));
    return true;
  };

  return {
    hold: async () => {
      try {
        const held = await attempt();
        if (held) anothers = false;
        return held;
      } catch (error) {
        if (!isConflict(error) && !isAlreadyExists(error) && !isGuardFailed(error)) {
          deps.log.warn("the lease could not be taken or renewed", {
            lease: options.lease.name,
            error: error instanceof Error ? error.message : String(error),
          });
        }
        return false;
      }
    },
    lost: () => anothers,
    release: async () => {
      try {
        const lease = await deps.kube.get(Leases, options.lease, { timeoutMs });
        if (lease?.spec.holderIdentity !== options.identity) return;
        await write(lease, { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1, renewTime: microTime(deps.clock.now()) });
      } catch (error) {
        deps.log.debug("the lease was not handed back; it runs out by itself", {
          error: error instanceof Error ? error.message : String(error),
        });
      }
    },
  };
};

/** `metav1.MicroTime`. */
const microTime = (epochMs: number): string => new Date(epochMs).toISOString().replace("Z", "000Z");
