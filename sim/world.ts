// One simulated installation: clock, cluster, network, replicas and fixtures, opened the same way for a fixed course and for a generated run. Judges nothing.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { KubeObject, ResourceType } from "#api/object.ts";
import { MANAGED_LABEL } from "#api/labels.ts";
import { sendAlerts } from "#sim/alert-source.ts";
import type { FaultPlan } from "#sim/faults.ts";
import { type FixtureOptions, openFixture } from "#sim/fixture.ts";
import { type PodFate, playJobs } from "#sim/job-runner.ts";
import type { Law } from "#sim/laws/law.ts";
import { createNetwork, type Network } from "#sim/network.ts";
import { createPlatform, type Installation, type Platform } from "#sim/platform.ts";
import { kubeOf, type Replica, type SimDeps, startReplica } from "#sim/product.ts";
import { createSeededRandom } from "#sim/seeded-random.ts";
import { createSimProcess } from "#sim/sim-process.ts";
import type { Stage } from "#sim/stage.ts";
import { createTrace, type Trace } from "#sim/trace.ts";
import { createVirtualClock, type VirtualClock } from "#sim/virtual-clock.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly plan: FaultPlan;
  readonly policy: RemediationPolicy["spec"];
  readonly namespaces: readonly SimNamespace[];
  readonly fixtures: readonly FixtureOptions[];
  readonly replicas: 1 | 2;
  /** What becomes of the n-th Job's pod, from 1. */
  readonly pods: (n: number) => PodFate;
  /** They see every exchange. */
  readonly laws: (view: WorldView) => readonly Law[];
}

export interface SimNamespace {
  readonly name: string;
  readonly environment: string;
  readonly managed: boolean;
}

/** What a law reads of the world. */
export interface WorldView {
  /** Milliseconds since the simulation began. */
  elapsed(): number;
  /** Milliseconds since 1970, as the simulated cluster has it. */
  now(): number;
  readonly trace: Trace;
  objects<T extends KubeObject>(type: ResourceType<T>): readonly T[];
}

export interface World {
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly network: Network;
  readonly laws: readonly Law[];
  /** What the product itself calls a bug, and what failed in the simulated surroundings. */
  readonly bugs: readonly string[];
  objects<T extends KubeObject>(type: ResourceType<T>): readonly T[];
  /** Opens the fixtures, starts the product and the plan of faults, and then runs the script. */
  start(script: (stage: Stage) => Promise<void>): void;
  /** Whether the script has ended. */
  readonly played: boolean;
  /** Ends every fault: paused processes go on, clocks are right, the API server answers. */
  heal(): void;
  stop(): void;
}

export const openWorld = (installation: Installation, options: WorldOptions): World => {
  const { seed, plan } = options;
  const random = createSeededRandom(seed);
  const clock = createVirtualClock(createSeededRandom(seed, 1));
  const trace = createTrace(clock.elapsed);
  const opened = createPlatform({ clock, random: createSeededRandom(seed, 2) }, installation, options.policy);
  const objects = <T extends KubeObject>(type: ResourceType<T>): readonly T[] =>
    opened.cluster.objects.list(`${type.group}/${type.plural}`) as unknown as readonly T[];
  const laws = options.laws({ elapsed: clock.elapsed, now: clock.now, trace, objects });
  const platform: Platform = {
    ...opened,
    admin: (method, path, body) => {
      const answer = opened.admin(method, path, body);
      for (const law of laws) law.seeUser?.();
      return answer;
    },
  };
  const waiting = new Set<() => void>();
  const network = createNetwork({
    ...{ handle: platform.cluster.handle, clock, random: createSeededRandom(seed, 3), trace, faults: plan },
    onAttempt: (process, side, what) => {
      for (const law of laws) law.seeAttempt?.(process, side, what);
    },
    onArrival: (arrival) => {
      for (const law of laws) law.seeArrival?.(arrival);
    },
    compact: platform.cluster.objects.compact,
    adminToken: platform.tokens.admin,
    onExchange: (exchange) => {
      for (const law of laws) law.see?.(exchange);
      if (exchange.method !== "GET") for (const look of waiting) look();
    },
  });
  const bugs: string[] = [];
  const deps: SimDeps = { clock, random, network, trace, onBug: (what) => void bugs.push(what) };
  // One account for all of its controllers: what they may do is not what is tested here.
  const user = "system:serviceaccount:kube-system:job-controller";
  const kube = kubeOf(createSimProcess("kubernetes", clock), "world", platform.tokens.admin, deps, user);
  const signal = new AbortController().signal;
  const replicas: Replica[] = [];
  let played = false;

  const stage: Omit<Stage, "fixtures"> = {
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
  const play = async (script: (stage: Stage) => Promise<void>): Promise<void> => {
    const fixtures = [];
    for (const each of options.fixtures) fixtures.push(await openFixture(kube, clock, each));
    network.beginsHere();
    for (const fixture of fixtures) background(fixture.follow(signal), deps);
    background(playJobs({ ...deps, kube, platform, signal, pods: options.pods }), deps);
    for (let index = 1; index <= options.replicas; index += 1)
      replicas.push(startReplica(`kintsugi-${index}`, platform.tokens.controllers, options.replicas > 1 ? "on" : "off", deps));
    schedule(plan, clock, replicas, platform.cluster.objects.compact, network);
    await script({ ...stage, fixtures });
    played = true;
  };

  for (const { name, environment, managed } of options.namespaces)
    platform.admin("POST", "/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { [MANAGED_LABEL]: String(managed), ...(environment === "" ? {} : { environment }) } },
    });
  return {
    ...{ clock, trace, network, laws, bugs, objects },
    start: (script) => background(play(script), deps),
    get played() {
      return played;
    },
    heal: () => {
      network.heal();
      for (const { process } of replicas) {
        process.resume();
        process.correctClock();
      }
    },
    stop: () => {
      for (const replica of replicas) replica.stop();
    },
  };
};

const background = (work: Promise<void>, { onBug }: SimDeps): void => {
  work.catch((error: unknown) =>
    onBug(`the simulated world failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  );
};

const schedule = (plan: FaultPlan, clock: VirtualClock, replicas: readonly Replica[], compact: () => void, network: Network): void => {
  for (const { at, what } of plan) {
    if (at !== "time") continue;
    // Decided when it strikes: a replica may have another process by then.
    clock.after(what.atMs, () => {
      const process = replicas[0]?.process;
      if (network.healed) return;
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
          return network.outage(what.forMs);
      }
    });
  }
};
