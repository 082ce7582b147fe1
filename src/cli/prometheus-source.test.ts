// A Prometheus at an address: a real server, and what becomes of one that is slow, large, or something else.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { prometheusSource } from "#cli/prometheus-source.ts";
import type { AskPrometheus } from "#evidence/read-prometheus.ts";
import { createHttpClient, type HttpClient } from "#lib/http-client.ts";
import { createManualClock } from "#lib/manual-clock.ts";
import { systemClock } from "#lib/system-clock.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});
const serve = async (handle: RequestListener): Promise<string> => {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const client = (clock = systemClock): HttpClient => {
  const http = createHttpClient({ clock });
  closers.push(http.close);
  return http;
};
const at = (url: string, http = client()): { readonly name: string; readonly ask: AskPrometheus } => {
  const source = prometheusSource(url, () => http);
  if (typeof source !== "object" || !("ask" in source)) throw new Error("no address");
  return source;
};
const bounds = { timeoutMs: 3_000, maxBytes: 262_144 };
const unused = (): HttpClient => {
  throw new Error("no query is expected");
};

describe("named", () => {
  test.each([
    [undefined, "look for it"],
    ["none", undefined],
    ["monitoring/prometheus-server:80", { namespace: "monitoring", service: "prometheus-server:80" }],
    ["monitoring/prometheus-operated:http-web", { namespace: "monitoring", service: "prometheus-operated:http-web" }],
    ["monitoring/https:prometheus-k8s:web", { namespace: "monitoring", service: "https:prometheus-k8s:web" }],
    ["monitoring/prometheus", { namespace: "monitoring", service: "prometheus" }],
  ])("%s", (text, source) => {
    expect(prometheusSource(text, unused)).toEqual(source);
  });

  test.each(["prometheus", "a/b/c", "monitoring/../secrets", "monitoring/x:80/proxy", "file:///etc/passwd", "http://", "Monitoring/x"])(
    "%s is none",
    (text) => {
      expect(() => prometheusSource(text, client)).toThrow(/not a Prometheus|not the address/);
    },
  );
});

test("the query goes to the address as it is, under its path, with its password and without telling it", async () => {
  const seen: (string | undefined)[] = [];
  const host = await serve((request, response) => {
    seen.push(request.url, request.headers.authorization);
    response.end('{"status":"success","data":{"resultType":"vector","result":[]}}');
  });
  const { name, ask } = at(`http://ada:pw@${host}/prom/?x=1#y`);
  expect(name).toBe(host);
  expect(await ask('up{a="b&c"}', bounds)).toEqual({ status: "success", data: { resultType: "vector", result: [] } });
  expect(seen).toEqual([`/prom/api/v1/query?query=${encodeURIComponent('up{a="b&c"}')}&timeout=3000ms`, `Basic ${btoa("ada:pw")}`]);
});

test("an error is handed on in Prometheus's own form", async () => {
  const host = await serve((_, response) => response.writeHead(422).end('{"status":"error","errorType":"execution","error":"too many"}'));
  expect(await at(`http://${host}`).ask("up", bounds)).toMatchObject({ status: "error", error: "too many" });
});

test.each<[string, RequestListener, string]>([
  ["a page", (_, response) => response.end("<html>Sign in</html>"), "the answer is not JSON"],
  ["a page that is not there", (_, response) => response.writeHead(404).end("404 page not found"), "HTTP 404"],
  ["half an answer", (_, response) => response.end('{"status":"succ'), "the answer is not JSON"],
  ["a megabyte", (_, response) => response.end(`{"a":"${"x".repeat(1_000_000)}"}`), "the answer is larger than 262144 bytes"],
  ["a redirection", (_, response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), "HTTP 302"],
])("%s is no answer", async (_, handle, message) => {
  await expect(at(`http://${await serve(handle)}`).ask("up", bounds)).rejects.toThrow(message);
});

test("one that does not answer is given up in time", async () => {
  const clock = createManualClock();
  const host = await serve(() => void clock.advance(3_000));
  await expect(at(`http://${host}`, client(clock)).ask("up", bounds)).rejects.toThrow("no complete answer within 3000 ms");
});

test("an address without a server is reported", async () => {
  await expect(at("http://127.0.0.1:1").ask("up", bounds)).rejects.toThrow("ECONNREFUSED");
});
