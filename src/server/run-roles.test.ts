// The process around its roles: how it starts, waits, fails and stops. What the roles themselves do is theirs.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { startHttpServer } from "#lib/http-server.ts";
import { silentLog } from "#lib/log.ts";
import { systemClock } from "#lib/system-clock.ts";
import { crds, namespaceManifest, rights } from "#manifests/install.ts";
import { type LoadedRoles, loadRoles, type ProcessDeps, runRoles } from "#server/run-roles.ts";
import { tokenCredentials, tokenOf } from "#test/cluster.ts";
import { type EmbeddedTestCluster, startEmbeddedCluster } from "#test/embedded-test-cluster.ts";

const namespace = "kintsugi-roles";
let cluster: EmbeddedTestCluster;
let token: string;
beforeAll(async () => {
  cluster = await startEmbeddedCluster();
  await cluster.apply([namespaceManifest(namespace), ...crds(), ...rights(namespace)]);
  token = await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT);
});
afterAll(() => cluster.stop());

const run = (roles: LoadedRoles["roles"], signal: AbortSignal, deps: Partial<ProcessDeps> = {}): Promise<void> =>
  runRoles(
    { lease: "kintsugi", roles },
    {
      namespace,
      image: "example.test/kintsugi:1",
      address: "127.0.0.1",
      ports: {},
      tokenAudience: "kintsugi",
      leaderElection: "on",
      logLevel: "info",
    },
    {
      config: { ...cluster.config, credentials: tokenCredentials(token) },
      clock: systemClock,
      random: () => 0.5,
      randomBytes,
      log: silentLog,
      identity: "one",
      readFile: (path) => Promise.reject(new Error(`${path} does not exist`)),
      signal,
      startServer: (app, options, more) => startHttpServer(app, { ...options, port: 0 }, more),
      ...deps,
    },
  );

test("a name that is no role is refused", async () => {
  await expect(loadRoles("gatway")).rejects.toThrow('unknown role "gatway"');
});

test("a role without work for a leader serves until the process is stopped, and is stopped itself", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const role = {
    serve: () => {
      seen.push("serves");
      stop.abort();
    },
    stop: async () => void seen.push("stopped"),
  };
  await run([{ name: "quiet", ports: [], start: () => role }], stop.signal);
  expect(seen).toEqual(["serves", "stopped"]);
});

test("the work of a leader begins once the lease is taken, and ends with the process", async () => {
  const stop = new AbortController();
  const seen: string[] = [];
  const lead = async (until: AbortSignal): Promise<void> => {
    seen.push("leads");
    stop.abort();
    await new Promise<void>((resolve) => (until.aborted ? resolve() : until.addEventListener("abort", () => resolve(), { once: true })));
    seen.push("has led");
  };
  await run([{ name: "leading", ports: [], start: () => ({ lead }) }], stop.signal);
  expect(seen).toEqual(["leads", "has led"]);
});

test("a port that cannot be opened ends the process with the error, and a stop meanwhile does not", async () => {
  const port = { startServer: () => Promise.reject(new Error("EADDRINUSE")) };
  await expect(run([], new AbortController().signal, port)).rejects.toThrow("EADDRINUSE");
  await expect(run([], AbortSignal.abort(), port)).resolves.toBeUndefined();
});
