// One simulation: a workload, a seed and a plan of faults in; what happened and which laws were broken out. The same in, the same out, on any machine.
import { AIApprovalRequest } from "#api/kinds/ai-approval-request.ts";
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import { Deployments, Namespaces } from "#api/kubernetes.ts";
import { sendAlerts } from "#sim/alert-source.ts";
import { forbidAmbient } from "#sim/ambient.ts";
import type { FaultPlan } from "#sim/faults.ts";
import { playJobs } from "#sim/job-runner.ts";
import { createLawOfNamespaces } from "#sim/law-of-namespaces.ts";
import { createLawsOfTime } from "#sim/laws-of-time.ts";
import { createNetwork } from "#sim/network.ts";
import { createPlatform, type Installation, prepareInstallation } from "#sim/platform.ts";
import { kubeOf, type Replica, type SimDeps, startReplica } from "#sim/product.ts";
import { createRecord } from "#sim/record.ts";
import { createSeededRandom } from "#sim/seeded-random.ts";
import { openShop } from "#sim/shop.ts";
import { createSimProcess } from "#sim/sim-process.ts";
import { isOver, requestsOf, type Stage } from "#sim/stage.ts";
import { createTrace } from "#sim/trace.ts";
import { createVirtualClock, type VirtualClock } from "#sim/virtual-clock.ts";
import type { Workload } from "#sim/workloads.ts";

export interface Simulated {
  readonly workload: string;
  readonly seed: number;
  readonly plan: FaultPlan;
  /** SHA-256 of the trace. */
  readonly hash: string;
  readonly trace: readonly string[];
  /** `Phase/Outcome` of each request. */
  readonly ends: readonly string[];
  readonly args: readonly string[];
  readonly changes: number;
  readonly writes: readonly string[];
  readonly made: readonly string[];
  /** Executions in the order in which they were created, by the end of their name. */
  readonly begun: readonly string[];
  /** Laws that hold whatever goes wrong, and were broken. */
  readonly violations: readonly string[];
  readonly counted: Readonly<Record<string, number>>;
  /** How many of the plan's faults have struck. */
  readonly struck: number;
  readonly virtualMs: number;
}

const shopNamespace = "shop";
/** Longer than any deadline of a workload; an approval's expiry is set by its policy. */
const limitMs = 60 * 60_000;
/** For what comes after the end: finalizers, late writes that should not be. */
const afterglowMs = 8_000;
/** A request that got no answer is given up after 30 s, and only then tried again. */
const releaseMs = 45_000;

export type Simulate = (workload: Workload, seed: number, plan: FaultPlan) => Promise<Simulated>;

/** One run at a time: the machine's clock and randomness are taken away for its length. */
export const createSimulator = (): Simulate => {
  const installation = prepareInstallation();
  return async (workload, seed, plan) => {
    const restore = forbidAmbient();
    try {
      return await run(installation, workload, seed, plan);
    } finally {
      restore();
    }
  };
};

