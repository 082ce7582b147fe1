// A role: one system of `kintsugi run`, as one value. Rights, ports, metrics and help are derived from it. Types only: what a role does is loaded when it starts.
import type { Hono } from "hono";
import type { Need } from "#api/object.ts";
import type { MetricDefinition } from "#lib/metrics.ts";
import type { StartDeps } from "#runtime/role-deps.ts";

export interface Role {
  /** The argument of `kintsugi run`. */
  readonly name: string;
  /** What it does, as `kintsugi run --help` shows it. */
  readonly summary: string;
  /** RBAC is generated from this. */
  readonly needs: readonly Need[];
  /** Where it serves HTTP; none for a role that only watches. */
  readonly ports: readonly Port[];
  /** It takes alerts: the options of senders and of the write-ahead log are for it. */
  readonly takesAlerts?: true;
  readonly metrics: readonly MetricDefinition[];
  /** Loads the implementation. */
  readonly start: () => Promise<StartRole>;
}

/** Called before the caches start, so that it can add its own. */
export type StartRole = (deps: StartDeps) => RunningRole;

export interface Port {
  /** Of the container's port, and of the Service's. */
  readonly name: string;
  readonly number: number;
  /** The option of `kintsugi run` that changes the number: `--port`. */
  readonly option: string;
  /** What it serves, for help: "alerts". */
  readonly serves: string;
  /** Accepts bearer tokens, so it is offered with TLS or only to the same machine, at these ports of the Service. Default: plain HTTP at its own number. */
  readonly secured?: { readonly http: number; readonly https: number };
}

export interface RunningRole {
  /** Adds the routes of a port that the role declares. */
  addRoutes?(app: Hono, port: Port): void;
  /** Called once when the caches are complete; the signal is aborted when the process stops. */
  serve?(signal: AbortSignal): void;
  /** What an operator should know while the process is ready, as sentences for /readyz. */
  notes?(): readonly string[];
  /** Work of the leader alone; resolves when the signal is aborted and what has begun is finished. */
  lead?(signal: AbortSignal): Promise<void>;
  /** Called when the servers have drained: writes what is left. */
  stop?(): Promise<void>;
}
