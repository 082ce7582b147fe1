// How the process watches the thread that diagnoses, on threads of a test's making and a clock that is moved by hand.
import { describe, expect, test } from "vitest";
import { everyStep } from "#diagnosis/steps.ts";
import { referenceTo } from "#diagnosis/view.ts";
import type { Evidence } from "#evidence/evidence.ts";
import { diagnoseHere } from "#investigation/diagnoser.ts";
import { doJob, type FromThread, type Job } from "#investigation/diagnosis-thread.ts";
import { createThreadDiagnoser, type Thread } from "#investigation/thread-diagnoser.ts";
import { surveyOf } from "#investigation/survey.ts";
import { createManualClock, type ManualClock } from "#lib/manual-clock.ts";
import { evidence } from "#test/evidence-sketch.ts";
import { casesByCode } from "#test/three-cases/registry.ts";

const limits = { stepMs: 1_000, betweenMs: 5_000, stopsAtMost: 2, idleMs: 30_000 };
const options = { leastConfidence: 0 };
const asked = evidence(casesByCode["PortConflict"]!.holds);

type Fate = "hangs" | "starves" | "dies";

interface Bench {
  readonly clock: ManualClock;
  readonly diagnoser: ReturnType<typeof createThreadDiagnoser>;
  /** `start`, `stop` and the steps that were worked on, in order. */
  readonly seen: string[];
  /** Gives the CPU to a thread that starved. */
  feed(): void;
}

/** Threads that do a job at once, up to a step with another fate. What crosses the border is copied, as Node does. */
const benchWith = (fates: Readonly<Record<string, Fate>> = {}): Bench => {
  const clock = createManualClock();
  const seen: string[] = [];
  let continueIt = (): void => undefined;
  const startThread = (): Thread => {
    seen.push("start");
    const state = { isStopped: false };
    const startedAt = clock.now();
    let isStarving = false;
    return {
      begin: (job, hear, died) => {
        const messages: FromThread[] = [];
        doJob(
          structuredClone(job) as Job,
          (message) => messages.push(structuredClone(message)),
          () => clock.now() - startedAt,
        );
        const say = (): void => {
          for (let message = messages.shift(); message !== undefined && !state.isStopped; message = messages.shift()) {
            if (message.at === "step") seen.push(message.name);
            hear(message);
            const fate = message.at === "step" ? fates[message.name] : undefined;
            if (fate === "dies") return died("out of memory");
            if (fate !== undefined) {
              isStarving = fate === "starves";
              continueIt = () => {
                isStarving = false;
                say();
              };
              return;
            }
          }
        };
        queueMicrotask(say);
      },
      cpuMs: () => Promise.resolve(isStarving ? 0 : clock.now() - startedAt),
      stop: () => {
        state.isStopped = true;
        seen.push("stop");
        return Promise.resolve();
      },
    };
  };
  return { clock, seen, diagnoser: createThreadDiagnoser({ clock, startThread, limits }), feed: () => continueIt() };
};

const steps = (seen: readonly string[], name: string): number => seen.filter((each) => each === name).length;
const codes = ({ survey }: Awaited<ReturnType<typeof diagnoseHere.survey>>): string[] => survey.likely.map(({ code }) => code);

describe("a thread comes to the diagnosis of this thread", () => {
  test.each(Object.entries(casesByCode))("%s", async (_code, { holds, contradicted }) => {
    const { diagnoser } = benchWith();
    for (const parts of [holds, contradicted] satisfies Partial<Evidence>[]) {
      const given = evidence(parts);
      const deployment = given.objects.find(({ kind }) => kind === "Deployment");
      const target = deployment === undefined ? undefined : referenceTo(deployment);
      for (const question of [options, { ...options, target }])
        expect(await diagnoser.survey(given, question)).toEqual(structuredClone(await diagnoseHere.survey(given, question)));
    }
  });
});

