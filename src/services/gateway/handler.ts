// HTTP in, results out: the route that receives alerts. Authenticates before it reads a body, and answers 503 rather than lose an alert.
import type { Hono } from "hono";
import type { Reported } from "#api/fields.ts";
import { prometheusSignalsPath, type SignalResult, type SignalResults } from "#api/rest/gateway.ts";
import type { Resolved } from "#cluster/owners.ts";
import { KubeError } from "#kube/errors.ts";
import type { Clock } from "#lib/clock.ts";
import type { Caller } from "#lib/http-server.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";
import { ProblemError, problemResponse } from "#lib/problem.ts";
import { createBodyReader } from "#lib/request-body.ts";
import type { Right } from "#services/access.ts";
import { authorize, type AuthorizeDeps, retrySeconds, unavailable } from "#services/authorize.ts";
import { fitsDelivery, maxDeliveredAlerts, parseDelivery } from "#services/gateway/parse.ts";
import { metrics } from "#services/gateway/role.ts";
import { TooManyOpenError } from "#services/gateway/recorder.ts";
import type { Read, TargetedSignal } from "#services/gateway/signal.ts";

export interface HandlerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly review: AuthorizeDeps["review"];
  /** The right of a sender. */
  readonly right: Right;
  readonly resolve: (reported: Reported) => Resolved;
  /** Drops work that has not begun when `until` is aborted. */
  readonly record: (signal: TargetedSignal, until: AbortSignal) => Promise<SignalResult>;
  /** Why no alert can be accepted now; empty when ready. */
  readonly troubles: () => readonly string[];
}

/** A full delivery of 10,000 alerts of a kilobyte each. */
const maxBodyBytes = 10 * 1024 * 1024;
const maxBytesInFlight = 64 * 1024 * 1024;

export const addSignalRoutes = (app: Hono, deps: HandlerDeps): void => {
  const bodies = createBodyReader({ maxBytes: maxBodyBytes, maxBytesInFlight });
  const signals = deps.metrics.counter(metrics.signals);

  const settle = async (read: Read, until: AbortSignal): Promise<SignalResult> => {
    if (read.kind !== "signal") return { fingerprint: read.fingerprint, result: read.kind, reason: read.reason };
    const { signal } = read;
    const { target, unresolved } = deps.resolve(signal.reported);
    return deps.record({ signal, target, ...(unresolved === undefined ? {} : { unresolved }) }, until);
  };

  app.post(prometheusSignalsPath, (context) =>
    inTime(deps.clock, async (until) => {
      requireReady(deps);
      const { address = "" } = (context.env ?? {}) as Partial<Caller>;
      await authorize(deps, { header: context.req.header("authorization"), address }, deps.right);
      requireJson(context.req.header("content-type"));
      return bodies.read(context.req.raw, async (bytes) => context.json(await take(bytes, until), 202));
    }),
  );

  const take = async (bytes: Uint8Array, until: AbortSignal): Promise<SignalResults> => {
    if (!fitsDelivery(bytes)) throw tooMany();
    const delivery = parseDelivery(readJson(bytes), deps.clock.now());
    if (delivery.kind === "too-many") throw tooMany();
    if (delivery.kind === "unreadable") {
      signals.add({ source: "prometheus", result: "unreadable" });
      const detail = "the body is not an Alertmanager delivery (webhook version 4)";
      throw new ProblemError({ code: "unreadable-delivery", status: 400, title: "Unreadable delivery", detail, errors: delivery.errors });
    }
    // Again: the queue may have filled while this body was read.
    requireReady(deps);
    const settled = await Promise.allSettled(delivery.alerts.map((alert) => settle(alert, until)));
    const results: SignalResult[] = [];
    const failures: { readonly index: number; readonly error: unknown }[] = [];
    for (const [index, outcome] of settled.entries()) {
      signals.add({ source: "prometheus", result: outcome.status === "fulfilled" ? outcome.value.result : "failed" });
      if (outcome.status === "fulfilled") results.push(outcome.value);
      else failures.push({ index, error: outcome.reason });
    }
    if (failures.length > 0) throw notDurable(deps.log, failures, settled.length);
    return { results };
  };

  app.all(prometheusSignalsPath, () =>
    problemResponse({
      code: "method-not-allowed",
      status: 405,
      title: "Method not allowed",
      detail: "use POST to send alerts",
      headers: { allow: "POST" },
    }),
  );
};

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

const reasonOf = (error: unknown): string =>
  error instanceof KubeError
    ? `the API server: ${error.reason}`
    : error instanceof TooManyOpenError
      ? error.message
      : "it could not be recorded";

/** Until others have ended, which takes minutes; else as the API server asks. */
const retryAfter = (error: unknown): number => (error instanceof TooManyOpenError ? 60 : retrySeconds(error));
