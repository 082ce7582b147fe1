// The product as a process, beside the cluster of a benchmark, with the heap that the manifest gives it: its memory by the kernel's and by its own account.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LargeCluster } from "#bench/load/large-cluster.ts";
import { startProduct } from "#test/product-process.ts";
import { build } from "../../scripts/build.ts";

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
  /** CPU time of all its threads since it began. */
  cpuMs(): Promise<number>;
  /** The longest that its event loop was busy since this was last asked. */
  longestTurnMs(): Promise<number>;
  /** From now on, `peakRssMiB` is the peak since now. */
  forgetPeak(): Promise<void>;
  /** When its memory has not grown for a while. */
  settled(): Promise<void>;
  memory(): Promise<Memory>;
  stop(): Promise<void>;
}

const root = join(import.meta.dirname, "../..");
const mib = 1024 * 1024;
/** Requests that come and go take so much. */
const noiseMiB = 1;
/** Of /proc, on every Linux. */
const msPerTick = 10;

export const startMeasuredProduct = async (cluster: LargeCluster, nodeOptions: string): Promise<MeasuredProduct> => {
  const folder = await mkdtemp(join(tmpdir(), "kintsugi-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigOf(cluster), { mode: 0o600 });
  const flags = ["--kintsugi-namespace", cluster.namespace, "--kubeconfig", kubeconfig, "--image", cluster.image];
  // As the image runs it: bundled. Inside of the project, so that its npm packages are found.
  const bundle = await mkdtemp(join(root, "node_modules/.bench-"));
  await build(root, bundle);
  const ports = ["--port", "0", "--metrics-port", "0"];
  const product = startProduct(["run", "all", ...flags, ...ports], { NODE_OPTIONS: nodeOptions }, join(bundle, "main.js"));
  const urlOf = async (service: string): Promise<string> =>
    `http://127.0.0.1:${(await product.waitFor(new RegExp(`"service":"${service}"[^\\n]*"port":(\\d+)`)))[1]}`;
  const [gateway, metrics] = [await urlOf("gateway"), await urlOf("metrics")];
  const ofStatus = async (field: string): Promise<number> =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(await readFile(`/proc/${product.pid}/status`, "utf8"))?.[1]) / 1024;
  const metric = async (name: string): Promise<number> =>
    Number(new RegExp(`^kintsugi_nodejs_${name} (\\S+)`, "m").exec(await (await fetch(`${metrics}/metrics`)).text())?.[1]);
  const memory = async (): Promise<Memory> => {
    const heap = (await metric("heap_size_used_bytes")) / mib;
    const [rss, peak] = [await ofStatus("VmRSS"), await ofStatus("VmHWM")];
    return { rssMiB: Math.round(rss), peakRssMiB: Math.round(peak), heapMiB: Math.round(heap) };
  };
  return {
    gateway,
    metrics,
    output: product.output,
    waitFor: product.waitFor,
    memory,
    cpuMs: async () => {
      const fields = (await readFile(`/proc/${product.pid}/stat`, "utf8")).replace(/^.*\) /, "").split(" ");
      return (Number(fields[11]) + Number(fields[12])) * msPerTick;
    },
    longestTurnMs: async () => (await metric("eventloop_lag_max_seconds")) * 1000,
    forgetPeak: () => writeFile(`/proc/${product.pid}/clear_refs`, "5"),
    settled: async () => {
      for (let peak = 0, quiet = 0; quiet < 5;) {
        await pause(1_000);
        const next = await ofStatus("VmHWM");
        quiet = next > peak + noiseMiB ? 0 : quiet + 1;
        peak = next;
      }
    },
    stop: async () => {
      product.kill();
      await product.exited;
      for (const each of [folder, bundle]) await rm(each, { recursive: true, force: true });
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
