// `npm run bench -- gateway`: alerts a second through the Gateway, beside bare creates and the ten-call sequence on the same API server; and its write-ahead log.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { GROUP } from "#api/define-kind.ts";
import { CONTROLLER_ACCOUNT, SIGNALS_ACCOUNT, SIGNALS_AUDIENCE } from "#api/labels.ts";
import { bareContender, type Contender, gatewayContender, type Place, tenCallContender } from "#bench/gateway/contenders.ts";
import { measureWal, type WalFigures } from "#bench/gateway/wal.ts";
import { install } from "#manifests/install.ts";
import { toYaml } from "#manifests/manifest.ts";
import { startControlPlane } from "#testbed/control-plane.ts";
import { toStderr } from "#testbed/progress.ts";
import { openCluster, tokenOf } from "#test/cluster.ts";
import { kubectlOf, mustKubectl } from "#test/kubectl.ts";
import { startProduct } from "#test/product-process.ts";

const usage = `npm run bench -- gateway [--blocks 5] [--alerts 400] [--at-once 16] [--wal-alerts 100000] [--wal-writers 256] [--json]
  On a kube-apiserver of its own, with the Gateway as a process of its own. Contenders take turns (A B B A) in blocks:
  I1           unique alerts a second, divided by bare creates of the same body
  I2           unique alerts a second, divided by the ten-call sequence: TokenReview, SubjectAccessReview, lease get and create, list, create, get,
               status update, lease get and delete
  I3           the same where four of five alerts are known already
  walPerSecond appends a second, each on the disk before the next one of its writer; the log is then replayed
  --blocks     of each comparison
  --alerts     a contender takes in a block
  --at-once    alerts in progress
  --json       the last line is one object of medians`;

interface Sizes {
  readonly blocks: number;
  readonly alerts: number;
  readonly atOnce: number;
}

export const gatewayBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      blocks: { type: "string", default: "5" },
      alerts: { type: "string", default: "400" },
      "at-once": { type: "string", default: "16" },
      "wal-alerts": { type: "string", default: "100000" },
      "wal-writers": { type: "string", default: "256" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const sizes = { blocks: Number(values.blocks), alerts: Number(values.alerts), atOnce: Number(values["at-once"]) };
  const wal = { alerts: Number(values["wal-alerts"]), writers: Number(values["wal-writers"]) };
  const areNumbers = [...Object.values(sizes), ...Object.values(wal)].every((each) => Number.isSafeInteger(each) && each > 0);
  if (values.help || !areNumbers) {
    (values.help ? console.log : console.error)(usage);
    return values.help ? 0 : 2;
  }
  const logs: WalFigures[] = [];
  for (let time = 0; time < 3; time += 1)
    logs.push(await measureWal(join(import.meta.dirname, "../../node_modules"), wal.alerts, wal.writers));
  const walPerSecond = medianOf(logs.map(({ perSecond }) => perSecond));
  print(
    "walPerSecond",
    logs.map(({ perSecond }) => perSecond),
    "alerts/s",
  );
  print(
    "walReplay",
    logs.map(({ replaySeconds }) => replaySeconds),
    `s for ${wal.alerts}`,
  );
  const ratios = await compare(sizes);
  for (const [name, figures] of Object.entries(ratios)) print(name, figures, "x");
  const medians = Object.fromEntries(Object.entries(ratios).map(([name, figures]) => [name, rounded(medianOf(figures))]));
  if (values.json) console.log(JSON.stringify({ ...medians, walPerSecond: Math.round(walPerSecond) }));
  return 0;
};

