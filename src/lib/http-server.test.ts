// The ground of our services: what every one of them answers, bounds and measures, and how it goes down.
import { type Socket, connect as connectSocket } from "node:net";

import { Hono } from "hono";
import { afterEach, describe, expect, test, vi } from "vitest";

import { selfSignedCertificate } from "#scenarios/self-signed-certificate.ts";
import type { Certificate, CertificateSource } from "#lib/certificate-files.ts";
import { createHttpClient } from "#lib/http-client.ts";
import { type HttpServer, type ServerOptions, createApp, guardApp, startHttpServer } from "#lib/http-server.ts";
import type { Log } from "#lib/log.ts";
import { silentLog } from "#lib/log.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { createMetrics } from "#lib/metrics.ts";
import { ProblemError } from "#lib/problem.ts";
import { createBodyReader } from "#lib/request-body.ts";
import { systemClock } from "#lib/system-clock.ts";

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const setUp = async (options: Partial<ServerOptions> = {}) => {
  const metrics = createMetrics();
  const errors: string[] = [];
  const bodies = createBodyReader({ maxBytes: 100, maxBytesInFlight: 1_000 });
  const log: Log = { ...silentLog, error: (message) => void errors.push(message), child: () => log };
  const app = createApp({ name: "gateway" }, { clock: systemClock, log, metrics });
  app.post("/echo", (context) =>
    bodies.read(context.req.raw, "someone", async (bytes) => context.text(Buffer.from(bytes).toString("utf8"))),
  );
  app.get("/refused", () => {
    throw new ProblemError({
      code: "overloaded",
      status: 503,
      title: "Overloaded",
      detail: "with password=hunter2",
      retryAfterSeconds: 4.2,
    });
  });
  app.get("/broken", () => {
    throw new TypeError("undefined is not a function, token=hunter2");
  });
  const server = await startHttpServer(app, { host: "127.0.0.1", port: 0, ...options }, { clock: systemClock });
  const client = createHttpClient({ clock: systemClock });
  closers.push(client.close, () => server.drain(0));
  const send = (method: string, path: string, body?: string) => client.send({ method, url: `${server.url}${path}`, body });
  return { app, server, send, metrics, errors };
};
const problemOf = (answer: { status: number; headers: Readonly<Record<string, string>>; text: string }) => {
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  return JSON.parse(answer.text) as Record<string, unknown>;
};

describe("every error is a problem", () => {
  test("an address that is not there", async () => {
    const { send } = await setUp();
    expect(problemOf(await send("GET", "/nowhere"))).toMatchObject({
      status: 404,
      code: "not-found",
      type: "https://kintsugi.dev/problems/not-found",
    });
  });

  test("one that a handler chose, redacted, with Retry-After", async () => {
    const { send } = await setUp();
    const answer = await send("GET", "/refused");
    expect([answer.status, answer.headers["retry-after"]]).toEqual([503, "5"]);
    expect(problemOf(answer)).toMatchObject({ code: "overloaded", detail: "with password=[redacted]" });
  });

  test("one that was not foreseen, which says nothing about itself outside of the log", async () => {
    const { send, errors } = await setUp();
    const answer = await send("GET", "/broken");
    expect(problemOf(answer)).toEqual({
      type: "https://kintsugi.dev/problems/internal",
      code: "internal",
      status: 500,
      title: "Internal error",
    });
    expect(errors).toHaveLength(1);
  });

  test("a body that is too large, whether or not it says how large", async () => {
    const { send, server } = await setUp();
    expect((await send("POST", "/echo", "x".repeat(100))).text).toHaveLength(100);
    expect(problemOf(await send("POST", "/echo", "x".repeat(101)))).toMatchObject({ status: 413, code: "too-large" });
    const chunks = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new TextEncoder().encode("x".repeat(60)));
      },
    });
    const answer = await fetch(`${server.url}/echo`, { method: "POST", body: chunks, duplex: "half" }).catch(() => undefined);
    expect([413, undefined]).toContain(answer?.status);
  });

  test("a request that the framework refuses", async () => {
    const { app, send } = await setUp();
    app.get("/typed", () => {
      throw Object.assign(new Error("id is not a number"), { status: 400 });
    });
    expect(problemOf(await send("GET", "/typed"))).toMatchObject({ status: 400, code: "bad-request", detail: "id is not a number" });
  });
});

/** A body of endless chunks that counts what is taken of it. */
const endlessBody = () => {
  const taken = { bytes: 0 };
  const pull = (stream: ReadableStreamDefaultController<Uint8Array>): void => {
    taken.bytes += 65_536;
    stream.enqueue(new Uint8Array(65_536));
  };
  return { taken, body: new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }) };
};

test.each<[string, string]>([
  ["a route that takes no body", "/refused"],
  ["an address that is not there", "/nowhere"],
])("not one byte of a body is read for %s", async (_, path) => {
  const { app } = await setUp();
  const { taken, body } = endlessBody();
  const answer = await app.fetch(new Request(`http://localhost${path}`, { method: "POST", body, duplex: "half" } as RequestInit));
  expect(answer.status).toBe(404);
  expect(taken.bytes).toBe(0);
});

test.each<[string, string]>([
  ["with its length", "Content-Length: 4\r\n\r\nbody"],
  ["in chunks", "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n"],
])("a GET request that brings a body %s is refused, and its connection ends", async (_, rest) => {
  const { server } = await setUp();
  const socket = connectSocket(server.port, "127.0.0.1");
  socket.write(`GET /refused HTTP/1.1\r\nHost: x\r\n${rest}`);
  expect(await untilClosed(socket)).toMatch(/^HTTP\/1.1 413 /);
});

