// One simulation of a fixed course: a course, a seed and a plan of faults in; what happened and which laws were broken out. The same in, the same out, on any machine.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Deployments } from "#api/kubernetes.ts";
import { forbidAmbient } from "#sim/ambient.ts";
import type { Course } from "#sim/courses.ts";
import type { FaultPlan } from "#sim/faults.ts";
import { createUndoLaw } from "#sim/laws/inverses.ts";
import { createOneChangeLaw } from "#sim/laws/one-change.ts";
import { createPermissionLaw } from "#sim/laws/permission.ts";
import { createLawsOfTime } from "#sim/laws/time.ts";
import { type Installation, prepareInstallation } from "#sim/platform.ts";
import { createRecord, type ExchangeRecord } from "#sim/record.ts";
import { isOver, requestsOf } from "#sim/stage.ts";
import { openWorld } from "#sim/world.ts";

export interface Simulated {
  readonly course: string;
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

const fixtureNamespace = "shop";
/** Longer than any deadline of a course; an approval's expiry is set by its policy. */
const limitMs = 60 * 60_000;
/** For what comes after the end: finalizers, late writes that should not be. */
export const settleMs = 8_000;
/** A request that got no answer is given up after 30 s, and only then tried again. */
export const releaseMs = 45_000;

export type Simulate = (course: Course, seed: number, plan: FaultPlan) => Promise<Simulated>;

/** One run at a time: the machine's clock and randomness are taken away for its length. */
export const createSimulator = (): Simulate => {
  const installation = prepareInstallation();
  return async (course, seed, plan) => {
    const restore = forbidAmbient();
    try {
      return await run(installation, course, seed, plan);
    } finally {
      restore();
    }
  };
};

const run = async (installation: Installation, course: Course, seed: number, plan: FaultPlan): Promise<Simulated> => {
  const records: ExchangeRecord[] = [];
  const neighbours = course.neighbour === undefined ? [] : [course.neighbour];
  const world = openWorld(installation, {
    ...{ seed, plan, policy: course.policy, replicas: course.replicas, pods: course.pods ?? (() => "runs") },
    namespaces: [{ namespace: fixtureNamespace, environment: course.environment }, ...neighbours].map(({ namespace, environment }) => ({
      ...{ name: namespace, environment, managed: true },
    })),
    fixtures: [
      ...course.fixtures.map((name) => ({ namespace: fixtureNamespace, name, fault: course.fault })),
      ...neighbours.map(({ namespace, fixture }) => ({ namespace, name: fixture, fault: course.fault })),
    ],
    laws: (view) => {
      const record = createRecord(plan);
      records.push(record);
      return [
        record,
        createPermissionLaw(view, plan),
        createOneChangeLaw(view),
        createUndoLaw(view),
        createLawsOfTime({ elapsed: view.elapsed, plan, executions: () => view.objects(KubernetesExecution) }),
      ];
    },
  });
  const [record] = records;
  if (record === undefined) throw new Error("a world asks for its laws when it is opened");
  const { clock, objects, network, trace } = world;
  world.start(course.script);
  const requests = () => requestsOf(world);
  const isEnded = (): boolean => world.played && requests().every(isOver) && (requests().length > 0 || course.ends.length === 0);
  const end = await clock.run(() => world.bugs.length > 0 || isEnded(), limitMs);
  const held = () => objects(KubernetesExecution).filter(({ metadata }) => (metadata.finalizers ?? []).length > 0);
  if (end === "done") await clock.run(() => false, settleMs);
  if (end === "done") await clock.run(() => held().length === 0, releaseMs);
  world.stop();

  const violations = [...world.bugs, ...world.laws.flatMap((law) => law.violations)];
  if (end !== "done")
    violations.push(
      `it did not end (${end}): ${requests().map(endOf).join(", ") || "no request"}${world.played ? "" : ", and its script waits"}`,
    );
  if (end === "done" && !isEnded()) violations.push(`a request went on after its end: ${requests().map(endOf).join(", ")}`);
  if (end === "done" && held().length > 0)
    violations.push(
      `executions keep their finalizer: ${held()
        .map(({ metadata }) => metadata.name)
        .join(", ")}`,
    );
  return {
    course: course.name,
    seed,
    plan,
    hash: trace.hash(),
    trace: trace.lines,
    ends: requests()
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .map(endOf),
    args: objects(Deployments)[0]?.spec.template.spec.containers[0]?.args ?? [],
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

export const endOf = ({ status }: ReturnType<typeof requestsOf>[number]): string =>
  `${status?.phase ?? "Pending"}/${status?.outcome ?? ""}`;
