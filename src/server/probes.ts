// Metrics, liveness and readiness of a process, on a port of their own. Readiness says what is missing.
import type { Hono } from "hono";
import type { Caches } from "#kube/caches.ts";
import type { Reachability } from "#kube/reachability.ts";
import { type Clock, toTimestamp } from "#lib/clock.ts";
import { createApp } from "#lib/http-server.ts";
import type { Log } from "#lib/log.ts";
import type { Metrics } from "#lib/metrics.ts";

/** Reasons why the process is not ready; empty when it is. */
export type Health = () => readonly string[];

/** What an operator should know of a process, ready or not. */
export type Notes = () => readonly string[];

export interface ProbesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly notes: Notes;
}

export const createProbes = ({ clock, log, metrics, health, notes }: ProbesDeps): Hono => {
  const app = createApp({ name: "metrics" }, { clock, log });
  app.get("/metrics", async (context) => context.body(await metrics.text(), 200, { "content-type": metrics.contentType }));
  app.get("/healthz", (context) => context.text("ok\n"));
  app.get("/readyz", (context) => {
    const problems = health();
    const lines = notes().map((note) => `${note}\n`);
    if (problems.length === 0) return context.text(["ok\n", ...lines].join(""));
    return context.text([...problems.map((problem) => `not ready: ${problem}\n`), ...lines].join(""), 503);
  });
  return app;
};

/** `silence`: since when the API server has not answered, as a sentence. */
export const createHealth = (caches: Pick<Caches, "health">, silence: Notes, signal: AbortSignal): Health => {
  return () => {
    if (signal.aborted) return ["stopping"];
    if (silence().length > 0) return silence();
    return caches
      .health()
      .filter((cache) => !cache.synced || cache.forbidden === true)
      .map((cache) => `${cache.name}: ${cache.trouble ?? "the first list has not been read yet"}`);
  };
};

export const silenceOf =
  (reachability: Pick<Reachability, "silentSince">): Notes =>
  () => {
    const silentSince = reachability.silentSince();
    return silentSince === undefined ? [] : [`no answer from the API server since ${toTimestamp(silentSince)}`];
  };
