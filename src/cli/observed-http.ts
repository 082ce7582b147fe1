// API requests with a time limit of their own and, on request, a line for each on stderr. Changes nothing else.
import type { Clock } from "#lib/clock.ts";
import type { HttpClient, HttpRequest } from "#lib/http-client.ts";

export interface ObserveOptions {
  readonly clock: Clock;
  readonly timeoutMs?: number | undefined;
  /** Called once for every request. Neither headers nor bodies: they may hold credentials. */
  readonly show?: ((line: string) => void) | undefined;
}

export const observedHttp = (http: HttpClient, { clock, timeoutMs, show }: ObserveOptions): HttpClient => {
  const limited = (request: HttpRequest): HttpRequest => (timeoutMs === undefined ? request : { ...request, timeoutMs });
  const shown = async <A extends { readonly status: number }>(request: HttpRequest, exchange: Promise<A>): Promise<A> => {
    const startedAt = clock.now();
    const report = (result: string): void => show?.(`${request.method} ${request.url} ${result} in ${clock.now() - startedAt} ms`);
    try {
      const answer = await exchange;
      report(String(answer.status));
      return answer;
    } catch (error) {
      report(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
  return {
    send: (request) => shown(request, http.send(limited(request))),
    stream: (request) => shown(request, http.stream(limited(request))),
    close: http.close,
  };
};
