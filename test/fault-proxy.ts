// A proxy in front of an API server, real or embedded, that makes it fail on purpose: by rule or by hook, before a request is sent or after it was
// carried out. Serves plain HTTP on 127.0.0.1; forwards the caller's bearer token, else acts as the administrator.
import { Agent as HttpAgent, type IncomingMessage, type ServerResponse, createServer, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import type { ClusterConfig } from "#kube/cluster-config.ts";

export interface ProxiedRequest {
  /** Counts all requests from 0. */
  readonly index: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly isWatch: boolean;
  /** Neither a read nor a dry run. */
  readonly isWrite: boolean;
  readonly authorization: string | undefined;
  readonly body: string;
}

export type FaultAction =
  | { readonly kind: "pass" }
  /** The connection is cut; `after`: the API server has carried the request out. `meanwhile` runs at that moment (to kill a process). */
  | { readonly kind: "reset"; readonly when: "before" | "after"; readonly meanwhile?: () => Promise<void> | void }
  /** This answer in place of the API server's. */
  | {
      readonly kind: "answer";
      readonly when: "before" | "after";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** No answer at all until the caller gives up. */
  | { readonly kind: "hang"; readonly when: "before" | "after" }
  /** The body comes in pieces of `chunkBytes` with `pauseMs` between them. */
  | { readonly kind: "slow"; readonly chunkBytes: number; readonly pauseMs: number }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** A watch: this line is sent first, then the stream ends properly. Without a line it just ends. */
  | { readonly kind: "end"; readonly line?: string }
  /** A watch: opens, and then nothing comes. */
  | { readonly kind: "silence" };

export interface FaultRule {
  readonly match: (request: ProxiedRequest) => boolean;
  readonly action: FaultAction;
  /** Lets so many matching requests pass first. Default 0. */
  readonly skip?: number;
  /** Default 1. */
  readonly times?: number;
}

export interface RecordedRequest extends ProxiedRequest {
  /** What the caller got; 0 where the connection was cut, undefined while it is open. */
  status: number | undefined;
  /** What the API server said, where it was asked. */
  upstreamStatus: number | undefined;
  fault: FaultAction["kind"] | undefined;
}

export interface FaultProxy {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  addRule(rule: FaultRule): void;
  /** Asked for every request before the rules; undefined leaves it to them. */
  onRequest(hook: (request: ProxiedRequest) => FaultAction | undefined): void;
  /** Cuts every watch that is open. */
  cutWatches(): void;
  readonly openWatches: number;
  /** How many connections callers have opened so far. */
  readonly connections: number;
  /** A configuration that leads here: with a token of its own, or as the administrator. */
  config(token?: string): ClusterConfig;
  /** The same as a kubeconfig, for other processes. */
  kubeconfig(token?: string): string;
  stop(): Promise<void>;
}

/** In front of the API server that the administrator reaches like this. */
export const startFaultProxy = async (upstream: ClusterConfig): Promise<FaultProxy> => {
  const { certPem, keyPem, token: adminToken } = await upstream.credentials.current();
  const isTls = upstream.server.startsWith("https:");
  const openAgent = (certificate: object): HttpAgent | HttpsAgent =>
    isTls ? new HttpsAgent({ keepAlive: true, ca: upstream.caPem, ...certificate }) : new HttpAgent({ keepAlive: true });
  const admin = openAgent({ cert: certPem, key: keyPem });
  const anonymous = openAgent({});
  const requests: RecordedRequest[] = [];
  const rules: { readonly rule: FaultRule; seen: number }[] = [];
  const watches = new Set<Socket>();
  const sockets = new Set<Socket>();
  let connections = 0;
  let hook: ((request: ProxiedRequest) => FaultAction | undefined) | undefined;

  const actionFor = (request: ProxiedRequest): FaultAction => {
    const action = hook?.(request);
    if (action !== undefined) return action;
    for (const entry of rules) {
      const { match, skip = 0, times = 1 } = entry.rule;
      if (entry.seen >= skip + times || !match(request)) continue;
      entry.seen += 1;
      if (entry.seen > skip) return entry.rule.action;
    }
    return { kind: "pass" };
  };

  const send = (request: ProxiedRequest, incoming: IncomingMessage): { response: Promise<IncomingMessage>; abort(): void } => {
    const { host: _host, connection: _connection, ...headers } = incoming.headersDistinct;
    const isAdmin = request.authorization === undefined;
    const all = isAdmin && adminToken !== undefined ? { ...headers, authorization: `Bearer ${adminToken}` } : headers;
    const options = { method: request.method, headers: all, agent: isAdmin ? admin : anonymous };
    const outgoing = (isTls ? httpsRequest : httpRequest)(`${upstream.server}${request.path}`, options);
    const response = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once("response", resolve);
      outgoing.on("error", reject);
    });
    outgoing.end(request.body);
    return { response, abort: () => void outgoing.destroy() };
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body: Buffer[] = [];
    for await (const chunk of incoming as AsyncIterable<Buffer>) body.push(chunk);
    const method = incoming.method ?? "GET";
    const path = incoming.url ?? "/";
    const record: RecordedRequest = {
      index: requests.length,
      method,
      path,
      authorization: incoming.headers.authorization,
      body: Buffer.concat(body).toString("utf8"),
      isWatch: /[?&]watch=(true|1)\b/.test(path),
      isWrite: method !== "GET" && !/[?&]dryRun=/.test(path) && !isReview(path),
      status: undefined,
      upstreamStatus: undefined,
      fault: undefined,
    };
    requests.push(record);
    const action = actionFor(record);
    if (action.kind !== "pass") record.fault = action.kind;
    if (record.isWatch) {
      watches.add(incoming.socket);
      outgoing.once("close", () => watches.delete(incoming.socket));
    }
    const cut = (): void => {
      record.status = 0;
      incoming.socket.resetAndDestroy();
    };
    const answer = (status: number, headers: Readonly<Record<string, string>>, text: string): void => {
      record.status = status;
      outgoing.writeHead(status, headers).end(text);
    };

    if ("when" in action && action.when === "before") {
      if (action.kind === "reset") await action.meanwhile?.();
      if (action.kind === "answer") answer(action.status, answerHeaders(action), answerBody(action));
      else if (action.kind === "reset") cut();
      return;
    }
    const call = send(record, incoming);
    outgoing.once("close", () => {
      if (!outgoing.writableFinished) call.abort();
    });
    const response = await call.response;
    record.upstreamStatus = response.statusCode;
    if ("when" in action) {
      // Carried out to the end.
      await new Promise((resolve) => response.resume().once("end", resolve));
      if (action.kind === "reset") await action.meanwhile?.();
      if (action.kind === "answer") answer(action.status, answerHeaders(action), answerBody(action));
      else if (action.kind === "reset") cut();
      return;
    }
    record.status = response.statusCode;
    const { connection: _hopByHop, ...headers } = response.headers;
    outgoing.writeHead(response.statusCode ?? 502, headers);
    outgoing.flushHeaders();
    if (action.kind === "silence") return;
    if (action.kind === "end") {
      outgoing.end(action.line === undefined ? undefined : `${action.line}\n`);
      return call.abort();
    }
    await relay(response, outgoing, action, cut);
  };

  const server = createServer((incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => {
      // The API server is away, or the caller is: what a caller sees then is a broken connection.
      outgoing.destroy();
    });
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    requests,
    addRule: (rule) => void rules.push({ rule, seen: 0 }),
    onRequest: (newHook) => {
      hook = newHook;
    },
    cutWatches: () => {
      for (const socket of watches) socket.resetAndDestroy();
    },
    get openWatches() {
      return watches.size;
    },
    get connections() {
      return connections;
    },
    config: (token) => ({
      server: url,
      name: "fault-proxy",
      namespace: "default",
      credentials: { current: () => Promise.resolve(token === undefined ? {} : { token }), invalidate: () => {} },
    }),
    kubeconfig: (token) =>
      JSON.stringify({
        "current-context": "fault-proxy",
        contexts: [{ name: "fault-proxy", context: { cluster: "fault-proxy", user: "fault-proxy" } }],
        clusters: [{ name: "fault-proxy", cluster: { server: url } }],
        users: [{ name: "fault-proxy", user: token === undefined ? {} : { token } }],
      }),
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      admin.destroy();
      anonymous.destroy();
    },
  };
};

