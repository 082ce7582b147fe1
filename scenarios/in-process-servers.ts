// HTTP services of one process, offered and called without a socket. Knows nothing of what they serve.
import type { Fetcher, HttpServer, startHttpServer } from "#lib/http-server.ts";

export interface InProcessServers {
  readonly start: typeof startHttpServer;
  /** Throws where no service has that address. */
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
      if (app === undefined) throw new Error(`no service has the address ${request.url}`);
      return app.fetch(request);
    },
  };
};
