// The composition of a process that serves: connections, caches and roles, put together once. Decides nothing, and knows no role.
import type { Hono } from "hono";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { watchGuardrails } from "#cluster/guardrails.ts";
import { createConfigMapStore } from "#cluster/journal/config-map-store.ts";
import { keptJournal, savedJournal } from "#cluster/journal/journal-reader.ts";
import { createJournalKeeper } from "#cluster/journal/keep-journal.ts";
import type { Diagnoser } from "#investigation/diagnoser.ts";
import { createCaches } from "#kube/caches.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import { createEventRecorder } from "#kube/events.ts";
import { lead } from "#kube/leader.ts";
import { createReachability } from "#kube/reachability.ts";
import { type CertificateSource, openCertificateFiles } from "#lib/certificate-files.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { HttpClient } from "#lib/http-client.ts";
import { createApp, type HttpServer, startHttpServer } from "#lib/http-server.ts";
import type { Log } from "#lib/log.ts";
import { createMetrics, type Metrics } from "#lib/metrics.ts";
import { openSecretFile } from "#lib/secret-file.ts";
import { openWriteAheadLog } from "#lib/write-ahead-log.ts";
import type { SegmentFiles } from "#lib/write-ahead-log/segment-files.ts";
import { admissionPolicies, approvalsPolicyName } from "#manifests/admission.ts";
import { createSettingsReader } from "#policy/settings.ts";
import { allRoles, rolesNamed } from "#roles/registry.ts";
import { metricsPort } from "#runtime/process-ports.ts";
import type { Port, Role, RunningRole, StartRole } from "#runtime/role.ts";
import type { StartDeps } from "#runtime/role-deps.ts";
import type { RunOptions } from "#runtime/run-options.ts";
import { createHealth, createProbes, silenceOf } from "#server/probes.ts";
import { issuerOf } from "#services/token-claims.ts";

export interface ProcessDeps {
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly random: Random;
  /** For the keys of the installation. */
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Log;
  /** Unique to this process: the pod's name, or the machine's with a random tail. */
  readonly identity: string;
  /** How the API server is reached. Default: sockets. */
  readonly http?: HttpClient;
  /** How services are offered. Default: sockets. */
  readonly startServer?: typeof startHttpServer;
  /** For the certificate and shared secrets. */
  readonly readFile: (path: string) => Promise<string>;
  /** The files of the write-ahead log, which is of no other process. */
  readonly openSegments?: (folder: string) => Promise<SegmentFiles>;
  /** Where evidence is diagnosed. Default: in this thread. */
  readonly diagnoser?: Diagnoser;
  /** Default: the roles' own and those of the process. */
  readonly metrics?: Metrics;
  /** Aborted by SIGTERM: what has begun is finished in order. */
  readonly signal: AbortSignal;
}

/** Longer than a controller's longest step, shorter than a pod's grace period. */
const drainMs = 20_000;

/** Roles whose implementation is in memory. */
export interface LoadedRoles {
  /** Of the lease: processes with the same roles elect one leader. */
  readonly lease: string;
  readonly roles: readonly (Pick<Role, "name" | "ports"> & { readonly start: StartRole })[];
}

/** Throws for a name that is no role. */
export const loadRoles = async (name: string): Promise<LoadedRoles> => {
  const found = rolesNamed(name);
  if (found === undefined) throw new Error(`unknown role "${name}"`);
  return {
    lease: name === allRoles ? "kintsugi" : `kintsugi-${name}`,
    roles: await Promise.all(found.map(async (role) => ({ name: role.name, ports: role.ports, start: await role.start() }))),
  };
};

/**
 * Flow: caches, then servers, then (as the leader) the controllers, until the signal is aborted.
 * Guarantees: nothing is answered or decided before the caches are complete; on the way out the servers drain and the lease is released.
 */
