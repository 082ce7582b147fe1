// HTTP in, results out: the route that receives alerts. Authenticates before it reads a body, and answers 503 rather than lose an alert.
import type { Hono } from "hono";
import type { SignalResults } from "#api/rest/gateway.ts";
import { openapiPath } from "#api/rest/generic-signal.ts";
import type { LabelOrder } from "#cluster/reported-object.ts";
import { KubeError } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Caller } from "#lib/http-server.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";
import { ProblemError, problemResponse } from "#lib/problem.ts";
import { createBodyReader } from "#lib/request-body.ts";
import { LogFullError } from "#lib/write-ahead-log.ts";
import type { Right } from "#services/access.ts";
import { authorize, type AuthorizeDeps, retrySeconds, unavailable } from "#services/authorize.ts";
import { OverloadedError } from "#services/gateway/admission.ts";
import { type Delivery, type Intake, NotReadyError } from "#services/gateway/intake.ts";
import { openapiDocument } from "#services/gateway/openapi.ts";
import { TooManyOpenError } from "#services/gateway/recorder.ts";
import { metrics } from "#services/gateway/role.ts";
import type { Settle } from "#services/gateway/settle.ts";
import { fitsDelivery, maxDeliveredAlerts, type SignalSource } from "#services/gateway/sources/delivery.ts";
import { signalSources } from "#services/gateway/sources/registry.ts";

export interface HandlerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly review: AuthorizeDeps["review"];
  /** The right of a sender. */
  readonly right: Right;
  readonly order: LabelOrder;
  readonly intake: Pick<Intake, "begin">;
  readonly settle: Settle;
  /** Why no alert can be accepted now; empty when ready. */
  readonly troubles: () => readonly string[];
}

/** A full delivery of 10,000 alerts of a kilobyte each. */
const maxBodyBytes = 10 * 1024 * 1024;
const maxBytesInFlight = 64 * 1024 * 1024;
/** Of one caller. */
const maxBytesPerCaller = 32 * 1024 * 1024;

export const addSignalRoutes = (app: Hono, deps: HandlerDeps): void => {
  const bodies = createBodyReader({ maxBytes: maxBodyBytes, maxBytesInFlight, maxBytesPerCaller });
  const unreadable = deps.metrics.counter(metrics.signals);

  const takeBody = async (source: SignalSource, bytes: Uint8Array, into: Delivery): Promise<SignalResults> => {
    if (!fitsDelivery(bytes)) throw tooMany();
    const delivery = source.parse(readJson(bytes), { nowMs: deps.clock.now(), order: deps.order });
    if (delivery.kind === "too-many") throw tooMany();
    if (delivery.kind === "unreadable") {
      unreadable.add({ source: source.name, result: "unreadable" });
      const detail = `the body is not ${source.body}`;
      throw new ProblemError({ code: "unreadable-delivery", status: 400, title: "Unreadable delivery", detail, errors: delivery.errors });
    }
    const settled = await Promise.allSettled(delivery.alerts.map((alert) => deps.settle(alert, source.name, into)));
    const failures = settled.flatMap((outcome, index) =>
      outcome.status === "rejected" ? [{ index, error: outcome.reason as unknown }] : [],
    );
    if (failures.length > 0) throw notDurable(deps.log, failures, settled.length);
    return { results: settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])) };
  };

  for (const source of signalSources) {
    app.post(source.path, (context) =>
      inTime(deps.clock, async (until) => {
        requireReady(deps);
        const { address = "" } = (context.env ?? {}) as Partial<Caller>;
        const caller = await authorize(deps, { header: context.req.header("authorization"), address }, deps.right);
        requireJson(context.req.header("content-type"));
        const delivery = begin(deps.intake, caller, until);
        const taken = bodies.read(context.req.raw, caller, async (bytes) => context.json(await takeBody(source, bytes, delivery), 202));
        return taken.finally(delivery.end);
      }),
    );
    app.all(source.path, () => methodNotAllowed("use POST to send alerts", "POST"));
  }
  const document = JSON.stringify(openapiDocument());
  app.get(openapiPath, (context) => context.body(document, 200, { "content-type": "application/json" }));
  app.all(openapiPath, () => methodNotAllowed("use GET to read this document", "GET"));
};