const relay = async (response: IncomingMessage, outgoing: ServerResponse, action: FaultAction, cut: () => void): Promise<void> => {
  let sent = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    if (action.kind === "cut" && sent + chunk.byteLength >= action.afterBytes) {
      // The part before the cut has to arrive, or it would be a reset like any other.
      await new Promise((resolve) => outgoing.write(chunk.subarray(0, action.afterBytes - sent), resolve));
      await pause(10);
      return cut();
    }
    if (action.kind === "slow") {
      for (let at = 0; at < chunk.byteLength; at += action.chunkBytes) {
        outgoing.write(chunk.subarray(at, at + action.chunkBytes));
        await pause(action.pauseMs);
      }
    } else outgoing.write(chunk);
    sent += chunk.byteLength;
  }
  outgoing.end();
};

/** Reviews are POSTs that change nothing. */
const isReview = (path: string): boolean => /\/(?:self)?subject(?:access|rules)?reviews|\/tokenreviews/.test(path);

type Answer = Extract<FaultAction, { kind: "answer" }>;
const answerHeaders = (action: Answer): Readonly<Record<string, string>> => ({ "content-type": "application/json", ...action.headers });
const answerBody = (action: Answer): string =>
  action.body ??
  JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code: action.status,
    reason: statusReasons[action.status] ?? "",
    message: "made to fail",
  });

const statusReasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
};
