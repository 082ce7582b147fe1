import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import { Leases } from "#api/kubernetes.ts";
import { CONTROLLER_ACCOUNT } from "#api/labels.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { openCluster, type TestCluster, tokenOf } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { type ProductProcess, startProduct } from "#test/product-process.ts";
import { startFaultProxy, type FaultProxy } from "#test/fault-proxy.ts";

// The process as it is deployed: all roles, leader election on, the controllers' own account and rights.
const namespace = "kintsugi-process";
const image = "example.test/kintsugi:1";
let cluster: TestCluster;
let proxy: FaultProxy;
let folder: string;
let product: ProductProcess;
let ports: Record<"gateway" | "metrics", string>;

const get = async (port: string, path: string): Promise<{ status: number; text: string }> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: answer.status, text: await answer.text() };
};

beforeAll(async () => {
  cluster = await openCluster(inject("controlPlane"));
  const kubectl = kubectlOf(inject("controlPlane"));
  await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(install({ namespace, image })));
  await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  const token = await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT);
  proxy = await startFaultProxy(cluster.config);
  folder = await mkdtemp(join(tmpdir(), "kintsugi-process-"));
  await writeFile(join(folder, "kubeconfig"), proxy.kubeconfig(token));
  product = startProduct([
    "run",
    "all",
    "--kintsugi-namespace",
    namespace,
    "--kubeconfig",
    join(folder, "kubeconfig"),
    "--image",
    image,
    "--port",
    "0",
    "--metrics-port",
    "0",
  ]);
  const portOf = async (service: string): Promise<string> =>
    (await product.waitFor(new RegExp(`"service":"${service}"[^\\n]*"port":(\\d+)`)))[1]!;
  ports = { gateway: await portOf("gateway"), metrics: await portOf("metrics") };
  await product.waitFor(/caches complete/);
});
afterAll(async () => {
  product.kill();
  await product.exited;
  await proxy.stop();
  cluster.close();
  await rm(folder, { recursive: true, force: true });
});

test("it is alive, and ready once its caches are complete", async () => {
  expect(await get(ports.metrics, "/healthz")).toEqual({ status: 200, text: "ok\n" });
  await vi.waitFor(async () => expect(await get(ports.metrics, "/readyz")).toEqual({ status: 200, text: "ok\n" }), { timeout: 10_000 });
});

test("its metrics are on a port of their own", async () => {
  const { status, text } = await get(ports.metrics, "/metrics");
  expect(status).toBe(200);
  for (const name of [
    "kintsugi_cache_objects",
    "kintsugi_remediations_total",
    "kintsugi_time_to_repair_seconds",
    "kintsugi_process_resident_memory_bytes",
  ])
    expect(text).toContain(`# TYPE ${name} `);
  for (const path of ["/metrics", "/healthz", "/readyz"]) expect((await get(ports.gateway, path)).status).toBe(404);
});

test("it leads by a lease in its own namespace, and nothing that it does there is forbidden", async () => {
  const lease = await vi.waitFor(
    async () => {
      const found = await cluster.admin.get(Leases, { namespace, name: "kintsugi" });
      expect(found?.spec.holderIdentity).toBeTruthy();
      return found;
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(lease?.spec.leaseDurationSeconds).toBe(15);
  expect(proxy.requests.filter((request) => request.upstreamStatus === 403).map((request) => `${request.method} ${request.path}`)).toEqual(
    [],
  );
});

test("an alert without a token is refused with a problem", async () => {
  const answer = await fetch(`http://127.0.0.1:${ports.gateway}/api/v1/signals/prometheus`, {
    method: "POST",
    body: "{}",
    headers: { "content-type": "application/json" },
  });
  expect(answer.status).toBe(401);
  expect(answer.headers.get("content-type")).toContain("application/problem+json");
});

test("on SIGTERM, it ends in order and releases its lease", async () => {
  product.kill("SIGTERM");
  expect(await product.exited).toBe(0);
  expect(product.output()).toMatch(/"message":"stopped"/);
  expect((await cluster.admin.get(Leases, { namespace, name: "kintsugi" }))?.spec.holderIdentity ?? "").toBe("");
});

test.each<[string, string, RegExp]>([
  ["a kubeconfig that is not there", "/nonexistent/kubeconfig", /no such file/],
  ["a kubeconfig that is not one", join(import.meta.dirname, "product-process.ts"), /kubeconfig|YAML/i],
])("%s ends it with one sentence and exit 2", async (_, path, message) => {
  const refused = startProduct(["run", "all", "--kubeconfig", path, "--image", image]);
  expect(await refused.exited).toBe(2);
  expect(refused.output()).toMatch(message);
  expect(refused.output()).not.toMatch(/\n\s+at /);
});

test("a kubeconfig without rights ends it with one sentence and exit 2", async () => {
  const kubectl = kubectlOf(inject("controlPlane"));
  await mustKubectl(kubectl, ["create", "serviceaccount", "no-rights", "-n", namespace]);
  const token = await mustKubectl(kubectl, ["create", "token", "no-rights", "-n", namespace]);
  await writeFile(join(folder, "powerless"), proxy.kubeconfig(token.trim()));
  const powerless = startProduct([
    "run",
    "all",
    "--kintsugi-namespace",
    namespace,
    "--kubeconfig",
    join(folder, "powerless"),
    "--image",
    image,
  ]);
  expect(await powerless.exited).toBe(2);
  expect(powerless.output()).toMatch(/^kintsugi: .*remediationrequests.* is forbidden/);
  expect(powerless.output()).not.toMatch(/\n\s+at /);
});
