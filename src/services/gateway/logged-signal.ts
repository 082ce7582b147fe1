// A signal as the write-ahead log keeps it: bounded and without secrets, as a request would show it. Pure.
import * as z from "zod";
import { Alert, Reference, Reported } from "#api/fields.ts";
import { boundedSignal } from "#services/gateway/request.ts";
import type { Signal } from "#services/gateway/signal.ts";

export interface LoggedSignal {
  readonly signal: Signal;
  /** Undefined where the cluster was not known when it was received. */
  readonly target?: Reference | undefined;
  readonly unresolved?: string | undefined;
  readonly receivedAtMs: number;
}

const moment = z.number().int().nonnegative();

/** Loose: what a later version of the Gateway knows of a signal stays with it. */
const Logged = z.object({
  signal: z.looseObject({
    status: z.enum(["firing", "resolved"]),
    name: z.string(),
    fingerprint: z.string().min(1),
    severity: Alert.shape.severity,
    startsAtMs: moment,
    source: Alert.shape.source,
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    reported: Reported,
  }),
  target: Reference.optional(),
  unresolved: z.string().optional(),
  receivedAtMs: moment,
});

export const loggedText = ({ signal, target, unresolved, receivedAtMs }: LoggedSignal): string =>
  JSON.stringify({ signal: boundedSignal(signal), target, unresolved, receivedAtMs });

/** Undefined where another version of the Gateway wrote something that this one does not read. */
export const parseLogged = (text: string): LoggedSignal | undefined => {
  try {
    return Logged.safeParse(JSON.parse(text)).data as LoggedSignal | undefined;
  } catch {
    return undefined;
  }
};
