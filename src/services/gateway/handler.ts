// HTTP in, results out: the route that takes deliveries of alerts. Authenticates before it reads, and says 503 rather than lose anything good.
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
import type { Access, Authenticate } from "#services/gateway/authenticate.ts";
import { fitsDelivery, maxDeliveredAlerts, parseDelivery } from "#services/gateway/parse.ts";
import { type TargetedSignal, TooManyOpenError } from "#services/gateway/recorder.ts";
import type { Read } from "#services/gateway/signal.ts";

export interface HandlerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly authenticate: Authenticate;
  readonly resolve: (reported: Reported) => Resolved;
  /** Gives up what has not begun when `until` is aborted. */
  readonly record: (signal: TargetedSignal, until: AbortSignal) => Promise<SignalResult>;
  /** Why nothing can be taken at the moment; empty where it can. */
  readonly troubles: () => readonly string[];
}

/** A full delivery of 10,000 alerts of a kilobyte each. */
const maxBodyBytes = 10 * 1024 * 1024;
const maxBytesInFlight = 64 * 1024 * 1024;

export const addSignalRoutes = (app: Hono, deps: HandlerDeps): void => {
  const bodies = createBodyReader({ maxBytes: maxBodyBytes, maxBytesInFlight });
  const signals = deps.metrics.counter({
    name: "gateway_signals_total",
    help: "Alerts by what became of them",
    labels: ["source", "result"],
  });

  const settle = async (read: Read, until: AbortSignal): Promise<SignalResult> => {
    if (read.kind !== "signal") return { fingerprint: read.fingerprint, result: read.kind, reason: read.reason };
    const { signal } = read;
    return deps.record({ signal, target: deps.resolve(signal.reported).target }, until);
  };

  app.post(prometheusSignalsPath, (context) =>
    inTime(deps.clock, async (until) => {
      requireReady(deps);
      const { address = "" } = (context.env ?? {}) as Partial<Caller>;
      await authorize(deps, context.req.header("authorization"), address);
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
      const detail = "nothing in it can be read as a delivery of Alertmanager (webhook version 4)";
      throw new ProblemError({ code: "unreadable-delivery", status: 400, title: "Unreadable delivery", detail, errors: delivery.errors });
    }
    // Again: much may have come while this body was read.
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
      detail: "alerts come by POST",
      headers: { allow: "POST" },
    }),
  );
};

/** Alertmanager gives up after 10 s: it should hear why before that. */
const answerWithinMs = 8_000;

/** Answers 503 where the work takes longer; what has begun goes on, and is not doubled when the delivery comes again. */
const inTime = <T>(clock: Clock, work: (until: AbortSignal) => Promise<T>): Promise<T> => {
  const over = new AbortController();
  return new Promise((resolve, reject) => {
    const stopTimer = clock.after(answerWithinMs, () => {
      const late = unavailable(`the delivery was not recorded within ${answerWithinMs / 1000} s: send it again`, 5);
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

const bearer = /^bearer +([\x21-\x7e]{1,16384})$/i;

const authorize = async (deps: HandlerDeps, header: string | undefined, address: string): Promise<void> => {
  const token = bearer.exec(header ?? "")?.[1];
  if (token === undefined) throw unauthenticated("a bearer token is needed: of a ServiceAccount, for example");
  let access: Access;
  try {
    access = await deps.authenticate({ token, address });
  } catch (error) {
    deps.log.warn("a sender could not be authenticated", { error });
    throw unavailable("the API server could not be asked about the token", retrySeconds(error));
  }
  if (access.verdict === "unknown") throw unauthenticated(`the token is refused: ${access.why}`);
  if (access.verdict === "forbidden") {
    const detail = `${access.user} may not create remediationrequests.kintsugi.dev/signals here: bind it to a role that allows it`;
    throw new ProblemError({ code: "forbidden", status: 403, title: "Forbidden", detail });
  }
};

const unauthenticated = (detail: string): ProblemError =>
  new ProblemError({ code: "unauthenticated", status: 401, title: "Not authenticated", detail, headers: { "www-authenticate": "Bearer" } });

const unavailable = (detail: string, retryAfterSeconds: number): ProblemError =>
  new ProblemError({ code: "unavailable", status: 503, title: "Not available now", detail, retryAfterSeconds });

const requireJson = (contentType: string | undefined): void => {
  if ((contentType ?? "").split(";")[0]?.trim().toLowerCase() === "application/json") return;
  throw new ProblemError({
    code: "unsupported-media-type",
    status: 415,
    title: "Unsupported media type",
    detail: "alerts come as application/json",
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
  log.warn("alerts could not be recorded; the sender will try again", { failed: failures.length, of, error: failures[0]?.error });
  return new ProblemError({
    code: "not-durable",
    status: 503,
    title: "Not all alerts could be recorded",
    detail: `${failures.length} of ${of} alerts are not stored; send the delivery again: what is stored is not doubled`,
    errors: failures.slice(0, maxErrors).map(({ index, error }) => ({ pointer: `/alerts/${index}`, detail: reasonOf(error) })),
    retryAfterSeconds: Math.max(...failures.slice(0, maxErrors).map(({ error }) => retrySeconds(error))),
  });
};

const reasonOf = (error: unknown): string =>
  error instanceof KubeError
    ? `the API server: ${error.reason}`
    : error instanceof TooManyOpenError
      ? error.message
      : "it could not be recorded now";

const retrySeconds = (error: unknown): number => {
  // Until others have ended, which takes minutes.
  if (error instanceof TooManyOpenError) return 60;
  return error instanceof KubeError && error.retryAfterMs !== undefined ? error.retryAfterMs / 1000 : 5;
};
