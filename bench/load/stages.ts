// What is done to the product, a stage each: each ends when the product is through with it, and says what it did. Throws where the product did not recover.
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { AIAnalysis } from "#api/kinds/ai-analysis.ts";
import { applyFailingWorkload, applyHostileConfigMaps, hostileNamespace, hostileWorkload } from "#bench/load/hostile-objects.ts";
import { startFlood } from "#bench/load/flood.ts";
import type { LargeCluster } from "#bench/load/large-cluster.ts";
import type { MeasuredProduct } from "#bench/load/measured-product.ts";
import type { AlertLabels, Sender } from "#bench/load/sender.ts";
import type { Kube } from "#kube/client.ts";

export interface Scene {
  readonly cluster: LargeCluster;
  readonly product: MeasuredProduct;
  readonly kube: Kube;
  readonly sender: Sender;
}
export type Stage = (scene: Scene) => Promise<string>;

export const stageNames = ["pods", "connections", "alerts", "configmaps", "outage"] as const;
export type StageName = (typeof stageNames)[number];

/** An alert that is not taken for so long is lost. */
export const takenWithinMs = 60_000;
const throughWithinMs = 60_000;
const filledWithinMs = 120_000;

/** Its caches are filled while this runs: the product has just begun. */
const fillCaches: Stage = async ({ product }) => {
  const settled = product.waitFor(/caches complete/).then(product.settled);
  const late = pause(filledWithinMs, "late" as const, { ref: false });
  if ((await Promise.race([settled, late])) === "late") throw new Error(`the caches are not filled within ${filledWithinMs} ms`);
  return "caches complete, and the memory does not grow";
};

const floodConnections: Stage = async ({ product, sender }) => {
  const flood = startFlood(Number(new URL(product.gateway).port), 200);
  await pause(5_000);
  const { takenAfterMs } = await sender.untilTaken([{ namespace: "team-0", deployment: "in-the-flood" }], takenWithinMs);
  await pause(5_000);
  const { opened, sentMiB } = await flood.stop();
  return `200 connections for 10 s: ${opened} opened, ${sentMiB} MiB sent; a good alert meanwhile taken after ${takenAfterMs} ms`;
};

const sendAlerts: Stage = async (scene) => {
  const [deliveries, alertsEach] = [100, 5];
  const sent = Array.from({ length: deliveries }, async (_, at) => {
    await pause(at * (1_000 / deliveries));
    const alerts = Array.from({ length: alertsEach }, (_alert, index) => deploymentOf(at * alertsEach + index));
    return scene.sender.untilTaken(alerts, takenWithinMs);
  });
  const taken = await Promise.all(sent);
  const requests = new Set(taken.flatMap(({ results }) => results.map(({ request }) => request)));
  const atOnce = taken.filter(({ refused }) => refused.length === 0).length;
  if (requests.size !== deliveries * alertsEach) throw new Error(`${requests.size} requests for ${deliveries * alertsEach} alerts`);
  const diagnosed = await countDiagnosed(scene, requests);
  return `500 alerts about as many Deployments in 1 s: ${atOnce} of ${deliveries} deliveries taken at once, all within ${Math.max(...taken.map(({ takenAfterMs }) => takenAfterMs))} ms; ${diagnosed} diagnosed`;
};

/** One of the large cluster's, which has them in 50 namespaces. */
const deploymentOf = (index: number): AlertLabels => ({ namespace: `team-${index % 50}`, deployment: `app-${index}` });

const readHostileText: Stage = async (scene) => {
  await applyFailingWorkload(scene.kube);
  await applyHostileConfigMaps(scene.kube, 0);
  const labels = { namespace: hostileNamespace, deployment: hostileWorkload };
  const { results } = await scene.sender.untilTaken([labels], takenWithinMs);
  const beganAt = Date.now();
  // The change journal reads them too, as they change.
  for (let round = 1; (await analysesOf(scene, results[0]?.request)).length === 0; round += 1) {
    if (Date.now() - beganAt > throughWithinMs) throw new Error("the alert about the workload beside hostile ConfigMaps was not diagnosed");
    await applyHostileConfigMaps(scene.kube, round);
  }
  const [analysis] = await analysesOf(scene, results[0]?.request);
  return `160 ConfigMaps of 8 KiB: diagnosed within ${Date.now() - beganAt} ms as ${analysis?.status?.rootCause?.code ?? analysis?.status?.verdict ?? "nothing"}`;
};

const outageMs = 20_000;

const pauseServer: Stage = async (scene) => {
  const { cluster, sender, product } = scene;
  const statuses: number[] = [];
  process.kill(cluster.pid, "SIGSTOP");
  try {
    for (let index = 0; index < outageMs / 2_000; index += 1) {
      void sender.once([{ namespace: "team-0", deployment: `during-${index}` }]).then(({ status }) => statuses.push(status));
      await pause(2_000);
    }
  } finally {
    process.kill(cluster.pid, "SIGCONT");
  }
  const resumedAt = Date.now();
  const { results } = await sender.untilTaken([{ namespace: "team-0", deployment: "after-the-outage" }], takenWithinMs);
  const takenAfterMs = Date.now() - resumedAt;
  const isReady = async (): Promise<boolean> => (await fetch(`${product.metrics}/readyz`)).ok;
  const isDiagnosed = async (): Promise<boolean> => (await analysesOf(scene, results[0]?.request)).length > 0;
  while (!(await isReady()) || !(await isDiagnosed())) {
    if (Date.now() - resumedAt > throughWithinMs) throw new Error(`not recovered ${throughWithinMs} ms after the API server answers again`);
    await pause(500);
  }
  return `an API server that hangs for ${outageMs / 1_000} s: alerts meanwhile answered ${statuses.join(", ")}; then taken after ${takenAfterMs} ms, ready and diagnosed after ${Date.now() - resumedAt} ms`;
};

export const stages: Readonly<Record<StageName, Stage>> = {
  pods: fillCaches,
  connections: floodConnections,
  alerts: sendAlerts,
  configmaps: readHostileText,
  outage: pauseServer,
};

const endedAnalyses = async ({ kube, cluster }: Scene) =>
  (await kube.list(AIAnalysis, { namespace: cluster.namespace })).filter(({ status }) => status?.completedAt !== undefined);
const analysesOf = async (scene: Scene, request: string | undefined) =>
  (await endedAnalyses(scene)).filter(({ spec }) => spec.request === request);

/** All of them, or as many as there are after a while: what waits in a queue is not lost. */
const countDiagnosed = async (scene: Scene, requests: ReadonlySet<string | undefined>): Promise<number> => {
  const beganAt = Date.now();
  while (true) {
    const diagnosed = new Set((await endedAnalyses(scene)).map(({ spec }) => spec.request).filter((name) => requests.has(name))).size;
    if (diagnosed === requests.size || Date.now() - beganAt > throughWithinMs) return diagnosed;
    await pause(2_000);
  }
};
