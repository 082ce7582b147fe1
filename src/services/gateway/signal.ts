// One alert in the form of the Gateway, whatever its sender. Pure data.
import type { Alert, Reference, Reported } from "#api/fields.ts";

export interface Signal {
  readonly status: "firing" | "resolved";
  readonly name: string;
  readonly fingerprint: string;
  readonly severity: Alert["severity"];
  /** Never after it was received. */
  readonly startsAtMs: number;
  /** It claimed a later time: the sender's clock is ahead, so that its time cannot be compared with ours. */
  readonly startsInFuture?: true;
  /** Only of a resolved one that says so. */
  readonly endsAtMs?: number;
  readonly source: Alert["source"];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly generatorURL?: string;
  readonly reported: Reported;
}

/** An alert with the object to repair. */
export interface TargetedSignal {
  readonly signal: Signal;
  readonly target: Reference;
  /** Why the target is the reported object, and not its owner. */
  readonly unresolved?: string;
  /** When it was received, if it comes from the write-ahead log: it is judged as of then, and recorded once however often it is replayed. */
  readonly loggedAtMs?: number;
}

/** An alert that was read, or why there is nothing to do about it. */
export type Read =
  | { readonly kind: "signal"; readonly signal: Signal }
  | { readonly kind: "rejected" | "ignored"; readonly fingerprint: string; readonly reason: string; readonly name?: string };