describe("a cause that does not finish", () => {
  test("is stopped with its thread and named as a gap; what was finished is not done again, and the rest is found", async () => {
    const { clock, diagnoser, seen } = benchWith({ CalledServiceMissing: "hangs" });
    const answer = diagnoser.survey(asked, options);
    await clock.advance(limits.stepMs);
    const { gaps } = await answer;
    expect(gaps).toEqual(["CalledServiceMissing did not finish within 1000 ms of CPU time: skipped"]);
    expect(codes(await answer)).toEqual(codes(await diagnoseHere.survey(asked, options)));
    expect(seen.filter((each) => each === "start" || each === "stop")).toEqual(["start", "stop", "start"]);
    expect(steps(seen, "PortConflict")).toBe(1);
    expect(steps(seen, "DependencyDown")).toBe(1);
  });

  test("and whose finding would have been the only one is missing from the answer alone", async () => {
    const { clock, diagnoser } = benchWith({ PortConflict: "hangs" });
    const answer = diagnoser.survey(asked, options);
    await clock.advance(limits.stepMs);
    expect(codes(await answer)).not.toContain("PortConflict");
    expect((await answer).gaps).toHaveLength(1);
  });

  test("is not stopped while others keep the CPU from it", async () => {
    const { clock, diagnoser, seen, feed } = benchWith({ PortConflict: "starves" });
    const answer = diagnoser.survey(asked, options);
    await clock.advance(60 * limits.stepMs);
    expect(seen).not.toContain("stop");
    feed();
    expect(await answer).toMatchObject({ gaps: [] });
  });

  test("because its thread ran out of memory is named with that", async () => {
    const { diagnoser } = benchWith({ PortConflict: "dies" });
    expect((await diagnoser.survey(asked, options)).gaps).toEqual(["PortConflict ended with its thread (out of memory): skipped"]);
  });

  test("after too many others is left out with all that have not begun, so that the whole is bounded", async () => {
    const all = Object.fromEntries(Object.keys(casesByCode).map((code) => [code, "hangs" as const]));
    const { clock, diagnoser, seen } = benchWith(all);
    const answer = diagnoser.survey(asked, options);
    await clock.advance(limits.stopsAtMost * limits.stepMs);
    const { gaps } = await answer;
    expect(steps(seen, "stop")).toBe(limits.stopsAtMost);
    expect(gaps.filter((gap) => gap.endsWith("did not finish within 1000 ms of CPU time: skipped"))).toHaveLength(limits.stopsAtMost);
    expect(gaps.at(-1)).toMatch(/ did not begin, because others did not finish: skipped$/);
  });
});

describe("the thread", () => {
  test("does one job at a time, and all of them", async () => {
    const { clock, diagnoser, seen } = benchWith({ CalledServiceMissing: "hangs" });
    const both = Promise.all([diagnoser.survey(asked, options), diagnoser.survey(asked, options)]);
    await clock.advance(2 * limits.stepMs);
    expect((await both).map(({ gaps }) => gaps.length)).toEqual([1, 1]);
    expect(steps(seen, "start")).toBe(3);
  });

  test("is ended when it has had nothing to do for a while, and started again by the next job", async () => {
    const { clock, diagnoser, seen } = benchWith();
    await diagnoser.survey(asked, options);
    await diagnoser.survey(asked, options);
    expect(seen.filter((each) => each === "start" || each === "stop")).toEqual(["start"]);
    await clock.advance(limits.idleMs);
    expect(seen.at(-1)).toBe("stop");
    await diagnoser.survey(asked, options);
    expect(steps(seen, "start")).toBe(2);
    await diagnoser.close();
    expect(clock.waiting).toBe(0);
  });

  test("is stopped where the caller gives up, and the next job has one of its own", async () => {
    const { diagnoser, seen } = benchWith({ CalledServiceMissing: "hangs" });
    const giveUp = new AbortController();
    const answer = diagnoser.survey(asked, options, giveUp.signal);
    await new Promise((resolve) => setImmediate(resolve));
    giveUp.abort(new Error("enough"));
    await expect(answer).rejects.toThrow("enough");
    expect(seen.at(-1)).toBe("stop");
  });
});

test("steps that are left out answer with their defaults, and nothing else changes", () => {
  const without = surveyOf(asked, options, {
    run: (name, work, instead) => (name === "PortConflict" ? instead : everyStep.run(name, work, instead)),
  });
  expect(without.likely.map(({ code }) => code)).not.toContain("PortConflict");
});
