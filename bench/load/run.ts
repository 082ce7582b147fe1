// `npm run bench -- load`: whether the product answers its probe, stays within its memory and takes good alerts while it is under load. Exit 1 where it does not.
import { loadavg } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { RemediationRequest } from "#api/kinds/remediation-request.ts";
import { startHealthProbe, type HealthProbe } from "#bench/load/health-probe.ts";
import { startLargeCluster } from "#bench/load/large-cluster.ts";
import { startMeasuredProduct } from "#bench/load/measured-product.ts";
import { createSender } from "#bench/load/sender.ts";
import { type Scene, type StageName, stageNames, stages, takenWithinMs } from "#bench/load/stages.ts";
import { memoryLimitMiB, nodeOptions } from "#manifests/install.ts";
import { clusterAt, tokenCredentials } from "#test/cluster.ts";

const usage = `npm run bench -- load [--only <stage>]... [--pods 20000] [--json]
  Runs the product beside an API server, with the heap of the manifest, through these stages, one after the other:
  pods         its caches fill with all pods, their ReplicaSets and Deployments
  connections  200 connections without a token send endless bodies
  alerts       500 alerts in a second, each about another Deployment
  configmaps   160 ConfigMaps of hostile text change while an alert beside them is diagnosed
  outage       the API server hangs for 20 s
  A stage fails where a probe of /healthz takes longer than 1 s, the memory exceeds ${memoryLimitMiB} MiB, or a good alert is not taken afterwards.
  --only       this stage; may be given more than once. The cluster has its pods in each
  --pods       how many pods the cluster has
  --json       the last line is one object`;

const healthzWithinMs = 1_000;

interface Measured {
  readonly ok: boolean;
  readonly healthzMaxMs: number;
  readonly peakRssMiB: number;
  /** Undefined where it was never taken. */
  readonly alertTakenAfterMs: number | undefined;
  readonly probes: number;
  /** The longest turn of the product's event loop. */
  readonly longestTurnMs: number;
  /** The longest that the machine kept the thread of the probe itself waiting. */
  readonly probeDelayMs: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly loadAverage: number;
}

export const loadBench = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [...stageNames] },
      pods: { type: "string", default: "20000" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const unknown = values.only.filter((name) => !stageNames.some((known) => known === name));
  if (unknown.length > 0 || !Number.isSafeInteger(Number(values.pods)) || Number(values.pods) < 0) {
    console.error(usage);
    return 2;
  }
  const measured = await measureStages(Number(values.pods), new Set(values.only));
  for (const [name, of] of Object.entries(measured)) console.log(`${name.padEnd(12)} ${lineOf(of)}`);
  const isOk = Object.values(measured).every(({ ok }) => ok);
  console.log(isOk ? "every stage is within its bounds" : "a bound is broken");
  if (values.json) console.log(JSON.stringify({ stages: measured }));
  return isOk ? 0 : 1;
};

const lineOf = (of: Measured): string =>
  [
    of.ok ? "ok    " : "FAILED",
    `healthz at most ${of.healthzMaxMs} ms (${of.probes} probes)`,
    `memory at most ${of.peakRssMiB} MiB`,
    `good alert ${of.alertTakenAfterMs === undefined ? "not taken" : `taken after ${of.alertTakenAfterMs} ms`}`,
    `longest turn ${of.longestTurnMs} ms`,
    `machine's delay ${of.probeDelayMs} ms`,
    `CPU ${of.cpuSeconds} s of ${of.seconds} s`,
    `load ${of.loadAverage}`,
  ].join(", ");

const measureStages = async (pods: number, only: ReadonlySet<string>): Promise<Record<string, Measured>> => {
  say(`starting a cluster of ${pods} pods`);
  const cluster = await startLargeCluster(pods);
  const product = await startMeasuredProduct(cluster, nodeOptions);
  const probe = startHealthProbe(`${product.metrics}/healthz`);
  const { admin, close } = clusterAt({
    ...{ server: cluster.url, name: "bench", namespace: "default" },
    credentials: tokenCredentials(cluster.admin),
  });
  const scene: Scene = { cluster, product, kube: admin, sender: createSender(product.gateway, cluster.signals) };
  const measured: Record<string, Measured> = {};
  try {
    for (const name of stageNames) {
      // The others need what this one fills.
      if (!only.has(name) && name !== "pods") continue;
      const found = await measureStage(name, scene, probe);
      if (only.has(name)) measured[name] = found;
    }
    return measured;
  } catch (error) {
    console.error(product.output().slice(-2_000));
    throw error;
  } finally {
    await probe.stop();
    close();
    await product.stop();
    cluster.stop();
  }
};

const measureStage = async (name: StageName, scene: Scene, probe: HealthProbe): Promise<Measured> => {
  const { product } = scene;
  await product.forgetPeak();
  await product.longestTurnMs();
  await probe.lap();
  const [beganAt, cpuMs] = [Date.now(), await product.cpuMs()];
  const what = await attempt(name, () => stages[name](scene));
  if (what !== undefined) say(`${name}: ${what}`);
  const alertTakenAfterMs = await attempt(name, () => takeGoodAlert(name, scene));
  const { maxMs, failed, count, ownDelayMs } = await probe.lap();
  const longestTurnMs = await product.longestTurnMs();
  const { peakRssMiB } = await product.memory();
  if (failed > 0) say(`${name}: ${failed} probes of /healthz failed`);
  const isOk = what !== undefined && alertTakenAfterMs !== undefined && failed === 0;
  return {
    ok: isOk && maxMs <= healthzWithinMs && peakRssMiB <= memoryLimitMiB,
    healthzMaxMs: Math.round(maxMs),
    peakRssMiB,
    alertTakenAfterMs,
    probes: count,
    longestTurnMs: Math.round(longestTurnMs),
    probeDelayMs: Math.round(ownDelayMs),
    cpuSeconds: Math.round(((await product.cpuMs()) - cpuMs) / 100) / 10,
    seconds: Math.round((Date.now() - beganAt) / 100) / 10,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
};

/** Undefined where it fails; the failure is printed. */
const attempt = async <T>(name: StageName, work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    say(`${name}: ${error instanceof Error ? error.message : "failed"}`);
    return undefined;
  }
};

/** After how long it is taken and stored. */
const takeGoodAlert = async (name: StageName, { cluster, kube, sender }: Scene): Promise<number> => {
  const { results, takenAfterMs } = await sender.untilTaken([{ namespace: "team-0", deployment: `good-after-${name}` }], takenWithinMs);
  const request = results[0]?.request;
  if (request === undefined) throw new Error("the good alert belongs to no request");
  if ((await kube.get(RemediationRequest, { namespace: cluster.namespace, name: request })) === undefined)
    throw new Error(`the good alert was taken, but there is no request ${request}`);
  return takenAfterMs;
};

const say = (text: string): void => console.log(`${process.uptime().toFixed(0).padStart(4)} s  ${text}`);
