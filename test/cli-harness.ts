// The command line as a test runs it: an API server kept in memory behind the runtime's own interface, and everything that was printed.
import { apiVersionOf, type Key, type KubeObject, type ResourceType } from "#api/object.ts";
import { runCli } from "#cli/cli.ts";
import type { CliDeps } from "#cli/deps.ts";
import type { Kube, ListScope, Method, Seen, WriteOptions } from "#kube/client.ts";
import { KubeError } from "#kube/errors.ts";
import { applyPatch, JsonPatchError, type JsonPatch } from "#lib/json-patch.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { sampleStart } from "#test/sample-requests.ts";

export const sampleKubeconfig = `
apiVersion: v1
kind: Config
current-context: shop
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
contexts: [{name: shop, context: {cluster: c, user: u}}, {name: other, context: {cluster: c, user: u}}]
users: [{name: u, user: {token: abc}}]
`;

export const serverError = (status: number, reason: string, message: string, doing = "do it"): KubeError =>
  new KubeError({ doing, status, reason, message });

export interface FakeServer {
  readonly objects: KubeObject[];
  /** Answers of calls that have no type, by `METHOD /path`; an Error is thrown. */
  readonly answers?: Readonly<Record<string, unknown>>;
  /** Thrown by every typed call of this kind. */
  readonly failures?: Readonly<Record<string, Error>>;
  /** The events of a watch, in order; then it ends. */
  readonly watch?: readonly (Seen<KubeObject> | "interrupted")[];
  /** Of every container. */
  readonly logs?: string;
  /** A policy that looks at a write and may throw. */
  readonly admit?: (patched: KubeObject) => void;
}

export const fakeKube = (server: FakeServer, requests: string[] = []): Kube & { close(): void } => {
  const of = (type: ResourceType): KubeObject[] => {
    const failure = server.failures?.[type.kind];
    if (failure !== undefined) throw failure;
    return server.objects.filter((each) => each.kind === type.kind && each.apiVersion === apiVersionOf(type));
  };
  const one = (type: ResourceType, key: Key): KubeObject | undefined =>
    of(type).find((each) => each.metadata.name === key.name && each.metadata.namespace === key.namespace);
  const selects = (scope: ListScope, object: KubeObject): boolean =>
    (scope.namespace === undefined || object.metadata.namespace === scope.namespace) &&
    (scope.labelSelector ?? "")
      .split(",")
      .filter((part) => part !== "")
      .every((part) => object.metadata.labels?.[part.split("=")[0] ?? ""] === part.split("=")[1]);
  const unused = (): never => {
    throw new Error("the command line never does this");
  };

  return {
    namespace: "default",
    get: async (type, key) => one(type, key) as never,
    list: async (type, scope = {}) => of(type).filter((each) => selects(scope, each)) as never,
    pages: async function* (type, scope = {}) {
      yield { items: of(type).filter((each) => selects(scope, each)) as never, isFirst: true, isLast: true, bytes: 0 };
    },
    jsonPatch: async (type: ResourceType, key: Key, operations: JsonPatch, options?: WriteOptions) => {
      const object = one(type, key);
      if (object === undefined) throw serverError(404, "NotFound", `${key.name} not found`);
      if (options?.dryRun !== true) requests.push(`PATCH ${type.kind} ${JSON.stringify(operations)}`);
      let patched: KubeObject;
      try {
        patched = applyPatch(object, operations) as KubeObject;
      } catch (error) {
        if (!(error instanceof JsonPatchError)) throw error;
        throw serverError(422, "GuardFailed", "the object has changed: a test of the patch failed");
      }
      server.admit?.(patched);
      if (options?.dryRun !== true) server.objects[server.objects.indexOf(object)] = patched;
      return patched as never;
    },
    request: async (method: Method, path: string, body?: unknown) => {
      requests.push(`${method} ${path}`);
      const answer = server.answers?.[`${method} ${path}`];
      const value = typeof answer === "function" ? (answer as (body: unknown) => unknown)(body) : answer;
      if (value instanceof Error) throw value;
      if (value === undefined) throw serverError(404, "NotFound", "the server could not find the requested resource", `${method} ${path}`);
      return value;
    },
    listWatch: async function* (_type, _scope, _signal, options) {
      for (const seen of server.watch ?? []) {
        if (seen === "interrupted") {
          options?.onTrouble?.(serverError(0, "Connection", "connection reset", "watch"));
          options?.onTrouble?.(undefined);
        } else yield seen as never;
      }
    },
    logs: async () => server.logs ?? "",
    create: unused,
    mergePatch: unused,
    replaceStatus: unused,
    delete: unused,
    evict: unused,
    close: () => requests.push("CLOSE"),
  };
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Writes and calls without a type, in order; CLOSE at the end. */
  readonly requests: readonly string[];
}

export const whoAmIAnswer = (username: string): Readonly<Record<string, unknown>> => ({
  "POST /apis/authentication.k8s.io/v1/selfsubjectreviews": { status: { userInfo: { username, groups: ["system:authenticated"] } } },
});

export const runKintsugi = async (
  args: readonly string[],
  server: FakeServer = { objects: [] },
  overrides: Partial<CliDeps> = {},
): Promise<Ran> => {
  let stdout = "";
  let stderr = "";
  const requests: string[] = [];
  const code = await runCli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    isTerminal: false,
    env: { KUBECONFIG: "/home/ada/config" },
    home: "/home/ada",
    readFile: async (path) => {
      if (path === "/home/ada/config") return sampleKubeconfig;
      throw Object.assign(new Error("no such file"), { code: "ENOENT" });
    },
    runCommand: async () => ({ stdout: "", stderr: "", exitCode: 1 }),
    clock: createManualClock(sampleStart + 60_000),
    random: () => 0.5,
    version: "0.1.0",
    connect: () => fakeKube(server, requests),
    runRole: async () => 0,
    ...overrides,
  });
  return { code, stdout, stderr, requests };
};
