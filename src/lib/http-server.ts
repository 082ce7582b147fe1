// What all our HTTP services share: limits on connections and slowness, one form of error, draining. Reads no body; a route does, through request-body.ts.
import { createServer as createPlainServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";

import { getRequestListener } from "@hono/node-server";
import { type Env, Hono, type Schema } from "hono";

import type { CertificateSource } from "#lib/certificate-files.ts";
import type { Clock } from "#lib/clock.ts";
import type { Log } from "#lib/log.ts";
import { httpRequestSeconds } from "#lib/http-metrics.ts";
import type { Metrics } from "#lib/metrics.ts";
import { ProblemError, problemResponse } from "#lib/problem.ts";

export interface AppDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
}
export interface AppOptions {
  /** For metrics and logs: `gateway`. */
  readonly name: string;
}

/** A hono app that measures and answers every error as a problem. */
export const createApp = (options: AppOptions, deps: AppDeps): Hono => {
  const app = new Hono();
  guardApp(app, options, deps);
  return app;
};

/** The same for an app of another make (OpenAPIHono). To be called before routes are added. */
export const guardApp = <E extends Env, S extends Schema, P extends string>(
  app: Hono<E, S, P>,
  options: AppOptions,
  deps: AppDeps,
): void => {
  const seconds = deps.metrics?.histogram(httpRequestSeconds);

  app.use(async (context, next) => {
    const startedAt = deps.clock.now();
    await next();
    const labels = { service: options.name, method: knownMethod(context.req.method), status: String(context.res.status) };
    seconds?.observe((deps.clock.now() - startedAt) / 1000, labels);
  });
  app.use(async (context, next) => {
    if (!["GET", "HEAD"].includes(context.req.method) || !announcesBody(context.req.raw.headers)) return next();
    const detail = `a ${context.req.method} request has no body here`;
    // The connection ends: the bytes that follow belong to no request.
    return problemResponse({ code: "body-not-allowed", status: 413, title: "Body not allowed", detail, headers: { connection: "close" } });
  });
  app.notFound((context) =>
    problemResponse({ code: "not-found", status: 404, title: "Not found", detail: `no resource at ${context.req.path}` }),
  );
  app.onError((error, context) => {
    if (error instanceof ProblemError) return problemResponse(error.problem);
    if (isHttpException(error))
      return problemResponse({ code: "bad-request", status: error.status, title: "Bad request", detail: error.message });
    deps.log.error("a request failed in a way that was not foreseen", { method: context.req.method, path: context.req.path, error });
    // What went wrong is in the log; the caller learns that it was not them.
    return problemResponse({ code: "internal", status: 500, title: "Internal error" });
  });
};

/** Anything else would let callers create metrics. */
const knownMethod = (method: string): string =>
  ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].includes(method) ? method : "other";

/** hono's own, by shape: validators bring copies of the class. */
const isHttpException = (error: Error): error is Error & { readonly status: number } =>
  "status" in error && typeof error.status === "number" && error.status >= 400 && error.status < 500;

const announcesBody = (headers: Headers): boolean =>
  headers.has("transfer-encoding") || (headers.get("content-length") ?? "0").trim() !== "0";

/** Who calls; a route finds it as its context's `env`. */
export interface Caller {
  readonly address: string;
}

/** What a server needs of an app. */
export interface Fetcher {
  fetch(request: Request, caller?: Caller): Response | Promise<Response>;
}

export interface ServerOptions {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** HTTPS with this certificate. Default: plain HTTP. */
  readonly certificate?: CertificateSource | undefined;
  /** Until a request's headers have come. Default 10 s. */
  readonly headersTimeoutMs?: number;
  /** Until a request has come whole. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Default 1,000. */
  readonly maxConnections?: number;
  /** Default 250: one machine cannot take all connections. */
  readonly maxConnectionsPerAddress?: number;
}

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** Takes no more connections, lets running requests end, and cuts what is left after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
}

/** Longer than a usual load balancer's, so that it is not us who close a connection in use. */
const keepAliveMs = 65_000;

const limitPerAddress = (server: Server, max: number): void => {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "";
    const others = open.get(address) ?? 0;
    if (others >= max) return void socket.destroy();
    open.set(address, others + 1);
    socket.once("close", () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
};

export const startHttpServer = async (app: Fetcher, options: ServerOptions, deps: Pick<AppDeps, "clock">): Promise<HttpServer> => {
  const headersTimeout = options.headersTimeoutMs ?? 10_000;
  const { certificate } = options;
  const limits = {
    headersTimeout,
    requestTimeout: options.requestTimeoutMs ?? 30_000,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(5_000, headersTimeout),
    maxHeaderSize: 32 * 1024,
  };
  const secure = certificate && createTlsServer({ ...limits, ...certificate.initial, handshakeTimeout: headersTimeout });
  const server = secure ?? createPlainServer(limits);
  const stopFollowing = certificate?.follow((next) => secure?.setSecureContext(next));
  const listener = getRequestListener((request, { incoming }) => app.fetch(request, { address: incoming.socket.remoteAddress ?? "" }));
  limitPerAddress(server, options.maxConnectionsPerAddress ?? 250);
  server.on("request", (incoming, outgoing) => {
    // A connection that was busy when draining began would otherwise stay open until its keep-alive ends.
    outgoing.once("close", () => {
      if (draining !== undefined) server.closeIdleConnections();
    });
    void listener(incoming, outgoing);
  });
  let draining: Promise<void> | undefined;
  server.maxConnections = options.maxConnections ?? 1_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const drain = async (timeoutMs: number): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const stopTimer = deps.clock.after(timeoutMs, () => server.closeAllConnections());
    await closed;
    stopTimer();
    stopFollowing?.();
  };
  return {
    port,
    url: `${secure === undefined ? "http" : "https"}://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    drain: (timeoutMs) => (draining ??= drain(timeoutMs)),
  };
};
