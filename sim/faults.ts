// What can go wrong in a simulation, as data: where it strikes, and what happens there. A plan can be printed, replayed and made smaller.

/** Counted from 1, over all processes of that side: `product` is every replica of Kintsugi, `act` every action's pod. */
export interface Strike {
  readonly on: "write" | "request" | "event";
  readonly of: "product" | "act";
  readonly n: number;
}

/** `before`: the API server does not see the request. `after`: it carried it out, and the answer is what suffers. */
export type Side = "before" | "after";

export type RequestFault =
  /** `thenStale`: every other list that the next process reads is so many revisions old. */
  | { readonly kind: "kill"; readonly side: Side; readonly thenStale?: number }
  | { readonly kind: "error"; readonly side: Side; readonly status: 409 | 410 | 429 | 500 | 503; readonly retryAfterSeconds?: number }
  | { readonly kind: "reset"; readonly side: Side }
  /** No answer ever: the caller's own deadline ends it. */
  | { readonly kind: "drop"; readonly side: Side }
  | { readonly kind: "delay"; readonly side: Side; readonly ms: number }
  /** Sent once, carried out twice, as by a proxy that tries again. */
  | { readonly kind: "repeat"; readonly answer: "first" | "second" }
  /** A list that is so many revisions old. */
  | { readonly kind: "stale"; readonly revisions: number };

export type EventFault =
  | { readonly kind: "hold"; readonly ms: number }
  | { readonly kind: "repeatEvent" }
  /** The stream ends, breaks, breaks within a line, or says that its version is gone; the event is not delivered by it. */
  | { readonly kind: "eof" | "breakWatch" | "cut" | "gone" };

export type TimedFault =
  | { readonly kind: "pause"; readonly atMs: number; readonly forMs: number }
  | { readonly kind: "skew"; readonly atMs: number; readonly byMs: number }
  | { readonly kind: "compact"; readonly atMs: number }
  | { readonly kind: "restart"; readonly atMs: number }
  /** The API server answers only Kubernetes itself. */
  | { readonly kind: "outage"; readonly atMs: number; readonly forMs: number };

export type Fault =
  | { readonly at: Strike & { readonly on: "write" | "request" }; readonly what: RequestFault }
  | { readonly at: Strike & { readonly on: "event" }; readonly what: EventFault }
  | { readonly at: "time"; readonly what: TimedFault };

export type FaultPlan = readonly Fault[];

export const faultText = ({ at, what }: Fault): string => {
  const { kind, ...rest } = what;
  const details = Object.entries(rest)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const where = at === "time" ? "" : ` on ${at.on} ${at.n} of ${at.of}`;
  return `${kind}${where}${details === "" ? "" : ` (${details})`}`;
};