const compare = async (sizes: Sizes): Promise<Record<"I1" | "I2" | "I3", number[]>> => {
  const controlPlane = await startControlPlane({ progress: toStderr });
  const folder = await mkdtemp(join(tmpdir(), "kintsugi-bench-"));
  const namespace = "kintsugi-system";
  const image = "example.test/kintsugi:1";
  const cluster = await openCluster(controlPlane);
  try {
    const kubectl = kubectlOf(controlPlane);
    await mustKubectl(kubectl, ["apply", "--server-side", "-f", "-"], toYaml(install({ namespace, image })));
    await mustKubectl(kubectl, ["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
    await mustKubectl(kubectl, ["apply", "-f", "-"], manyOpenRequests(namespace));
    // Admission lets only the controllers' account open requests; the status updates of the ten calls are not among its rights.
    await mustKubectl(kubectl, ["apply", "-f", "-"], rightsOfContenders(namespace));
    const kubeconfig = join(folder, "kubeconfig");
    await writeFile(kubeconfig, kubeconfigOf(controlPlane, await tokenOf(cluster, namespace, CONTROLLER_ACCOUNT)), { mode: 0o600 });
    const token = await tokenOf(cluster, namespace, SIGNALS_ACCOUNT, [SIGNALS_AUDIENCE]);
    const flags = ["--kintsugi-namespace", namespace, "--kubeconfig", kubeconfig, "--image", image, "--port", "0", "--metrics-port", "0"];
    // Without a log: an alert that an overloaded machine would write there is not one that was recorded.
    const product = startProduct(["run", "gateway", ...flags]);
    try {
      const gateway = `http://127.0.0.1:${(await product.waitFor(/"service":"gateway"[^\n]*"port":(\d+)/))[1]}`;
      await product.waitFor(/caches complete/);
      const kube = await cluster.asAccount(namespace, CONTROLLER_ACCOUNT);
      return await takeTurns({ kube, admin: cluster.admin, namespace, run: "" }, { gateway, token }, sizes);
    } finally {
      product.kill();
      await product.exited;
    }
  } finally {
    cluster.close();
    await rm(folder, { recursive: true, force: true });
    await controlPlane.stop();
  }
};

const takeTurns = async (
  place: Place,
  { gateway, token }: { readonly gateway: string; readonly token: string },
  { blocks, alerts, atOnce }: Sizes,
): Promise<Record<"I1" | "I2" | "I3", number[]>> => {
  let runs = 0;
  const here = (): Place => ({ ...place, run: String((runs += 1)) });
  const makers = {
    gateway: () => gatewayContender(here(), gateway, token),
    bare: () => bareContender(here()),
    ten: () => tenCallContender(here(), token),
  };
  const unique = (index: number): number => index;
  /** Each is sent five times, the four others after the first one is known. */
  const duplicated = (index: number): number => Math.floor(index / 5);
  const rateOf = async (name: keyof typeof makers, alertOf: (index: number) => number): Promise<number> =>
    measure(makers[name](), alerts, atOnce, alertOf);
  // Connections, caches of tokens and code are warm for all.
  for (const name of ["gateway", "bare", "ten"] as const) await measure(makers[name](), Math.min(alerts, 100), atOnce, unique);
  const ratio = async (other: "bare" | "ten", alertOf: (index: number) => number): Promise<number> => {
    const [a1, b1, b2, a2] = [
      await rateOf("gateway", alertOf),
      await rateOf(other, alertOf),
      await rateOf(other, alertOf),
      await rateOf("gateway", alertOf),
    ];
    // What a block leaves would slow down the next one, and fill what a policy allows.
    await place.admin.request("DELETE", `/apis/${GROUP}/v1alpha1/namespaces/${place.namespace}/remediationrequests`);
    return (a1 + a2) / (b1 + b2);
  };
  const figures: Record<"I1" | "I2" | "I3", number[]> = { I1: [], I2: [], I3: [] };
  for (let block = 0; block < blocks; block += 1) {
    figures.I1.push(await ratio("bare", unique));
    figures.I2.push(await ratio("ten", unique));
    figures.I3.push(await ratio("ten", duplicated));
  }
  return figures;
};

/** Alerts a second. */
const measure = async (take: Contender, count: number, atOnce: number, alertOf: (index: number) => number): Promise<number> => {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      await take(alertOf(index));
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, work));
  return count / ((performance.now() - startedAt) / 1000);
};

const manyOpenRequests = (namespace: string): string =>
  JSON.stringify({
    apiVersion: "kintsugi.dev/v1alpha1",
    kind: "RemediationPolicy",
    metadata: { name: "bench", namespace },
    spec: { maxOpenRequests: 10_000 },
  });

const rightsOfContenders = (namespace: string): string =>
  JSON.stringify({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "bench" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", namespace, name: CONTROLLER_ACCOUNT }],
  });

const kubeconfigOf = ({ url, caPem }: { readonly url: string; readonly caPem: string }, token: string): string =>
  JSON.stringify({
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: url, "certificate-authority-data": Buffer.from(caPem).toString("base64") } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user: { token } }],
  });

const medianOf = (figures: readonly number[]): number => {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
};
const rounded = (value: number): number => Number(value.toFixed(2));
const print = (name: string, figures: readonly number[], unit: string): void =>
  console.log(
    `${name.padEnd(14)}min ${rounded(Math.min(...figures))}  median ${rounded(medianOf(figures))}  max ${rounded(Math.max(...figures))} ${unit}`,
  );
