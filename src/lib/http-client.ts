// One outgoing HTTP exchange: keep-alive, a deadline, a size limit and an AbortSignal on each. Follows no redirect, repeats nothing, interprets no answer.
import { Agent as HttpAgent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";

import type { Clock } from "#lib/clock.ts";

export interface TlsOptions {
  readonly caPem?: string | undefined;
  readonly certPem?: string | undefined;
  readonly keyPem?: string | undefined;
  /** The name to verify, where it is not the host of the address. */
  readonly serverName?: string | undefined;
  readonly insecureSkipVerify?: true | undefined;
}

export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  /** A list is sent as several headers of that name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array | undefined;
  /** For the whole exchange; for a stream until its headers are there. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Of the answer's body. Default 16 MiB. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly tls?: TlsOptions | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}
export interface HttpStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Throws HttpError when the connection breaks; ends when the server ends it. */
  readonly chunks: AsyncGenerator<Buffer, void>;
  close(): void;
}

/** `refused`: nothing was sent. `connection`: it broke, and the server may have done what was asked. */
export type HttpFault = "timeout" | "aborted" | "refused" | "connection" | "too-large";

export class HttpError extends Error {
  readonly fault: HttpFault;
  constructor(fault: HttpFault, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "HttpError";
    this.fault = fault;
  }
}

export interface HttpClient {
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Resolves with the headers; streams have connections of their own, so that they never starve `send`. */
  stream(request: HttpRequest): Promise<HttpStream>;
  close(): void;
}

export interface HttpClientDeps {
  readonly clock: Clock;
  readonly userAgent?: string;
  readonly maxSockets?: number;
}

const defaultTimeoutMs = 30_000;
const defaultMaxBytes = 16 * 1024 * 1024;
/** Shorter than any server's own limit, so that it is us who close an idle connection. */
const idleSocketMs = 30_000;

export const createHttpClient = (deps: HttpClientDeps): HttpClient => {
  const pool = (maxSockets: number) => {
    const options = { keepAlive: true, maxSockets, maxFreeSockets: 32, timeout: idleSocketMs, scheduling: "lifo" as const };
    return { http: new HttpAgent(options), https: new HttpsAgent(options) };
  };
  const requests = pool(deps.maxSockets ?? 32);
  const streams = pool(Number.POSITIVE_INFINITY);

  const open = (request: HttpRequest, agents: typeof requests): Exchange => {
    const url = new URL(request.url);
    const body = typeof request.body === "string" ? Buffer.from(request.body) : request.body;
    const headers: Record<string, string | string[]> = { accept: "application/json" };
    for (const [name, value] of Object.entries(request.headers ?? {})) headers[name] = typeof value === "string" ? value : [...value];
    if (deps.userAgent !== undefined) headers["user-agent"] ??= deps.userAgent;
    if (body !== undefined) headers["content-length"] = String(body.byteLength);
    const common = { method: request.method, headers };
    const outgoing =
      url.protocol === "https:"
        ? httpsRequest(url, { ...common, agent: agents.https, ...tlsOf(request.tls) })
        : httpRequest(url, { ...common, agent: agents.http });
    return startExchange(outgoing, body, request, deps.clock);
  };

  return {
    send: async (request) => {
      const exchange = open(request, requests);
      try {
        const response = await exchange.response;
        const text = await readText(response, request.maxBytes ?? defaultMaxBytes, exchange);
        return { status: response.statusCode ?? 0, headers: headersOf(response), text };
      } catch (error) {
        throw exchange.explain(error);
      } finally {
        exchange.finish();
      }
    },
    stream: async (request) => {
      const exchange = open(request, streams);
      try {
        const response = await exchange.response;
        exchange.stopDeadline();
        return {
          status: response.statusCode ?? 0,
          headers: headersOf(response),
          chunks: readChunks(response, exchange),
          close: exchange.close,
        };
      } catch (error) {
        exchange.finish();
        throw exchange.explain(error);
      }
    },
    close: () => {
      for (const agent of [requests.http, requests.https, streams.http, streams.https]) agent.destroy();
    },
  };
};

interface Exchange {
  readonly response: Promise<IncomingMessage>;
  /** What really went wrong: a deadline looks like a broken connection from below. */
  explain(error: unknown): HttpError;
  fail(error: HttpError): void;
  stopDeadline(): void;
  close(): void;
  /** Drops timers and listeners. */
  finish(): void;
}

const startExchange = (outgoing: ClientRequest, body: Uint8Array | undefined, request: HttpRequest, clock: Clock): Exchange => {
  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
  let failure: HttpError | undefined;
  const fail = (error: HttpError): void => {
    failure ??= error;
    outgoing.destroy(failure);
  };
  const stopDeadline = clock.after(timeoutMs, () => fail(new HttpError("timeout", `no complete answer within ${timeoutMs} ms`)));
  const abort = (): void => fail(new HttpError("aborted", "the call was given up", request.signal?.reason));
  if (request.signal?.aborted) abort();
  else request.signal?.addEventListener("abort", abort, { once: true });

  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    // Stays for the life of the request: an error without a listener would end the process.
    outgoing.on("error", reject);
  });
  outgoing.end(body);
  const finish = (): void => {
    stopDeadline();
    request.signal?.removeEventListener("abort", abort);
  };
  return {
    response,
    fail,
    stopDeadline,
    finish,
    close: () => {
      finish();
      outgoing.destroy();
    },
    explain: (error) => failure ?? (error instanceof HttpError ? error : connectionError(error)),
  };
};

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

const connectionError = (error: unknown): HttpError => {
  const code = (error as { code?: unknown }).code;
  const message = error instanceof Error && error.message !== "" ? error.message : String(code);
  return new HttpError(typeof code === "string" && neverSent.has(code) ? "refused" : "connection", message, error);
};

const tlsOf = (tls: TlsOptions | undefined): object => ({
  ...(tls?.caPem === undefined ? {} : { ca: tls.caPem }),
  ...(tls?.certPem === undefined ? {} : { cert: tls.certPem }),
  ...(tls?.keyPem === undefined ? {} : { key: tls.keyPem }),
  ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
  ...(tls?.insecureSkipVerify ? { rejectUnauthorized: false } : {}),
});

const headersOf = (response: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : (value ?? "")]),
  );

const readText = async (response: IncomingMessage, maxBytes: number, exchange: Exchange): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) {
      const error = new HttpError("too-large", `the answer is larger than ${maxBytes} bytes`);
      exchange.fail(error);
      throw error;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
};

async function* readChunks(response: IncomingMessage, exchange: Exchange): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw exchange.explain(error);
  } finally {
    exchange.close();
  }
}
