// What Kintsugi's image does in an embedded cluster: the same command line, in this process, with the pod's own token and rights and nothing
// of ours. Must never know a scenario.
import { randomBytes } from "node:crypto";
import { runAct } from "#act/act.ts";
import { ACT_MANAGER } from "#api/labels.ts";
import { runCli } from "#cli/cli.ts";
import type { ActOptions, RunRoleOptions } from "#cli/deps.ts";
import type { Behaviour, ContainerContext, Program, ProgramContext } from "#embedded/nodes/behaviour.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import type { Clock, Random } from "#lib/clock.ts";
import type { HttpClient } from "#lib/http-client.ts";
import type { SegmentFiles } from "#lib/write-ahead-log/segment-files.ts";
import { createMemorySegmentFiles } from "#test/memory-segment-files.ts";
import type { startHttpServer } from "#lib/http-server.ts";
import { type LogLevel, createLog } from "#lib/log.ts";
import { eitherSignal } from "#scenarios/either-signal.ts";
import { loadRoles, runRoles } from "#server/run-roles.ts";

/** Loaded before virtual time begins: reading files takes real time. */
await Promise.all([loadRoles("all"), import("#cli/commands/run.ts")]);

export interface InPodsDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** To the API server. */
  /** Asked once a program starts: the cluster is opened with these programs. */
  readonly http: () => HttpClient;
  readonly startServer: typeof startHttpServer;
  /** Kintsugi's own image. */
  readonly image: string;
  readonly logLevel: LogLevel;
  /** A fresh token of the pod, as the kubelet renews the one in its volume. */
  readonly renewedToken: (pod: ContainerContext) => string;
  /** `port` is what the container believes; `url` where it is really served. */
  readonly onListening: (listening: { readonly port: number; readonly url: string }) => void;
}

export interface KintsugiInPods {
  /** Undefined for everybody else's image. */
  behave(context: ContainerContext): Behaviour | undefined;
  /** As SIGTERM to all of them; resolves when the last one has ended in order. */
  stop(): Promise<void>;
}

export const kintsugiInPods = (deps: InPodsDeps): KintsugiInPods => {
  const stop = new AbortController();
  const running = new Set<Promise<number>>();
  const program = programOf(deps);
  const run: Program = async (context) => {
    const ended = program({ ...context, signal: eitherSignal(context.signal, stop.signal) });
    running.add(ended);
    try {
      return await ended;
    } finally {
      running.delete(ended);
    }
  };
  return {
    behave: ({ image }) => (image === deps.image ? { run } : undefined),
    stop: async () => {
      stop.abort(new Error("the cluster ends"));
      await Promise.allSettled(running);
    },
  };
};

const programOf =
  (deps: InPodsDeps): Program =>
  (context) => {
    const { clock, random } = deps;
    const http = deps.http();
    const config = configOf(context, deps);
    const output = { write: (text: string): void => context.log(text.trimEnd()) };
    const readFile = (path: string): Promise<string> => {
      const text = context.files[path];
      return text === undefined ? Promise.reject(new Error(`${path}: no such file or directory`)) : Promise.resolve(text);
    };
    const log = createLog({ clock, level: deps.logLevel, destination: output });
    // An emptyDir: it is lost with the pod.
    const openSegments = (): Promise<SegmentFiles> => Promise.resolve(createMemorySegmentFiles());
    const runRole = async (role: string, options: RunRoleOptions): Promise<number> => {
      const identity = context.pod;
      const { signal } = context;
      await runRoles(
        await loadRoles(role),
        { ...options, image: options.image ?? deps.image },
        { config, clock, random, randomBytes, log, identity, readFile, openSegments, signal, http, startServer: startServerOf(deps) },
      );
      return 0;
    };
    const act = async ({ execution, namespace, hash }: ActOptions): Promise<number> => {
      const kube = connect(config, { clock, random, http, userAgent: ACT_MANAGER });
      try {
        const writeReport = context.setTerminationMessage;
        return await runAct({ kube, log, clock, random, writeReport }, { name: execution, namespace, hash });
      } finally {
        kube.close();
      }
    };
    return runCli(context.args, {
      stdout: output,
      stderr: output,
      isTerminal: false,
      env: context.env,
      home: "/nonexistent",
      readFile,
      runCommand: () => Promise.reject(new Error("there are no programs in this image")),
      clock,
      random,
      version: "embedded",
      signal: context.signal,
      runRole,
      runAct: act,
    });
  };

/** All pods share one machine here, so that none gets the port that it asks for. */
const startServerOf =
  ({ startServer, onListening }: InPodsDeps): typeof startHttpServer =>
  async (app, options, appDeps) => {
    const server = await startServer(app, { ...options, host: "127.0.0.1", port: 0 }, appDeps);
    onListening({ port: options.port, url: server.url });
    return server;
  };

/** Half the life of a token in a pod's volume: the kubelet's own measure is 80 %. */
const renewAfterMs = 30 * 60_000;

const configOf = (context: ProgramContext, { clock, renewedToken }: InPodsDeps): ClusterConfig => {
  let token = context.token;
  let since = clock.now();
  return {
    name: "in-cluster",
    server: "http://kubernetes.default.svc",
    namespace: context.namespace,
    credentials: {
      current: () => {
        if (clock.now() - since > renewAfterMs) {
          token = renewedToken(context);
          since = clock.now();
        }
        return Promise.resolve({ token });
      },
      invalidate: () => {},
    },
  };
};
