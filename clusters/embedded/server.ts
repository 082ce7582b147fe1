// The cluster's HTTP face: bytes in, bytes out, watches as lines. Decides nothing.
import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

import type { ApiResponse } from "#embedded/response.ts";
import type { ApiRequest } from "#embedded/request.ts";

export interface ListenOptions {
  readonly host?: string;
  /** 0, the default, for any that is free. */
  readonly port?: number;
  /** kubectl sends no token over plain HTTP. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
}
export interface Listening {
  readonly url: string;
  close(): Promise<void>;
}

const maxBodyBytes = 3 * 1024 * 1024;

export const listen = async (handle: (request: ApiRequest) => ApiResponse, options: ListenOptions): Promise<Listening> => {
  const onRequest: RequestListener = (incoming, outgoing) => void serve(handle, incoming, outgoing);
  const { tls } = options;
  const server = tls === undefined ? createServer(onRequest) : createTlsServer({ cert: tls.certPem, key: tls.keyPem }, onRequest);
  const host = options.host ?? "127.0.0.1";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const serve = async (handle: (request: ApiRequest) => ApiResponse, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  try {
    const body = await readBody(incoming);
    if (body === undefined) {
      outgoing.writeHead(413, { "content-type": "text/plain" }).end("request is too large");
      return;
    }
    const { method = "GET", url = "/", headers } = incoming;
    send(handle({ method, path: url, headers, body }), outgoing);
  } catch (error) {
    // A fault of ours: the caller sees what a real server would answer after a panic.
    if (!outgoing.headersSent) outgoing.writeHead(500, { "content-type": "text/plain" });
    outgoing.end(error instanceof Error ? `${error.stack ?? error.message}\n` : String(error));
  }
};

const readBody = async (incoming: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
};

const send = (response: ApiResponse, outgoing: ServerResponse): void => {
  const { status, headers, body, text, stream } = response;
  if (stream === undefined) {
    const content = text ?? `${JSON.stringify(body)}\n`;
    outgoing.writeHead(status, { ...headers, "content-length": Buffer.byteLength(content) }).end(content);
    return;
  }
  outgoing.writeHead(status, headers);
  outgoing.flushHeaders();
  const stop = stream({
    event: (event) => void outgoing.write(`${JSON.stringify(event)}\n`),
    end: () => void outgoing.end(),
  });
  outgoing.on("close", stop);
};
