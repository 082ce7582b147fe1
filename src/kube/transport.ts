// Bytes to and from the API server: who we are, deadlines, and every failure as a KubeError. Repeats reads a little; never a write, but for a 401, which was not carried out.
import type { CallOptions, Method } from "#kube/client.ts";
import { KubeError, errorOfAnswer } from "#kube/errors.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import type { Reachability } from "#kube/reachability.ts";
import { kubeMetrics } from "#kube/kube-metrics.ts";
import { type Backoff, backoffDelay, retryAfterMs } from "#lib/backoff.ts";
import { type Clock, type Random, delay } from "#lib/clock.ts";
import { type HttpClient, HttpError, type HttpRequest, type HttpStream, createHttpClient } from "#lib/http-client.ts";
import type { Metrics } from "#lib/metrics.ts";
import { trimmedEnd } from "#lib/trimmed-end.ts";

export interface TransportDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics?: Metrics;
  readonly userAgent?: string;
  readonly reachability?: Reachability;
  /** The transport of bytes; default: sockets. */
  readonly http?: HttpClient;
}

export interface Call extends CallOptions {
  /** `get Pod shop/web`: for messages. */
  readonly doing: string;
  readonly method: Method;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly accept?: string;
  readonly maxBytes?: number;
  /** Tries of a read; default three. */
  readonly attempts?: number;
}

export interface Transport {
  /** The answer's text, whatever it is. */
  text(call: Call): Promise<string>;
  /** The answer's JSON; undefined where it is empty. */
  json(call: Call): Promise<unknown>;
  /** Resolves once the server has answered with success. */
  stream(call: Call): Promise<HttpStream>;
  close(): void;
}

/** A list page of large objects; etcd's own limit is 1.5 MiB for one. */
const maxAnswerBytes = 64 * 1024 * 1024;
const readBackoff: Backoff = { firstMs: 100, maxMs: 2_000 };
const readAttempts = 3;
/** Longer than this the caller should know and decide by itself. */
const longestReadWaitMs = 5_000;

/**
 * JSON with the escapes of Go's encoder: the server's JSON Patch compares a `test` with its own text byte by byte, so that an unescaped
 * `>` in a string would never be equal.
 */
const encoded = (body: unknown): string =>
  JSON.stringify(body).replaceAll(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

export const createTransport = (config: ClusterConfig, deps: TransportDeps): Transport => {
  const http = deps.http ?? createHttpClient({ clock: deps.clock });
  const base = trimmedEnd(config.server, "/");
  const calls = deps.metrics?.counter(kubeMetrics.requests);
  const seconds = deps.metrics?.histogram(kubeMetrics.requestTime);

  const prepare = async (call: Call): Promise<HttpRequest> => {
    const credentials = await config.credentials.current();
    // The server takes it for the name of the field manager, which says later who wrote a field.
    const headers: Record<string, string | readonly string[]> = { "user-agent": deps.userAgent ?? "kintsugi" };
    if (credentials.token !== undefined) headers["authorization"] = `Bearer ${credentials.token}`;
    if (config.impersonate !== undefined) {
      headers["impersonate-user"] = config.impersonate.user;
      if (config.impersonate.groups.length > 0) headers["impersonate-group"] = config.impersonate.groups;
    }
    if (call.accept !== undefined) headers["accept"] = call.accept;
    if (call.body !== undefined) headers["content-type"] = call.contentType ?? "application/json";
    return {
      method: call.method,
      url: `${base}${call.path}${queryText(call.query)}`,
      headers,
      body: call.body === undefined ? undefined : encoded(call.body),
      timeoutMs: call.timeoutMs,
      signal: call.signal,
      maxBytes: call.maxBytes ?? maxAnswerBytes,
      tls: {
        caPem: config.caPem,
        certPem: credentials.certPem,
        keyPem: credentials.keyPem,
        serverName: config.tlsServerName,
        insecureSkipVerify: config.insecureSkipTlsVerify,
      },
    };
  };

  /** One exchange, or two where the first one was a 401: the token may just have been rotated. */
  const exchange = async <A extends { readonly status: number }>(call: Call, send: (request: HttpRequest) => Promise<A>): Promise<A> => {
    const startedAt = deps.clock.now();
    try {
      let answer = await send(await prepare(call));
      if (answer.status === 401) {
        config.credentials.invalidate();
        if ("close" in answer && typeof answer.close === "function") answer.close();
        answer = await send(await prepare(call));
      }
      if (answer.status >= 500) deps.reachability?.failed();
      else deps.reachability?.answered();
      calls?.add({ method: call.method, status: String(answer.status) });
      seconds?.observe((deps.clock.now() - startedAt) / 1000, { method: call.method });
      return answer;
    } catch (error) {
      if (error instanceof HttpError && error.fault !== "aborted") deps.reachability?.failed();
      calls?.add({ method: call.method, status: error instanceof HttpError ? error.fault : "error" });
      throw error instanceof HttpError ? errorOfHttp(call.doing, base, error) : credentialError(call.doing, error);
    }
  };

  const once = async (call: Call): Promise<string> => {
    const answer = await exchange(call, http.send);
    if (answer.status >= 200 && answer.status < 300) return answer.text;
    throw errorOfAnswer(call.doing, answer.status, answer.text, retryAfterMs(answer.headers["retry-after"], deps.clock.now()));
  };

  const text = async (call: Call): Promise<string> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(call);
      } catch (error) {
        const waitMs =
          call.method === "GET" && attempt < (call.attempts ?? readAttempts)
            ? waitBeforeReadingAgain(error, backoffDelay(readBackoff, attempt, deps.random))
            : undefined;
        if (waitMs === undefined) throw error;
        await delay(deps.clock, waitMs, call.signal).catch(() => {
          throw new KubeError({ doing: call.doing, status: 0, reason: "Aborted", message: "the call was given up" });
        });
      }
    }
  };

  return {
    text,
    json: async (call) => parsedAnswer(call.doing, await text(call)),
    stream: async (call) => {
      const stream = await exchange(call, http.stream);
      if (stream.status >= 200 && stream.status < 300) return stream;
      const body = await firstText(stream).catch(() => "");
      throw errorOfAnswer(call.doing, stream.status, body, retryAfterMs(stream.headers["retry-after"], deps.clock.now()));
    },
    close: http.close,
  };
};

