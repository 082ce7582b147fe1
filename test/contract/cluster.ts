// A cluster as the contract suite sees it: plain HTTP, every answer as it came. Must never hide a status, retry a request, or know
// which API server it talks to.
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { createInterface } from "node:readline";

/** Any JSON object of the API: an object, a list, a Status, a table, a review. What a case relies on, it asserts. */
export interface Body {
  readonly [key: string]: unknown;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly [key: string]: unknown;
    readonly name: string;
    /** Absent where the object is the cluster's. */
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly creationTimestamp: string;
    readonly continue: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly managedFields: readonly Readonly<Record<string, unknown>>[];
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, string>>;
  readonly items: readonly Body[];
  readonly message: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Undefined if the answer is not JSON. */
  readonly body: Body;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Body;
}

export interface Watch {
  readonly status: number;
  /** The next `count` events in the order they came; fails when the stream ends before. */
  take(count: number): Promise<readonly WatchEvent[]>;
  /** Everything up to and including the first event that fits. */
  until(fits: (event: WatchEvent) => boolean): Promise<readonly WatchEvent[]>;
  /** What was still to come when the server ended the stream. */
  rest(): Promise<readonly WatchEvent[]>;
  close(): void;
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;

export interface Caller {
  request(method: string, path: string, body?: unknown, headers?: Headers): Promise<Answer>;
  get(path: string, headers?: Headers): Promise<Answer>;
  create(path: string, body: unknown): Promise<Answer>;
  replace(path: string, body: unknown): Promise<Answer>;
  patch(type: keyof typeof patchTypes, path: string, body: unknown): Promise<Answer>;
  delete(path: string, options?: unknown): Promise<Answer>;
  watch(path: string): Promise<Watch>;
}

/** The administrator's calls, and the way to everyone else's. */
export interface ContractCluster extends Caller {
  readonly url: string;
  readonly caPem?: string;
  /** By impersonation. */
  as(user: string, groups?: readonly string[]): Caller;
  /** By this token alone; without one, anonymous. */
  withToken(token?: string): Caller;
  /** Forgets all history before now, as etcd's compaction does. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

export interface Case {
  readonly name: string;
  run(cluster: ContractCluster, namespace: string): Promise<void>;
}

export interface Topic {
  readonly title: string;
  readonly cases: readonly Case[];
}

export interface Endpoint {
  readonly url: string;
  readonly caPem?: string;
  /** Of a member of system:masters: a client certificate or a token. */
  readonly admin: { readonly certPem: string; readonly keyPem: string } | { readonly token: string };
  compact(): Promise<void>;
  stop(): Promise<void>;
}

export const openContractCluster = (endpoint: Endpoint): ContractCluster => {
  const https = endpoint.url.startsWith("https:");
  const tls = endpoint.caPem === undefined ? {} : { ca: endpoint.caPem };
  const byCertificate = "certPem" in endpoint.admin ? { cert: endpoint.admin.certPem, key: endpoint.admin.keyPem } : {};
  const agents: (HttpAgent | HttpsAgent)[] = [];
  const agentOf = (certificate: object): HttpAgent | HttpsAgent => {
    const agent = https ? new HttpsAgent({ keepAlive: true, ...tls, ...certificate }) : new HttpAgent({ keepAlive: true });
    agents.push(agent);
    return agent;
  };
  const adminAgent = agentOf(byCertificate);
  const plainAgent = agentOf({});
  const adminHeaders: Headers = "token" in endpoint.admin ? { authorization: `Bearer ${endpoint.admin.token}` } : {};
  const send = https ? httpsRequest : httpRequest;

  const callerOf = (agent: HttpAgent | HttpsAgent, identity: Headers): Caller => {
    const open = (method: string, path: string, body: unknown, headers: Headers): Promise<[ClientRequest, IncomingMessage]> =>
      new Promise((resolve, reject) => {
        const content = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
        const all = {
          ...(content === undefined ? {} : { "content-type": "application/json", "content-length": String(Buffer.byteLength(content)) }),
          ...identity,
          ...headers,
        };
        const sent = send(`${endpoint.url}${path}`, { method, agent, headers: all });
        sent.once("response", (response) => resolve([sent, response]));
        sent.once("error", reject);
        sent.end(content);
      });
    const request = async (method: string, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> => {
      const [, response] = await open(method, path, body, headers);
      const text = await textOf(response);
      return { status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) };
    };
    return {
      request,
      get: (path, headers) => request("GET", path, undefined, headers),
      create: (path, body) => request("POST", path, body),
      replace: (path, body) => request("PUT", path, body),
      patch: (type, path, body) => request("PATCH", path, body, { "content-type": patchTypes[type] }),
      delete: (path, options) => request("DELETE", path, options),
      watch: async (path) => {
        const [sent, response] = await open("GET", `${path}${path.includes("?") ? "&" : "?"}watch=true`, undefined, {});
        return watchOf(sent, response);
      },
    };
  };

  const { compact, stop, url, caPem } = endpoint;
  return {
    ...callerOf(adminAgent, adminHeaders),
    url,
    ...(caPem === undefined ? {} : { caPem }),
    as: (user, groups = ["system:authenticated"]) =>
      callerOf(adminAgent, { ...adminHeaders, "impersonate-user": user, "impersonate-group": groups }),
    withToken: (token) => callerOf(plainAgent, token === undefined ? {} : { authorization: `Bearer ${token}` }),
    compact: async () => {
      await compact();
      // What was kept alive may lead to a process that is no more.
      for (const agent of agents) agent.destroy();
    },
    stop: async () => {
      for (const agent of agents) agent.destroy();
      await stop();
    },
  };
};

/** For steps that only prepare a case: the body, or a failure that shows the answer. */
export const ok = async (answer: Promise<Answer>): Promise<Body> => {
  const { status, body, text } = await answer;
  if (status >= 300) throw new Error(`the server answered ${status}: ${text}`);
  return body;
};

const textOf = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

const parsed = (text: string): Body => {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined as unknown as Body;
  }
};

const watchOf = (sent: ClientRequest, response: IncomingMessage): Watch => {
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const next = async (): Promise<WatchEvent | undefined> => {
    const { value, done } = await lines.next();
    return done === true ? undefined : (JSON.parse(value) as WatchEvent);
  };
  const until = async (isLast: (events: readonly WatchEvent[], event: WatchEvent) => boolean): Promise<readonly WatchEvent[]> => {
    const events: WatchEvent[] = [];
    for (;;) {
      const event = await next();
      if (event === undefined) throw new Error(`the watch ended after ${JSON.stringify(events.map(({ type }) => type))}`);
      events.push(event);
      if (isLast(events, event)) return events;
    }
  };
  // The caller closing the stream is no failure.
  sent.on("error", () => {});
  response.on("error", () => {});
  return {
    status: response.statusCode ?? 0,
    take: (count) => until((events) => events.length === count),
    until: (fits) => until((_events, event) => fits(event)),
    rest: async () => {
      const events: WatchEvent[] = [];
      for (let event = await next(); event !== undefined; event = await next()) events.push(event);
      return events;
    },
    close: () => sent.destroy(),
  };
};
