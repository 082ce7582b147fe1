// The client against servers that behave badly: the caller's error, and that nothing hangs or grows without bound.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, expect, test } from "vitest";

import { HttpError, type HttpRequest, createHttpClient } from "#lib/http-client.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const serve = async (
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; server: Server; connections: () => number }> => {
  let connections = 0;
  const server = createServer(handle);
  server.on("connection", () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, connections: () => connections };
};
const createClient = (clock = systemClock, maxSockets = 4) => {
  const client = createHttpClient({ clock, maxSockets, userAgent: "kintsugi-test" });
  closers.push(client.close);
  return client;
};
const faultOf = async (call: Promise<unknown>): Promise<string> => {
  const error: unknown = await call.then(
    () => "no error",
    (reason: unknown) => reason,
  );
  return error instanceof HttpError ? error.fault : String(error);
};

test("sends method, headers and body, and gives back status, headers and text", async () => {
  const { url } = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { "x-one": one, "user-agent": agent, "content-length": length, accept } = request.headers;
      response
        .writeHead(201, { "x-two": ["a", "b"] })
        .end(JSON.stringify([request.method, one, agent, length, accept, Buffer.concat(chunks).toString()]));
    });
  });
  const answer = await createClient().send({
    method: "POST",
    url: `${url}/x?y=1`,
    headers: { "x-one": ["1", "2"], accept: "text/plain" },
    body: "ü",
  });
  expect([answer.status, answer.headers["x-two"]]).toEqual([201, "a, b"]);
  expect(JSON.parse(answer.text)).toEqual(["POST", "1, 2", "kintsugi-test", "2", "text/plain", "ü"]);
});

test("connections are kept and bounded; a redirect is an answer like any other", async () => {
  const { url, connections } = await serve((_request, response) => response.writeHead(302, { location: "http://example.com" }).end());
  const client = createClient();
  for (let call = 0; call < 20; call += 1) expect((await client.send({ method: "GET", url })).status).toBe(302);
  expect(connections()).toBe(1);
  await Promise.all(Array.from({ length: 40 }, () => client.send({ method: "GET", url })));
  expect(connections()).toBeLessThanOrEqual(4);
});

test("the deadline covers the body too, on the given clock", async () => {
  const { url } = await serve((_request, response) => {
    response.writeHead(200).write("half");
  });
  const clock = createManualClock();
  const call = faultOf(createClient(clock).send({ method: "GET", url, timeoutMs: 5_000 }));
  await clock.advance(5_000);
  expect(await call).toBe("timeout");
});

const badServers: readonly (readonly [
  string,
  (request: IncomingMessage, response: ServerResponse) => void,
  Partial<HttpRequest>,
  string,
])[] = [
  ["an answer larger than allowed", (_request, response) => response.end("x".repeat(2_000)), { maxBytes: 1_000 }, "too-large"],
  [
    "an answer cut off in the middle",
    (_request, response) => response.writeHead(200, { "content-length": "100" }).write("x", () => response.destroy()),
    {},
    "connection",
  ],
  ["a connection cut before the answer", (request) => request.socket.destroy(), {}, "connection"],
];
test.for(badServers)("%s", async ([, handle, options, fault]) => {
  const { url } = await serve(handle);
  expect(await faultOf(createClient().send({ method: "GET", url, ...options }))).toBe(fault);
});

test("a refused connection is distinguished from one that broke", async () => {
  const { url, server } = await serve(() => {});
  await new Promise((resolve) => server.close(resolve));
  expect(await faultOf(createClient().send({ method: "GET", url }))).toBe("refused");
});

test("a call that is given up ends, before and during", async () => {
  const reached = Promise.withResolvers<void>();
  const { url } = await serve(() => reached.resolve());
  const client = createClient();
  const abort = new AbortController();
  const call = faultOf(client.send({ method: "GET", url, signal: abort.signal }));
  await reached.promise;
  abort.abort();
  expect([await call, await faultOf(client.send({ method: "GET", url, signal: abort.signal }))]).toEqual(["aborted", "aborted"]);
});

test("a stream gives its pieces as they come, and no deadline ends it", async () => {
  let send: ServerResponse | undefined;
  const { url } = await serve((_request, response) => {
    send = response;
    response.writeHead(200).write("one");
  });
  const clock = createManualClock();
  const stream = await createClient(clock).stream({ method: "GET", url, timeoutMs: 1_000 });
  const next = async (): Promise<string | undefined> => (await stream.chunks.next()).value?.toString();
  expect([stream.status, await next()]).toEqual([200, "one"]);
  await clock.advance(600_000);
  send?.write("two");
  expect(await next()).toBe("two");
  send?.end();
  expect(await next()).toBeUndefined();
});

test("a stream that breaks throws, and streams leave the connections of calls alone", async () => {
  const { url } = await serve((request, response) => {
    if (request.url === "/stream") response.writeHead(200).write("one");
    else response.end("ok");
  });
  const client = createClient(systemClock, 1);
  const abort = new AbortController();
  const streams = await Promise.all([1, 2, 3].map(() => client.stream({ method: "GET", url: `${url}/stream`, signal: abort.signal })));
  expect((await client.send({ method: "GET", url })).text).toBe("ok");
  await streams[0]?.chunks.next();
  abort.abort();
  expect(await faultOf(streams[0]!.chunks.next())).toBe("aborted");
  expect(await faultOf(client.stream({ method: "GET", url: "http://127.0.0.1:1/" }))).toBe("refused");
});