export const parsedAnswer = (doing: string, body: string): unknown => {
  if (body === "") return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch (cause) {
    throw new KubeError({ doing, status: 0, reason: "Unreadable", message: "the answer is not JSON", cause });
  }
};

const waitBeforeReadingAgain = (error: unknown, backoffMs: number): number | undefined => {
  if (!(error instanceof KubeError)) return undefined;
  const worthIt = error.reason === "Connection" || error.status === 429 || error.status >= 500;
  const waitMs = Math.max(backoffMs, error.retryAfterMs ?? 0);
  return worthIt && waitMs <= longestReadWaitMs ? waitMs : undefined;
};

const queryText = (query: Call["query"]): string => {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(name, String(value));
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
};

const maxErrorBytes = 64 * 1024;

const firstText = async (stream: HttpStream): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream.chunks) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > maxErrorBytes) break;
  }
  return Buffer.concat(chunks).toString("utf8");
};

const reasonOfFault: Readonly<Record<HttpError["fault"], string>> = {
  timeout: "Timeout",
  aborted: "Aborted",
  refused: "Connection",
  connection: "Connection",
  "too-large": "TooLarge",
};

export const errorOfHttp = (doing: string, server: string, error: HttpError): KubeError => {
  const unreachable = error.fault === "refused" ? `the API server at ${server} cannot be reached: ` : "";
  const message = certificateProblem(server, error.cause) ?? `${unreachable}${error.message}`;
  return new KubeError({ doing, status: 0, reason: reasonOfFault[error.fault], message, cause: error });
};

const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_UNTRUSTED",
]);

/** What Node says of a certificate is about Node; this is about the kubeconfig. */
const certificateProblem = (server: string, cause: unknown): string | undefined => {
  const { code, host, cert } = (cause ?? {}) as { code?: unknown; host?: unknown; cert?: { subjectaltname?: unknown } };
  if (typeof code !== "string") return undefined;
  if (untrusted.has(code)) return `the certificate of ${server} is not trusted; check certificate-authority-data in the kubeconfig`;
  if (code === "CERT_HAS_EXPIRED") return `the certificate of ${server} has expired; renew it on the server`;
  if (code === "CERT_NOT_YET_VALID") return `the certificate of ${server} is not valid yet; check the clock of this machine`;
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID") return undefined;
  const names = typeof cert?.subjectaltname === "string" && cert.subjectaltname !== "" ? cert.subjectaltname.slice(0, 500) : "no host";
  return `the certificate of ${server} is not valid for ${String(host)}: it names ${names}; check server, or set tls-server-name, in the kubeconfig`;
};

/** Reading a token file or running a plugin failed: it may work again, and says itself what is wrong. */
const credentialError = (doing: string, error: unknown): KubeError =>
  error instanceof KubeError
    ? error
    : new KubeError({
        doing,
        status: 0,
        reason: "Credentials",
        message: error instanceof Error ? error.message : String(error),
        cause: error,
      });