const methodNotAllowed = (detail: string, allow: string): Response =>
  problemResponse({ code: "method-not-allowed", status: 405, title: "Method not allowed", detail, headers: { allow } });

/** Alertmanager gives up after 10 s: it gets the reason before that. */
const answerWithinMs = 8_000;

/** Answers 503 where the work takes longer; what has begun continues, and a repeated delivery does not duplicate it. */
const inTime = <T>(clock: Clock, work: (until: AbortSignal) => Promise<T>): Promise<T> => {
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    const stopTimer = clock.after(answerWithinMs, () => {
      const late = unavailable(`the delivery was not recorded within ${answerWithinMs / 1000} s: retry it`, 5);
      over.abort(late);
      reject(late);
    });
    void work(over.signal).then(resolve, reject).finally(stopTimer);
  });
};

/** Throws 503: Alertmanager retries that, and no 429. */
const begin = (intake: HandlerDeps["intake"], caller: string, until: AbortSignal): Delivery => {
  try {
    return intake.begin(caller, until);
  } catch (error) {
    if (error instanceof OverloadedError) throw unavailable(`${error.message}: retry this one`, overloadedSeconds);
    throw error;
  }
};

const overloadedSeconds = 2;

const requireReady = ({ troubles }: HandlerDeps): void => {
  const found = troubles();
  if (found.length > 0) throw unavailable(`not ready: ${found.join("; ")}`, 1);
};

const requireJson = (contentType: string | undefined): void => {
  if ((contentType ?? "").split(";")[0]?.trim().toLowerCase() === "application/json") return;
  throw new ProblemError({
    code: "unsupported-media-type",
    status: 415,
    title: "Unsupported media type",
    detail: "send alerts as application/json",
  });
};

const tooMany = (): ProblemError =>
  new ProblemError({
    code: "too-many-alerts",
    status: 413,
    title: "Too many alerts",
    detail: `a delivery has at most ${maxDeliveredAlerts} alerts: set max_alerts or group them more finely`,
  });

const readJson = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    // The parser's own words quote the input.
    throw new ProblemError({ code: "unreadable-delivery", status: 400, title: "Unreadable delivery", detail: "the body is not JSON" });
  }
};

const maxErrors = 20;

const notDurable = (log: Log, failures: readonly { readonly index: number; readonly error: unknown }[], of: number): ProblemError => {
  log.warn("alerts could not be recorded; the sender will retry", { failed: failures.length, of, error: failures[0]?.error });
  return new ProblemError({
    code: "not-durable",
    status: 503,
    title: "Not all alerts could be recorded",
    detail: `${failures.length} of ${of} alerts are not stored; retry the delivery: stored alerts are deduplicated`,
    errors: failures.slice(0, maxErrors).map(({ index, error }) => ({ pointer: `/alerts/${index}`, detail: reasonOf(error) })),
    retryAfterSeconds: Math.max(...failures.slice(0, maxErrors).map(({ error }) => retryAfter(error))),
  });
};

const reasonOf = (error: unknown): string => {
  if (error instanceof KubeError) return `the API server: ${error.reason}`;
  const isKnown = [TooManyOpenError, OverloadedError, LogFullError, NotReadyError].some((known) => error instanceof known);
  return isKnown ? (error as Error).message : "it could not be recorded";
};

/** Until others have ended, which takes minutes; else as the API server asks. */
const retryAfter = (error: unknown): number => {
  if (error instanceof TooManyOpenError || error instanceof LogFullError) return 60;
  return error instanceof OverloadedError ? overloadedSeconds : retrySeconds(error);
};
