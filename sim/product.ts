// One replica of Kintsugi, started again whenever it dies, as a Deployment would. All of it is the product's own code; only its surroundings are simulated.
import { SIGNALS_AUDIENCE } from "#api/labels.ts";
import type { Kube } from "#kube/client.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import type { Random } from "#lib/clock.ts";
import type { startHttpServer } from "#lib/http-server.ts";
import type { Log, LogFields } from "#lib/log.ts";
import { createMetrics } from "#lib/metrics.ts";
import { createDisk } from "#sim/disk.ts";
import type { Network, Side } from "#sim/network.ts";
import { image, own } from "#sim/platform.ts";
import { between } from "#sim/seeded-random.ts";
import { createSimProcess, type SimProcess } from "#sim/sim-process.ts";
import type { Trace } from "#sim/trace.ts";
import type { VirtualClock } from "#sim/virtual-clock.ts";
import { loadRoles, runRoles } from "#server/run-roles.ts";

export interface SimDeps {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: Network;
  readonly trace: Trace;
  /** Called with every bug that the product itself reports, and with a process that ends by itself. */
  readonly onBug: (what: string) => void;
}

export interface Replica {
  readonly process: SimProcess;
  /** As over HTTP; rejects where the process is dead or not yet listening. */
  post(path: string, token: string, body: string): Promise<number>;
  stop(): void;
}

const gatewayPort = 8080;
/** Before virtual time begins: reading a file takes real time. */
const allRoles = await loadRoles("all");

const configOf = (token: string, user?: string): ClusterConfig => ({
  server: "https://simulated",
  name: "simulated",
  namespace: own,
  credentials: { current: () => Promise.resolve({ token }), invalidate: () => {} },
  ...(user === undefined ? {} : { impersonate: { user, groups: ["system:masters", "system:authenticated"] } }),
});

export const kubeOf = (process: SimProcess, side: Side, token: string, deps: Pick<SimDeps, "random" | "network">, user?: string): Kube =>
  connect(configOf(token, user), {
    clock: process.clock,
    random: deps.random,
    http: deps.network.clientOf(process, side),
    // What the world wrote must not look like Kintsugi's own change.
    ...(side === "world" ? { userAgent: "kube-controller-manager" } : {}),
  });

export const startReplica = (name: string, token: string, election: "on" | "off", deps: SimDeps): Replica => {
  const disk = createDisk(deps.random);
  let life = 0;
  let process = createSimProcess(`${name}.0`, deps.clock);
  let app: Parameters<typeof startHttpServer>[0] | undefined;
  let stopped = false;

  const begin = (): void => {
    life += 1;
    const self = createSimProcess(`${name}.${life}`, deps.clock);
    process = self;
    deps.trace.add(`${self.name} starts`);
    app = undefined;
    self.onKill(() => {
      deps.trace.add(`${self.name} is killed`);
      if (!stopped) deps.clock.after(between(deps.random, 100, 2_000), begin);
    });
    run(self).catch((error: unknown) => {
      if (self.alive)
        deps.onBug(`${self.name} ended by itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    });
  };
  const run = async (self: SimProcess): Promise<void> => {
    const options = {
      namespace: own,
      image,
      leaderElection: election,
      address: "0.0.0.0",
      ports: {},
      tokenAudience: SIGNALS_AUDIENCE,
      wal: { folder: "/wal", maxBytes: 1024 * 1024 },
      logLevel: "info" as const,
    };
    await runRoles(allRoles, options, {
      config: configOf(token),
      clock: self.clock,
      random: deps.random,
      randomBytes: (size) => Buffer.from(Array.from({ length: size }, () => between(deps.random, 0, 255))),
      log: recordingLog(self, deps, {}),
      identity: self.name,
      openSegments: () => Promise.resolve(disk.openFor(self)),
      readFile: (path) => Promise.reject(new Error(`${path}: there are no files here`)),
      http: deps.network.clientOf(self, "product"),
      metrics: createMetrics(),
      // Never stopped in order: it dies.
      signal: new AbortController().signal,
      startServer: async (handler, { port }) => {
        if (port === gatewayPort) app = handler;
        return { port: port ?? 0, url: "http://simulated", drain: () => Promise.resolve() };
      },
    });
  };
  begin();

  return {
    get process() {
      return process;
    },
    post: (path, bearer, body) =>
      new Promise((resolve, reject) => {
        const self = process;
        const listening = app;
        const refuse = (): void => void deps.clock.after(1, () => reject(new Error("connection refused")));
        if (!self.alive || listening === undefined) return refuse();
        self.onKill(refuse);
        self.deliver(() => {
          const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
          const answer = Promise.resolve(listening.fetch(new Request(`http://simulated${path}`, { method: "POST", headers, body })));
          answer.then((response) => deps.clock.after(between(deps.random, 1, 4), () => resolve(response.status)), reject);
        });
      }),
    stop: () => {
      stopped = true;
      process.kill();
    },
  };
};

const recordingLog = (self: SimProcess, deps: SimDeps, bound: LogFields): Log => {
  const say = (level: string, message: string, fields: LogFields = {}): void => {
    if (!self.alive) return;
    const { error, ...rest } = { ...bound, ...fields };
    const why = error instanceof Error ? { ...rest, error: error.message } : rest;
    deps.trace.add(`${self.name} ${level}: ${message} ${JSON.stringify(why)}`);
    if (level === "error") deps.onBug(`${message}: ${error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(fields)}`);
  };
  return {
    debug: () => {},
    info: (message, fields) => say("info", message, fields),
    warn: (message, fields) => say("warn", message, fields),
    error: (message, fields) => say("error", message, fields),
    child: (fields) => recordingLog(self, deps, { ...bound, ...fields }),
  };
};
