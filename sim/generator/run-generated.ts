// One generated run: events and faults first, then a phase without faults in which everything has to end. Judged by laws that know no course.
import { KubernetesExecution } from "#api/kinds/kubernetes-execution.ts";
import { Deployments } from "#api/kubernetes.ts";
import { referenceText } from "#api/object.ts";
import { forbidAmbient } from "#sim/ambient.ts";
import { containerOf, fixtureFaults } from "#scenarios/faults/fixture-faults.ts";
import { activeMs } from "#sim/generator/draw-input.ts";
import type { GeneratedInput } from "#sim/generator/input.ts";
import { playInput, replacePolicy } from "#sim/generator/play-input.ts";
import { createDecisionsLaw } from "#sim/laws/decisions.ts";
import { createEndsLaw } from "#sim/laws/ends.ts";
import { createIncidentsLaw } from "#sim/laws/incidents.ts";
import { createUndoLaw } from "#sim/laws/inverses.ts";
import { createOneChangeLaw } from "#sim/laws/one-change.ts";
import { createPermissionLaw } from "#sim/laws/permission.ts";
import { createSecretsLaw } from "#sim/laws/secrets.ts";
import { createLawsOfTime } from "#sim/laws/time.ts";
import { createWritesLaw } from "#sim/laws/writes.ts";
import { type Installation, prepareInstallation } from "#sim/platform.ts";
import { createRecord } from "#sim/record.ts";
import { endOf, releaseMs, settleMs } from "#sim/run-once.ts";
import { isSettled, requestsOf, type Stage } from "#sim/stage.ts";
import { openWorld } from "#sim/world.ts";

export interface GeneratedRun {
  readonly input: GeneratedInput;
  /** SHA-256 of the trace. */
  readonly hash: string;
  readonly trace: readonly string[];
  /** `Phase/Outcome` of each request. */
  readonly ends: readonly string[];
  readonly wrong: readonly string[];
  /** The input without the faults that did not strike. */
  readonly struck: GeneratedInput;
  readonly writes: number;
  readonly virtualMs: number;
}

/** A blocked request waits for an hour; attempts follow each other. */
const limitMs = 4 * 60 * 60_000;
const maxSettles = 10;
const secretValue = "kT7-hunter2-9QzX";

export type Generate = (input: GeneratedInput) => Promise<GeneratedRun>;

/** One run at a time: the machine's clock and randomness are taken away for its length. */
export const createGenerator = (): Generate => {
  const installation = prepareInstallation();
  return async (input) => {
    const restore = forbidAmbient();
    try {
      return await run(installation, input);
    } finally {
      restore();
    }
  };
};

const run = async (installation: Installation, input: GeneratedInput): Promise<GeneratedRun> => {
  const { seed, faults, policy, replicas, namespaces } = input;
  const targets = input.fixtures.map(({ namespace, name }) => referenceText({ kind: "Deployment", namespace, name }));
  const edited = new Map<string, number>();
  const alerted = new Set<string>();
  const stages: Stage[] = [];
  const world = openWorld(installation, {
    ...{ seed, plan: faults, policy, replicas, namespaces },
    pods: (n) => input.pods[n - 1] ?? "runs",
    fixtures: input.fixtures.map(({ namespace, name, fault }) => ({ namespace, name, fault: fixtureFaults[fault], secretValue })),
    laws: (view) => {
      const undo = createUndoLaw(view);
      const isHealthy = (target: string): boolean => {
        const index = targets.indexOf(target);
        const live = view.objects(Deployments).find((each) => referenceText({ kind: "Deployment", ...each.metadata }) === target);
        const fixture = input.fixtures[index];
        return live === undefined || fixture === undefined || fixtureFaults[fixture.fault].runs(containerOf(live.spec.template)) === "runs";
      };
      return [
        createRecord(faults),
        createPermissionLaw(view, faults),
        createDecisionsLaw(view, faults),
        createOneChangeLaw(view),
        createIncidentsLaw(view),
        undo,
        createLawsOfTime({ elapsed: view.elapsed, plan: faults, executions: () => view.objects(KubernetesExecution) }),
        createSecretsLaw(view, [secretValue]),
        createEndsLaw(view, { undo, isHealthy, alerted: () => alerted, editedAt: (target) => edited.get(target) }),
        createWritesLaw(view, input),
      ];
    },
  });
  const { clock, objects, network, trace } = world;
  world.start(async (stage) => {
    stages.push(stage);
    const onEdit = (fixture: number): void => void edited.set(targets[fixture] ?? "", clock.elapsed());
    const onAlert = (fixture: number): void => void alerted.add(targets[fixture] ?? "");
    await playInput(stage, input, { secretValue, onAlert, onEdit });
  });
  const requests = () => requestsOf(world);
  const hasFailed = (): boolean => world.bugs.length > 0;
  await clock.run(hasFailed, activeMs);
  world.heal();
  const [stage] = stages;
  if (stage !== undefined) replacePolicy(stage, { ...policy, paused: false });
  const areSettled = (): boolean => world.played && requests().every((each) => isSettled(each, requests()));
  const settle = async (): Promise<string> => {
    const reached = await clock.run(() => hasFailed() || areSettled(), limitMs);
    if (reached === "done") await clock.run(hasFailed, settleMs);
    return reached;
  };
  let end = await settle();
  // A request that awaits a person may have looked again meanwhile.
  for (let times = 1; times < maxSettles && end === "done" && !areSettled(); times += 1) end = await settle();
  const held = () => objects(KubernetesExecution).filter(({ metadata }) => (metadata.finalizers ?? []).length > 0);
  if (end === "done") await clock.run(() => held().length === 0, releaseMs);
  world.stop();
  for (const law of world.laws) law.atEnd?.();
  return {
    input,
    hash: trace.hash(),
    trace: trace.lines,
    ends: requests().map(endOf),
    wrong: [
      ...world.bugs,
      ...world.laws.flatMap(({ violations }) => violations),
      ...(world.played ? [] : ["an alert was never taken, or an event never happened"]),
      ...held().map(({ metadata }) => `${metadata.name} keeps its finalizer`),
    ],
    struck: { ...input, faults: faults.filter((fault) => fault.at === "time" || network.struck.has(fault)) },
    writes: world.laws.reduce((sum, law) => sum + ("writes" in law && Array.isArray(law.writes) ? law.writes.length : 0), 0),
    virtualMs: clock.elapsed(),
  };
};