const run = async (installation: readonly Installation[], workload: Workload, seed: number, plan: FaultPlan): Promise<Simulated> => {
  const random = createSeededRandom(seed);
  const clock = createVirtualClock(createSeededRandom(seed, 1));
  const trace = createTrace(clock.elapsed);
  const platform = createPlatform({ clock, random: createSeededRandom(seed, 2) }, installation, workload.policy);
  const objects = <T extends KubeObject>(type: ResourceType<T>): readonly T[] =>
    platform.cluster.list(`${type.group}/${type.plural}`) as unknown as readonly T[];
  const record = createRecord({
    needsApproval: workload.needsApproval === true,
    approvals: () => objects(AIApprovalRequest),
    // Whose request may have arrived unheard, or who is shown how things were, may say once more what is said already.
    mayRepeat: plan.some(({ what }) => ["reset", "error", "drop", "repeat", "stale"].includes(what.kind) || "thenStale" in what),
  });
  const laws = createLawsOfTime({ elapsed: clock.elapsed, plan, executions: () => objects(KubernetesExecution) });
  const namespaceLaw = createLawOfNamespaces({
    namespaces: () => objects(Namespaces),
    executions: () => objects(KubernetesExecution),
    approvals: () => objects(AIApprovalRequest),
    policies: () => objects(RemediationPolicy),
  });
  const waiting = new Set<() => void>();
  const network = createNetwork({
    ...{ handle: platform.cluster.handle, clock, random: createSeededRandom(seed, 3), trace, faults: plan },
    onAttempt: laws.seeAttempt,
    compact: platform.cluster.compact,
    adminToken: platform.tokens.admin,
    onExchange: (exchange) => {
      record.see(exchange);
      namespaceLaw.see(exchange);
      laws.see(exchange);
      if (exchange.method !== "GET") for (const look of waiting) look();
    },
  });
  const bugs: string[] = [];
  const deps: SimDeps = { clock, random, network, trace, onBug: (what) => void bugs.push(what) };
  const kubernetes = createSimProcess("kubernetes", clock);
  // One account for all of its controllers: what they may do is not what is tested here.
  const kube = kubeOf(kubernetes, "world", platform.tokens.admin, deps, "system:serviceaccount:kube-system:job-controller");
  const signal = new AbortController().signal;

  const neighbours = workload.neighbour === undefined ? [] : [workload.neighbour];
  for (const { namespace: name, environment } of [{ namespace: shopNamespace, environment: workload.environment }, ...neighbours])
    platform.admin("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "kintsugi.dev/managed": "true", environment } },
    });
  const replicas: Replica[] = [];
  const stage: Omit<Stage, "shops"> = {
    clock,
    platform,
    objects,
    send: (...alerts) => sendAlerts(alerts, platform.tokens.signals, replicas, deps),
    until: (holds) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!holds()) return;
          waiting.delete(look);
          clock.after(1, resolve);
        };
        waiting.add(look);
        look();
      }),
    after: (ms) => new Promise((resolve) => void clock.after(ms, resolve)),
  };
  let played = false;
  const play = async (): Promise<void> => {
    const shops = [];
    for (const name of workload.shops) shops.push(await openShop(kube, clock, { namespace: shopNamespace, name, runs: workload.runs }));
    for (const { namespace, shop } of neighbours) shops.push(await openShop(kube, clock, { namespace, name: shop, runs: workload.runs }));
    network.beginsHere();
    for (const shop of shops) background(shop.follow(signal), deps);
    background(playJobs({ ...deps, kube, platform, signal, pods: workload.pods ?? (() => "runs") }), deps);
    for (let index = 1; index <= workload.replicas; index += 1)
      replicas.push(startReplica(`kintsugi-${index}`, platform.tokens.controllers, workload.replicas > 1 ? "on" : "off", deps));
    schedule(plan, clock, replicas, platform.cluster.compact, network.outage);
    await workload.script({ ...stage, shops });
    played = true;
  };
  background(play(), deps);
  const requests = () => requestsOf(stage);
  const isEnded = (): boolean => played && requests().every(isOver) && (requests().length > 0 || workload.ends.length === 0);
  const end = await clock.run(() => bugs.length > 0 || isEnded(), limitMs);
  const held = () => objects(KubernetesExecution).filter(({ metadata }) => (metadata.finalizers ?? []).length > 0);
  if (end === "done") await clock.run(() => false, afterglowMs);
  if (end === "done") await clock.run(() => held().length === 0, releaseMs);
  for (const replica of replicas) replica.stop();

  const shopObjects = objects(Deployments);
  const violations = [...bugs, ...record.violations, ...namespaceLaw.violations, ...laws.violations];
  if (end !== "done")
    violations.push(
      `it came to no end (${end}): ${requests().map(endOf).join(", ") || "no request"}${played ? "" : ", and its script waits"}`,
    );
  if (end === "done" && !isEnded()) violations.push(`what had ended went on: ${requests().map(endOf).join(", ")}`);
  if (end === "done" && held().length > 0)
    violations.push(
      `executions keep their finalizer: ${held()
        .map(({ metadata }) => metadata.name)
        .join(", ")}`,
    );
  return {
    workload: workload.name,
    seed,
    plan,
    hash: trace.hash(),
    trace: trace.lines,
    ends: requests()
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(endOf),
    args: shopObjects[0]?.spec.template.spec.containers[0]?.args ?? [],
    changes: record.changes,
    writes: record.writes,
    made: record.made(),
    begun: record.begun,
    violations,
    counted: network.counted,
    struck: network.struck.size,
    virtualMs: clock.elapsed(),
  };
};

const endOf = ({ status }: ReturnType<typeof requestsOf>[number]): string => `${status?.phase ?? "Pending"}/${status?.outcome ?? ""}`;

const background = (work: Promise<void>, { onBug }: SimDeps): void => {
  work.catch((error: unknown) =>
    onBug(`the simulated world failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  );
};

const schedule = (
  plan: FaultPlan,
  clock: VirtualClock,
  replicas: readonly Replica[],
  compact: () => void,
  outage: (ms: number) => void,
): void => {
  for (const { at, what } of plan) {
    if (at !== "time") continue;
    // Decided when it strikes: a replica may have another process by then.
    clock.after(what.atMs, () => {
      const process = replicas[0]?.process;
      switch (what.kind) {
        case "pause":
          process?.pause();
          return void clock.after(what.forMs, () => process?.resume());
        case "skew":
          return process?.skewClock(what.byMs);
        case "restart":
          return process?.kill();
        case "compact":
          return compact();
        case "outage":
          return outage(what.forMs);
      }
    });
  }
};
