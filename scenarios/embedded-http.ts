// The two ways that HTTP takes inside of one process: calls of the embedded API server, and services that are offered without a socket. So a
// whole platform can run on a clock that is moved by hand.
import type { EmbeddedCluster } from "#embedded/embedded-cluster.ts";
import { HttpError, type HttpClient, type HttpRequest, type HttpStream } from "#lib/http-client.ts";
import type { Fetcher, HttpServer, startHttpServer } from "#lib/http-server.ts";

type ApiAnswer = ReturnType<EmbeddedCluster["handle"]>;

/** The body goes through text, as over a wire: nobody shares an object with the server. */
export const embeddedHttp = ({ handle }: Pick<EmbeddedCluster, "handle">): HttpClient => {
  const ask = ({ method, url, headers = {}, body, signal }: HttpRequest): ApiAnswer => {
    if (signal?.aborted === true) throw new HttpError("aborted", "the request was given up");
    const { pathname, search } = new URL(url);
    const text = body === undefined ? undefined : typeof body === "string" ? body : Buffer.from(body).toString("utf8");
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    return handle({ method, path: `${pathname}${search}`, headers: lower, ...(text === undefined ? {} : { body: text }) });
  };
  return {
    send: async (request) => {
      // Never within the caller's own turn: an answer takes time.
      await Promise.resolve();
      const { status, headers, text, body } = ask(request);
      return { status, headers, text: text ?? JSON.stringify(body) };
    },
    stream: async (request) => {
      await Promise.resolve();
      return streamOf(ask(request), request.signal);
    },
    close: () => {},
  };
};

const streamOf = ({ status, headers, stream, text, body }: ApiAnswer, signal: AbortSignal | undefined): HttpStream => {
  const queue: Buffer[] = [];
  let wake = (): void => {};
  let isOver = false;
  const end = (): void => {
    isOver = true;
    wake();
  };
  const push = (line: string): void => {
    queue.push(Buffer.from(line));
    wake();
  };
  let stop = (): void => {};
  if (stream === undefined) {
    push(text ?? JSON.stringify(body));
    end();
  } else stop = stream({ event: (event) => push(`${JSON.stringify(event)}\n`), end });
  const close = (): void => {
    stop();
    end();
  };
  signal?.addEventListener("abort", close, { once: true });
  const chunks = async function* (): AsyncGenerator<Buffer, void> {
    try {
      for (;;) {
        const chunk = queue.shift();
        if (chunk !== undefined) yield chunk;
        else if (isOver) break;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
      if (signal?.aborted === true) throw new HttpError("aborted", "the request was given up");
    } finally {
      signal?.removeEventListener("abort", close);
      stop();
    }
  };
  return { status, headers, chunks: chunks(), close };
};

export interface InProcessServers {
  readonly start: typeof startHttpServer;
  /** Throws where nobody serves at that address. */
  fetch(request: Request): Promise<Response>;
}

export const inProcessServers = (): InProcessServers => {
  const byPort = new Map<string, Fetcher>();
  let lastPort = 0;
  return {
    start: async (app, options): Promise<HttpServer> => {
      lastPort += 1;
      const port = options.port === 0 ? lastPort : options.port;
      byPort.set(String(port), app);
      await Promise.resolve();
      return {
        port,
        url: `http://in-process:${port}`,
        drain: () => {
          byPort.delete(String(port));
          return Promise.resolve();
        },
      };
    },
    fetch: async (request) => {
      const app = byPort.get(new URL(request.url).port);
      if (app === undefined) throw new Error(`nobody serves at ${request.url}`);
      return app.fetch(request);
    },
  };
};
