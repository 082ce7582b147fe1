// Draws a run from a seed: which objects there are and what is wrong with them, what happens, what people do, what fails. Each seed enables a random
// part of what there is, each with a probability of its own: what never meets in an average run meets in some. Pure.
import type { RemediationPolicy } from "#api/kinds/remediation-policy.ts";
import type { Random } from "#lib/clock.ts";
import { drawFault } from "#sim/fault-space.ts";
import type { Fault, FaultPlan } from "#sim/faults.ts";
import { type FixtureFaultName, fixtureFaults } from "#scenarios/faults/fixture-faults.ts";
import type { Answer, Edit, GeneratedFixture, GeneratedInput, SimEvent } from "#sim/generator/input.ts";
import type { PodFate } from "#sim/job-runner.ts";
import { between, createSeededRandom, pick } from "#sim/seeded-random.ts";
import type { SimNamespace } from "#sim/world.ts";

/** How long events happen and faults strike. */
export const activeMs = 90_000;

/** How likely one thing is in this run: often not at all. */
const drawChance = (random: Random): number => (random() < 0.5 ? 0 : random());

export const drawInput = (seed: number): GeneratedInput => {
  const random = createSeededRandom(seed, 20);
  const namespaces = drawNamespaces(random);
  const fixtures = drawFixtures(random, namespaces);
  const policy = drawPolicy(random);
  const replicas = random() < 0.35 ? 2 : 1;
  return {
    ...{ seed, replicas, policy, namespaces, fixtures },
    pods: drawPods(random),
    answers: drawAnswers(random),
    events: [...drawAlerts(random, fixtures), ...drawPeople(random, policy, namespaces, fixtures)].toSorted((a, b) => a.atMs - b.atMs),
    faults: drawFaultsOf(random, replicas, fixtures.length),
  };
};

const environments = ["staging", "staging", "staging", "staging", "test", "production", "production", "prodction"] as const;

const drawNamespaces = (random: Random): readonly SimNamespace[] => {
  const unmanaged = drawChance(random) / 3;
  return ["shop", "bank", "blog"].slice(0, between(random, 1, 3)).map((name) => ({
    ...{ name, environment: pick(random, environments), managed: random() >= unmanaged },
  }));
};

const drawFixtures = (random: Random, namespaces: readonly SimNamespace[]): readonly GeneratedFixture[] => {
  const faults = Object.keys(fixtureFaults).filter((name) => name !== "none" || random() < 0.3) as FixtureFaultName[];
  const enabled = faults.filter(() => random() < 0.5);
  return ["web", "api", "worker", "cache"].slice(0, between(random, 1, 4)).map((name) => ({
    ...{ namespace: pick(random, namespaces).name, name, fault: pick(random, enabled.length > 0 ? enabled : faults) },
  }));
};

const drawPolicy = (random: Random): RemediationPolicy["spec"] => {
  const budget = random() < 0.1 ? between(random, 1, 2) : 1000;
  return {
    stabilisationSeconds: between(random, 0, 5),
    verificationSeconds: between(random, 10, 30),
    approvalExpirySeconds: between(random, 60, 180),
    reminderSeconds: pick(random, [600, 3_600, 14_400]),
    coolOffSeconds: pick(random, [0, 5, 60, 1800]),
    maxAttempts: between(random, 1, 3),
    minApprovers: random() < 0.2 ? 2 : 1,
    budgets: { perNamespacePerHour: budget, perHour: 1000 },
    ...(random() < 0.1 ? { paused: true } : {}),
  };
};

const drawPods = (random: Random): readonly PodFate[] => {
  const lost = drawChance(random) / 2;
  const slow = drawChance(random) / 2;
  return Array.from({ length: 6 }, () => (random() < lost ? "lost" : random() < slow ? "slow" : "runs"));
};

const drawAnswers = (random: Random): readonly Answer[] => {
  const answered = random() < 0.2 ? 0 : 0.4 + random();
  const rejected = drawChance(random);
  const longMs = pick(random, [500, 5_000, 70_000]);
  return Array.from({ length: answered > 0 ? 8 : 0 }, (): Answer => ({
    decision: random() < rejected ? "Rejected" : "Approved",
    by: random() < answered ? ["ann", "bob"].slice(0, between(random, 1, 2)) : ["ann"],
    afterMs: between(random, 10, longMs),
  })).slice(0, between(random, 0, 8));
};

const alertNames = ["KubePodCrashLooping", "KubePodNotReady", "KubeDeploymentReplicasMismatch"] as const;

