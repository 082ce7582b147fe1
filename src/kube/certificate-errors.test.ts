// What a user reads about a certificate that is not accepted, from real TLS handshakes.
import { createServer, type Server } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { selfSignedCertificate } from "#scenarios/self-signed-certificate.ts";
import type { ClusterConfig } from "#kube/cluster-config.ts";
import { connect } from "#kube/connect.ts";
import { systemClock } from "#lib/system-clock.ts";

const year = 365 * 24 * 60 * 60 * 1000;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** The message of a request to a server whose certificate was made at `madeAt`; by default the client trusts it. */
const messageOf = async (madeAt: number, more: Partial<ClusterConfig> = {}): Promise<readonly [message: string, server: string]> => {
  const { certPem, keyPem } = selfSignedCertificate(madeAt);
  const server = createServer({ cert: certPem, key: keyPem }, (_, response) => response.end("{}"));
  servers.push(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { current: () => Promise.resolve({}), invalidate: () => {} };
  const config: ClusterConfig = { name: "test", server: url, caPem: certPem, namespace: "default", credentials, ...more };
  const kube = connect(config, { clock: systemClock, random: () => 0 });
  try {
    await kube.request("GET", "/version");
    return ["", url];
  } catch (error) {
    return [(error as Error).message, url];
  } finally {
    kube.close();
  }
};

test("a certificate that the kubeconfig trusts, for this host, is accepted", async () => {
  expect((await messageOf(Date.now()))[0]).toBe("");
});

test.each<[string, number, Partial<ClusterConfig>, string]>([
  [
    "of an unknown certificate authority",
    Date.now(),
    { caPem: selfSignedCertificate(Date.now()).certPem },
    "the certificate of SERVER is not trusted; check certificate-authority-data in the kubeconfig",
  ],
  [
    "for another host",
    Date.now(),
    { tlsServerName: "api.example" },
    "the certificate of SERVER is not valid for api.example: it names DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1; check server, or set tls-server-name, in the kubeconfig",
  ],
  ["that has expired", Date.now() - 12 * year, {}, "the certificate of SERVER has expired; renew it on the server"],
  ["of the future", Date.now() + year, {}, "the certificate of SERVER is not valid yet; check the clock of this machine"],
])("a certificate %s is one sentence that says what to check", async (_, madeAt, more, sentence) => {
  const [message, server] = await messageOf(madeAt, more);
  expect(message).toBe(`GET /version: ${sentence.replace("SERVER", server)}`);
});