export const runRoles = async ({ lease, roles }: LoadedRoles, options: RunOptions, deps: ProcessDeps): Promise<void> => {
  const { clock, random, log, identity, signal } = deps;
  const { namespace, image } = options;
  const metrics = deps.metrics ?? createMetrics({ process: true });
  const reachability = createReachability(clock);
  const kube = connect(deps.config, { clock, random, metrics, reachability, ...(deps.http === undefined ? {} : { http: deps.http }) });
  const caches = createCaches(kube, { log, metrics });
  const events = createEventRecorder({ kube, clock, log, component: "kintsugi", instance: identity });
  const policies = caches.of(RemediationPolicy);
  const settingsOf = createSettingsReader(namespace);
  const store = createConfigMapStore({ kube, clock, namespace, randomBytes: deps.randomBytes });
  const journalKeeper = createJournalKeeper({ kube, clock, log, metrics, store });
  const opened = await openFiles(options, deps);
  const shared: StartDeps = {
    ...{ kube, caches, clock, random, randomBytes: deps.randomBytes, log, metrics, events, namespace, image, journalKeeper },
    journal: keptJournal(journalKeeper, savedJournal(kube, namespace)),
    settings: () => settingsOf(policies.list()),
    diagnoser: deps.diagnoser,
    guardrails: watchGuardrails(caches, admissionPolicies({ namespace, image }), approvalsPolicyName(namespace)),
    ...opened,
    tokenAudience: options.tokenAudience,
    signals: options.signals,
    tokenIssuer: async () => issuerOf((await deps.config.credentials.current()).token),
  };
  const running = roles.map(({ name, ports, start }) => ({ name, ports, role: start(shared) }));
  const leaders = running.flatMap(({ role: { lead: work } }) => (work === undefined ? [] : [work]));

  const servers: HttpServer[] = [];
  const serve = async (service: string, handler: Hono, port: Port, certificate?: CertificateSource): Promise<void> => {
    const at = { host: options.address, port: options.ports[port.name] ?? port.number, certificate };
    const server = await (deps.startServer ?? startHttpServer)(handler, at, { clock });
    servers.push(server);
    log.info("listening", { service, address: options.address, port: server.port });
  };
  const serveRole = async (service: string, role: RunningRole, port: Port): Promise<void> => {
    const app = createApp({ name: service }, { clock, log, metrics });
    role.addRoutes?.(app, port);
    // Served at once: callers get 503 with a reason until the caches are complete.
    const files = port.secured === undefined ? undefined : options.tls;
    await serve(service, app, port, files && (await openCertificateFiles(files, { readFile: deps.readFile, clock, log })));
  };
  try {
    const silence = silenceOf(reachability);
    // A Gateway that writes alerts down during an outage has to get them: then it is ready, and says what is missing.
    const [health, noted] =
      opened.wal === undefined ? [createHealth(caches, silence, signal), []] : [createHealth(caches, () => [], signal), [silence]];
    const notes = () =>
      [
        ...noted,
        ...running.map(
          ({ role }) =>
            () =>
              role.notes?.() ?? [],
        ),
      ].flatMap((each) => each());
    await serve("metrics", createProbes({ clock, log, metrics, health, notes }), metricsPort);
    for (const { name, ports, role } of running) for (const port of ports) await serveRole(name, role, port);
    caches.start(signal);
    await caches.synced(signal);
    log.info("caches complete");
    for (const { role } of running) role.serve?.(signal);
    // The leader alone: two would write over each other.
    const work = async (until: AbortSignal): Promise<void> => void (await Promise.all(leaders.map((each) => each(until))));
    if (leaders.length === 0) await aborted(signal);
    else if (options.leaderElection === "off") await work(signal);
    else await lead({ lease: { namespace, name: lease }, identity }, { kube, clock, random, log }, signal, work);
  } catch (error) {
    // A stop while the caches fill is not a failure.
    if (!signal.aborted) throw error;
  } finally {
    log.info("stopping");
    await Promise.all(servers.map((server) => server.drain(drainMs)));
    for (const { role } of running) await role.stop?.();
    opened.senderSecrets?.close();
    await opened.wal?.close();
    await events.flush();
    kube.close();
    log.info("stopped");
  }
};

/** What is read or locked before a role starts. Throws where a file is not usable: a setting is obeyed or refused. */
const openFiles = async ({ senderSecretFile, wal }: RunOptions, deps: ProcessDeps): Promise<Pick<StartDeps, "senderSecrets" | "wal">> => {
  const senderSecrets = senderSecretFile === undefined ? undefined : await openSecretFile(senderSecretFile, deps);
  if (wal === undefined) return { senderSecrets };
  if (deps.openSegments === undefined) throw new Error("this process has no folder for a write-ahead log");
  return { senderSecrets, wal: await openWriteAheadLog(await deps.openSegments(wal.folder), { maxBytes: wal.maxBytes, log: deps.log }) };
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