/** Each fixture has an alert of its own; it may come twice, again and again, or with many others at once. */
const drawAlerts = (random: Random, fixtures: readonly GeneratedFixture[]): readonly SimEvent[] => {
  const storms = drawChance(random);
  const duplicates = drawChance(random);
  const flapping = drawChance(random);
  return fixtures.flatMap((_, fixture) => {
    const atMs = between(random, 0, 20_000);
    const alert = (name: string, at: number, firing: boolean): SimEvent => ({
      ...{ do: "alert", atMs: at, fixture, name, firing, copies: random() < duplicates ? between(random, 2, 3) : 1 },
    });
    const first = pick(random, alertNames);
    const others =
      random() < storms ? alertNames.filter((name) => name !== first).map((name) => alert(name, atMs + between(random, 0, 500), true)) : [];
    const changes = random() < flapping ? between(random, 1, 6) : 0;
    const flaps = Array.from({ length: changes }, (_each, index) => alert(first, between(random, atMs, activeMs), index % 2 === 1));
    return [
      alert(first, atMs, true),
      ...others,
      ...flaps.toSorted((a, b) => a.atMs - b.atMs).map((flap, index) => ({ ...flap, firing: index % 2 === 1 }) as SimEvent),
    ];
  });
};

const edits: readonly Edit[] = ["annotate", "scale", "restart", "repair", "break"];

/** What people do beside their answers. */
const drawPeople = (
  random: Random,
  policy: RemediationPolicy["spec"],
  namespaces: readonly SimNamespace[],
  fixtures: readonly GeneratedFixture[],
): readonly SimEvent[] => {
  const times = (most: number): readonly number[] => {
    const chance = drawChance(random);
    return Array.from({ length: most }, () => between(random, 200, pick(random, [2_000, 10_000, activeMs]))).filter(
      () => random() < chance,
    );
  };
  const editsEnabled = edits.filter(() => random() < 0.5);
  const request = (): number => between(random, 0, 7);
  const namespace = (): number => between(random, 0, namespaces.length - 1);
  return [
    ...times(3).map((atMs): SimEvent => ({ do: "cancel", atMs, request: request() })),
    ...times(3).map((atMs): SimEvent => ({ do: "close", atMs, request: request() })),
    ...(fixtures.length < 2 ? [] : times(3)).map((atMs): SimEvent => ({
      ...{
        do: "blame",
        atMs: Math.min(atMs, 10_000),
        fixture: between(random, 0, fixtures.length - 1),
        root: between(random, 0, fixtures.length - 1),
      },
    })),
    ...times(2).map((atMs): SimEvent => ({ do: "delete", atMs, request: request() })),
    ...(editsEnabled.length === 0 ? [] : times(4)).map((atMs): SimEvent => ({
      ...{ do: "edit", atMs, fixture: between(random, 0, fixtures.length - 1), edit: pick(random, editsEnabled) },
    })),
    ...times(4).map((atMs): SimEvent => ({ do: "policy", atMs, ...drawPolicyChange(random, policy, namespaces) })),
    ...times(2).map((atMs): SimEvent => ({
      do: "label",
      atMs,
      namespace: namespace(),
      labels: { environment: pick(random, environments) },
    })),
    ...times(2).map((atMs): SimEvent => ({
      ...{ do: "label", atMs, namespace: namespace(), labels: { "kintsugi.dev/managed": random() < 0.5 ? "false" : "true" } },
    })),
  ];
};

const drawPolicyChange = (
  random: Random,
  policy: RemediationPolicy["spec"],
  namespaces: readonly SimNamespace[],
): { readonly change: RemediationPolicy["spec"]; readonly freezeMs?: number } => {
  switch (pick(random, ["pause", "resume", "freeze", "protect", "attempts"] as const)) {
    case "pause":
      return { change: { ...policy, paused: true } };
    case "resume":
      return { change: { ...policy, paused: false } };
    case "freeze":
      return { change: policy, freezeMs: between(random, 1_000, 60_000) };
    case "protect":
      return { change: { ...policy, protected: { namespaces: [pick(random, namespaces).name] } } };
    case "attempts":
      return { change: { ...policy, maxAttempts: 1, minApprovers: between(random, 1, 2) } };
  }
};

/** A run has about that many of each for every object. */
const usual = { "write/product": 40, "write/act": 2, "request/product": 150, "request/act": 8, "event/product": 150 } as const;

const drawFaultsOf = (random: Random, replicas: 1 | 2, fixtures: number): FaultPlan => {
  const most = pick(random, [0, 0, 1, 4, 10]);
  const counted = Object.fromEntries(Object.entries(usual).map(([what, count]) => [what, count * fixtures]));
  const places = faultPlaces.filter(() => random() < 0.5);
  const drawEnabled = (): Fault => {
    const fault = drawFault(random, counted, { replicas, withinMs: activeMs });
    const place = fault.at === "time" ? "time" : fault.at.on;
    return places.length === 0 || places.includes(place) ? fault : drawEnabled();
  };
  return Array.from({ length: between(random, Math.min(1, most), most) }, drawEnabled);
};

const faultPlaces = ["write", "request", "event", "time"] as const;
