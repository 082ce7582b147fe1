// The product as a process, beside the cluster of a benchmark, with the heap that the manifest gives it: its memory by the kernel's and by its own account.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LargeCluster } from "#bench/load/large-cluster.ts";
import { startProduct } from "#test/product-process.ts";

export interface Memory {
  readonly rssMiB: number;
  readonly peakRssMiB: number;
  readonly heapMiB: number;
}
export interface MeasuredProduct {
  readonly gateway: string;
  readonly metrics: string;
  readonly output: () => string;
  waitFor(pattern: RegExp): Promise<unknown>;
  /** When its memory has not grown for a while. */
  settled(): Promise<void>;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

const mib = 1024 * 1024;

export const startMeasuredProduct = async (cluster: LargeCluster, nodeOptions: string): Promise<MeasuredProduct> => {
  const folder = await mkdtemp(join(tmpdir(), "kintsugi-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigOf(cluster), { mode: 0o600 });
  const flags = ["--kintsugi-namespace", cluster.namespace, "--kubeconfig", kubeconfig, "--image", cluster.image];
  const product = startProduct(["run", "all", ...flags, "--port", "0", "--metrics-port", "0"], { NODE_OPTIONS: nodeOptions });
  const urlOf = async (service: string): Promise<string> =>
    `http://127.0.0.1:${(await product.waitFor(new RegExp(`"service":"${service}"[^\\n]*"port":(\\d+)`)))[1]}`;
  const [gateway, metrics] = [await urlOf("gateway"), await urlOf("metrics")];
  const ofStatus = async (field: string): Promise<number> =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(await readFile(`/proc/${product.pid}/status`, "utf8"))?.[1]) / 1024;
  const memory = async (): Promise<Memory> => {
    const text = await (await fetch(`${metrics}/metrics`)).text();
    const heap = Number(/^kintsugi_nodejs_heap_size_used_bytes (\S+)/m.exec(text)?.[1]) / mib;
    const [rss, peak] = [await ofStatus("VmRSS"), await ofStatus("VmHWM")];
    return { rssMiB: Math.round(rss), peakRssMiB: Math.round(peak), heapMiB: Math.round(heap) };
  };
  return {
    gateway,
    metrics,
    output: product.output,
    waitFor: product.waitFor,
    memory,
    settled: async () => {
      for (let peak = 0, quiet = 0; quiet < 5;) {
        await pause(1_000);
        const next = await ofStatus("VmHWM");
        quiet = next > peak ? 0 : quiet + 1;
        peak = next;
      }
    },
    stop: async () => {
      product.kill();
      await product.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const kubeconfigOf = ({ url, controllers }: LargeCluster): string =>
  JSON.stringify({
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: url } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace: "default" } }],
    users: [{ name: "u", user: { token: controllers } }],
  });
