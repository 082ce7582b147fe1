// Calls of the embedded API server without a socket, so that its clients can run on a clock that is moved by hand. Decides nothing.
import type { ApiResponse } from "#embedded/response.ts";
import type { ApiRequest } from "#embedded/request.ts";
import { HttpError, type HttpClient, type HttpRequest, type HttpStream } from "#lib/http-client.ts";

/** The body goes through text, as over a wire: client and server share no object. */
export const inProcessHttp = ({ handle }: { readonly handle: (request: ApiRequest) => ApiResponse }): HttpClient => {
  const ask = ({ method, url, headers = {}, body, signal }: HttpRequest): ApiResponse => {
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

const streamOf = ({ status, headers, stream, text, body }: ApiResponse, signal: AbortSignal | undefined): HttpStream => {
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
