// The stages of a container as a story: which one is next, when, and what is reported; and what holds of every story.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Behaviour } from "#embedded/nodes/behaviour.ts";
import { type Container, linesOf } from "#embedded/nodes/container.ts";
import { newContainer, nextStage, type Surroundings } from "#embedded/nodes/container-stages.ts";

interface Story {
  /** `500 the kubelet notices the end: CrashLoopBackOff (BackOff)` */
  readonly lines: readonly string[];
  readonly container: Container;
}

interface Setting {
  readonly behaviour?: Behaviour;
  readonly restartPolicy?: string;
  readonly memory?: number;
  readonly missing?: string;
  readonly isImageMissing?: boolean;
  readonly periodSeconds?: number;
}

/** The first stages of a container that is created at 0. */
const play = (setting: Setting, count: number, random = (): number => 0): Story => {
  const probe = setting.periodSeconds === undefined ? {} : { readinessProbe: { periodSeconds: setting.periodSeconds } };
  let container = newContainer({ name: "web", image: "web:1", ...probe }, 0);
  const lines: string[] = [];
  let nowMs = 0;
  let hasImage = false;
  while (lines.length < count) {
    const around: Surroundings = {
      nowMs,
      random,
      spec: { containers: [], restartPolicy: setting.restartPolicy ?? "Always" },
      podText: "web-1_shop(u1)",
      maxBackOffMs: 300_000,
      hasImage: () => hasImage,
      pull: () => (setting.isImageMissing === true ? { problem: "not-found" } : {}),
      missingVolume: () => undefined,
      launch: () =>
        setting.missing === undefined
          ? { id: "l", startedAtMs: nowMs, behaviour: setting.behaviour ?? {}, memoryLimitBytes: setting.memory, program: undefined }
          : { missing: setting.missing },
    };
    const stage = nextStage(container, around);
    if (stage === undefined) break;
    if (stage.dueAtMs > nowMs) {
      nowMs = stage.dueAtMs;
      continue;
    }
    if (container.state.is === "pulling") hasImage = setting.isImageMissing !== true;
    const step = stage.apply();
    container = step.container;
    const { state } = container;
    const shown = state.is === "waiting" ? state.reason : state.is === "running" && state.isReady ? "ready" : state.is;
    const reasons = step.events.map(({ reason }) => reason).join(", ");
    lines.push(`${nowMs} ${stage.name}: ${shown}${reasons === "" ? "" : ` (${reasons})`}`);
  }
  return { lines, container };
};

describe("a container", () => {
  test.each<[string, Setting, readonly string[]]>([
    [
      "that serves is ready after the first probe that finds it up",
      { behaviour: { startMs: 1_500 }, periodSeconds: 1 },
      [
        "200 the volumes are mounted: pulling (Pulling)",
        "300 the pull ends: running (Pulled, Created, Started)",
        "2300 the readiness probe succeeds: ready",
      ],
    ],
    [
      "that fails is restarted at once, then after ten seconds",
      { behaviour: { exit: { code: 1 } } },
      [
        "200 the volumes are mounted: pulling (Pulling)",
        "300 the pull ends: ready (Pulled, Created, Started)",
        "300 the container ends: ended",
        "800 the kubelet notices the end: ready (Pulled, Created, Started)",
        "800 the container ends: ended",
        "1300 the kubelet notices the end: CrashLoopBackOff (BackOff)",
        "11300 the restart is tried again: ready (Pulled, Created, Started)",
      ],
    ],
    [
      "that has done its work is not restarted",
      { behaviour: { exit: { code: 0, afterMs: 50 } }, restartPolicy: "OnFailure" },
      [
        "200 the volumes are mounted: pulling (Pulling)",
        "300 the pull ends: ready (Pulled, Created, Started)",
        "350 the container ends: ended",
      ],
    ],
    [
      "whose image is missing waits longer each time",
      { isImageMissing: true },
      [
        "200 the volumes are mounted: pulling (Pulling)",
        "300 the pull ends: ErrImagePull (Failed, Failed)",
        "800 the image is tried again: ImagePullBackOff (BackOff, Failed)",
        "10800 the image is tried again: pulling (Pulling)",
        "10900 the pull ends: ErrImagePull (Failed, Failed)",
        "20900 the image is tried again: ImagePullBackOff (BackOff, Failed)",
      ],
    ],
    [
      "whose ConfigMap is missing looks for it again",
      { missing: 'configmap "c" not found' },
      [
        "200 the volumes are mounted: pulling (Pulling)",
        "300 the pull ends: CreateContainerConfigError (Pulled, Failed)",
        "10300 the configuration is read again: CreateContainerConfigError (Pulled, Failed)",
      ],
    ],
  ])("%s", (_name, setting, story) => {
    expect(play(setting, story.length).lines).toEqual(story);
  });

  test("above its memory limit is killed by the kernel, before it exits by itself", () => {
    const { container } = play({ behaviour: { startMs: 100, memoryBytes: 2, exit: { code: 0 } }, memory: 1, restartPolicy: "Never" }, 9);
    expect(container.past).toMatchObject({ code: 137, reason: "OOMKilled", atMs: 400 });
  });
});

test("time never goes back, a life follows a life, and no line is printed after the end", () => {
  const behaviour = fc.record(
    {
      startMs: fc.nat(5_000),
      exit: fc.record({ code: fc.nat(3), afterMs: fc.nat(20_000) }),
      memoryBytes: fc.nat(3),
      log: fc.array(fc.record({ afterMs: fc.nat(30_000), text: fc.string() }), { maxLength: 5 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(behaviour, fc.constantFrom("Always", "OnFailure", "Never"), fc.nat(99), (does, restartPolicy, percent) => {
      const { lines, container } = play({ behaviour: does, restartPolicy, memory: 1 }, 30, () => percent / 100);
      const times = lines.map((line) => Number(line.split(" ")[0]));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(container.restarts).toBe(Math.max(0, lines.filter((line) => line.includes("Started")).length - 1));
      const { past } = container;
      if (past !== undefined) for (const { atMs } of linesOf(past.life, past.atMs)) expect(atMs).toBeLessThanOrEqual(past.atMs);
    }),
  );
});
