// An HTTPS endpoint of an embedded cluster on this machine, and a kubeconfig that only its owner can read. Leaves no file behind.
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { selfSignedCertificate } from "#scenarios/self-signed-certificate.ts";
import type { EmbeddedCluster } from "#embedded/embedded-cluster.ts";
import type { Clock } from "#lib/clock.ts";

export interface HttpsEndpoint {
  readonly url: string;
  readonly kubeconfigPath: string;
  close(): Promise<void>;
}

/** kubectl sends no token without TLS. */
export const openHttpsEndpoint = async (
  { cluster }: { readonly cluster: Pick<EmbeddedCluster, "adminToken" | "listen"> },
  clock: Clock,
): Promise<HttpsEndpoint> => {
  const tls = selfSignedCertificate(clock.now());
  const listening = await cluster.listen({ tls });
  const folder = await mkdtemp(join(tmpdir(), "kintsugi-"));
  await chmod(folder, 0o700);
  const kubeconfigPath = join(folder, "kubeconfig");
  await writeFile(kubeconfigPath, kubeconfigOf(listening.url, tls.certPem, cluster.adminToken), { mode: 0o600 });
  return {
    url: listening.url,
    kubeconfigPath,
    close: async () => {
      await listening.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const kubeconfigOf = (server: string, certPem: string, token: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "embedded", cluster: { server, "certificate-authority-data": Buffer.from(certPem).toString("base64") } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "embedded", context: { cluster: "embedded", user: "admin" } }],
    "current-context": "embedded",
  });
