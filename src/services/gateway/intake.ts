// Between an accepted alert and its acknowledgement: recorded at once where the API server answers, else in the write-ahead log where there is one.
import type { Reported } from "#api/fields.ts";
import type { SignalResult } from "#api/rest/gateway.ts";
import type { Resolved } from "#cluster/owners.ts";
import { errorCode, KubeError } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";
import { type Admission, severityRank } from "#services/gateway/admission.ts";
import type { Backlog, Setback } from "#services/gateway/backlog.ts";
import { ContentionError, TooManyOpenError } from "#services/gateway/recorder.ts";
import type { Signal, TargetedSignal } from "#services/gateway/signal.ts";

export interface Intake {
  /** Throws OverloadedError. Work that has not begun when `until` is aborted is dropped. */
  begin(caller: string, until?: AbortSignal): Delivery;
}

/** Some alerts of one caller. */
export interface Delivery {
  /** Resolves when it is stored, as part of a request or in the write-ahead log. Throws where it is not, and then it must not be acknowledged. */
  take(signal: Signal): Promise<SignalResult>;
  /** To be called when all are taken. */
  readonly end: () => void;
}

export type Resolution = Pick<Resolved, "target" | "unresolved">;

/** Serial for each target, in order; a lower rank goes first. */
export type RecordSignal = (signal: TargetedSignal, rank: number, until?: AbortSignal) => Promise<SignalResult>;

export interface IntakeDeps {
  readonly clock: Clock;
  readonly admission: Admission;
  /** Undefined where the cluster has not been read yet. */
  readonly resolve: (reported: Reported) => Resolution | undefined;
  readonly record: RecordSignal;
  readonly logging?: Logging | undefined;
}

export interface Logging {
  readonly backlog: Backlog;
  /** Whether the API server took no alert at the last attempt. */
  readonly isDown: () => boolean;
  readonly onDown: () => void;
}

/** A sender waits 10 s: most of that is left for the disk. */
const patienceMs = 2_000;

export const createIntake = ({ clock, admission, resolve, record, logging }: IntakeDeps): Intake => {
  const takeNow = async (signal: Signal, resolved: Resolution | undefined, until?: AbortSignal): Promise<SignalResult> => {
    if (resolved === undefined) throw new NotReadyError();
    return record(targeted(signal, resolved), severityRank[signal.severity], until);
  };

  const takeLogged = async ({ backlog, isDown, onDown }: Logging, signal: Signal, patience: Patience): Promise<SignalResult> => {
    const resolved = resolve(signal.reported);
    if (resolved !== undefined && !isDown() && !backlog.has(resolved.target)) {
      try {
        const result = await Promise.race([takeNow(signal, resolved, patience.signal), patience.over]);
        if (result !== undefined) return result;
      } catch (error) {
        if (!isForLater(error)) throw error;
        if (setbackOf(error).of === "down") onDown();
      }
    }
    await backlog.add(signal, resolved);
    return { fingerprint: signal.fingerprint, result: "logged" };
  };

  return {
    begin: (caller, until) => {
      const leaveDelivery = admission.enterDelivery(caller);
      let patience: Patience | undefined;
      return {
        take: async (signal) => {
          const leave = admission.enterAlert(caller, signal.severity);
          if (logging === undefined) return takeNow(signal, resolve(signal.reported), until).finally(leave);
          patience ??= startPatience(clock, until);
          return takeLogged(logging, signal, patience).finally(leave);
        },
        end: () => {
          patience?.end();
          leaveDelivery();
        },
      };
    },
  };
};

const targeted = (signal: Signal, { target, unresolved }: Resolution): TargetedSignal => ({
  signal,
  target,
  ...(unresolved === undefined ? {} : { unresolved }),
});

/** How long a delivery waits for the API server. What has begun by then continues: the log records nothing twice. */
interface Patience {
  readonly over: Promise<undefined>;
  readonly signal: AbortSignal;
  end(): void;
}

const startPatience = (clock: Clock, until: AbortSignal | undefined): Patience => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const over = new AbortController();
  const end = clock.after(patienceMs, () => {
    resolve(undefined);
    over.abort(new Error("it is in the write-ahead log"));
  });
  return { over: promise, end, signal: until === undefined ? over.signal : AbortSignal.any([over.signal, until]) };
};

/** Nothing is known of the cluster that the alert is about. */
export class NotReadyError extends Error {
  constructor() {
    super("the cluster has not been read yet");
    this.name = "NotReadyError";
  }
}

/** A policy that allows no more open requests is the sender's to wait for; a bug would wait for ever. */
const isForLater = (error: unknown): boolean =>
  error instanceof ContentionError || error instanceof NotReadyError || ["transient", "stalled"].includes(errorCode(error));

export const setbackOf = (error: unknown): Setback => {
  if (error instanceof KubeError) return { of: "down", waitMs: error.retryAfterMs };
  if (error instanceof NotReadyError) return { of: "down" };
  return error instanceof TooManyOpenError ? { of: "target", waitMs: 30_000 } : { of: "target" };
};