const untilClosed = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    let received = "";
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.on("error", () => {});
    socket.on("close", () => resolve(received));
  });

test("one address has its share of the connections; another one gets in beside it", async () => {
  const { server } = await setUp({ host: "0.0.0.0", maxConnectionsPerAddress: 3 });
  const open = (localAddress: string) => connectSocket({ port: server.port, host: "127.0.0.1", localAddress });
  const idle = [1, 2, 3].map(() => open("127.0.0.1"));
  await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  expect(await untilClosed(open("127.0.0.1"))).toBe("");
  const other = open("127.0.0.2");
  other.write("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  expect(await untilClosed(other)).toMatch(/^HTTP\/1.1 404 /);
  // A place that is free again can be taken again.
  const freed = untilClosed(idle[0]!);
  idle[0]!.destroy();
  await freed;
  await vi.waitFor(async () => {
    const next = open("127.0.0.1");
    next.write("GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(await untilClosed(next)).toMatch(/^HTTP\/1.1 404 /);
  });
  for (const socket of idle) socket.destroy();
});

test("over TLS it serves the certificate it has, and the next one without a restart", async () => {
  const [first, second] = [selfSignedCertificate(Date.now()), selfSignedCertificate(Date.now())];
  let replace: (certificate: Certificate) => void = () => {};
  let isFollowing = true;
  const certificate: CertificateSource = {
    initial: { cert: first.certPem, key: first.keyPem },
    follow: (use) => {
      replace = use;
      return () => void (isFollowing = false);
    },
  };
  const { server } = await setUp({ certificate });
  expect(server.url).toMatch(/^https:/);
  const statusWith = async (caPem: string): Promise<number | string> => {
    const trusting = createHttpClient({ clock: systemClock });
    try {
      return (await trusting.send({ method: "GET", url: `${server.url}/nowhere`, tls: { caPem } })).status;
    } catch (error) {
      return (error as { fault: string }).fault;
    } finally {
      trusting.close();
    }
  };
  expect([await statusWith(first.certPem), await statusWith(second.certPem)]).toEqual([404, "connection"]);
  replace({ cert: second.certPem, key: second.keyPem });
  expect([await statusWith(first.certPem), await statusWith(second.certPem)]).toEqual(["connection", 404]);
  await expect(fetch(server.url.replace("https:", "http:"))).rejects.toThrow("fetch failed");
  await server.drain(0);
  expect(isFollowing).toBe(false);
});

test("requests are measured by service, method and status, and no caller invents a label", async () => {
  const { send, metrics } = await setUp();
  await send("GET", "/nowhere");
  await send("PROPFIND", "/nowhere");
  const text = await metrics.text();
  expect(text).toContain('kintsugi_http_request_seconds_count{service="gateway",method="GET",status="404"} 1');
  expect(text).toContain('method="other"');
});

test("an app of another make gets the same ground", async () => {
  const app = new Hono<{ Variables: { user: string } }>();
  guardApp(app, { name: "other" }, { clock: systemClock, log: silentLog });
  const answer = await app.fetch(new Request("http://localhost/nowhere"));
  expect([answer.status, answer.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
});

test("a port that is taken is an error at once", async () => {
  const { server, app } = await setUp();
  await expect(startHttpServer(app, { host: "127.0.0.1", port: server.port }, { clock: systemClock })).rejects.toThrow("EADDRINUSE");
});

test("a caller who sends its headers too slowly is cut off", async () => {
  const { server } = await setUp({ headersTimeoutMs: 50 });
  const socket = connectSocket(server.port, "127.0.0.1");
  socket.write("GET /echo HTTP/1.1\r\nHost: x\r\n");
  expect(await untilClosed(socket)).toContain("408");
});

describe("draining", () => {
  const setUpSlow = async (): Promise<{
    server: HttpServer;
    send: () => Promise<string>;
    reached: Promise<void>;
    release: () => void;
    clock: ReturnType<typeof createManualClock>;
  }> => {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const clock = createManualClock();
    const app = createApp({ name: "slow" }, { clock, log: silentLog });
    app.get("/", async (context) => {
      reached.resolve();
      await released.promise;
      return context.text("done");
    });
    const server = await startHttpServer(app, { host: "127.0.0.1", port: 0 }, { clock });
    const client = createHttpClient({ clock: systemClock });
    closers.push(client.close, () => released.resolve());
    const send = async (): Promise<string> => {
      try {
        return (await client.send({ method: "GET", url: server.url })).text;
      } catch (error) {
        return (error as { fault: string }).fault;
      }
    };
    return { server, send, reached: reached.promise, release: released.resolve, clock };
  };

  test("lets what has begun end, takes nothing new, and is done as soon as it can", async () => {
    const { server, send, reached, release, clock } = await setUpSlow();
    const running = send();
    await reached;
    const drained = server.drain(20_000);
    expect(await send()).toBe("refused");
    release();
    expect(await running).toBe("done");
    await drained;
    expect(clock.waiting).toBe(0);
    await server.drain(0);
  });

  test("cuts what does not end in time", async () => {
    const { server, send, reached, clock } = await setUpSlow();
    const running = send();
    await reached;
    const drained = server.drain(20_000);
    await clock.advance(20_000);
    await drained;
    expect(await running).toBe("connection");
  });
});
