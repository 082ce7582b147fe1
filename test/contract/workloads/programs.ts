// What containers of the workload cases do: a shell script for real nodes, the same as a behaviour for embedded ones. A case picks one by name.
import type { Behave, Behaviour } from "#embedded/nodes/behaviour.ts";
import type { Part } from "#test/contract/samples.ts";

export interface Program {
  readonly script: string;
  readonly behaviour: Behaviour;
}

const serving = "exec httpd -f -p 8080 -h /";

export const programs = {
  runs: { script: serving, behaviour: {} },
  /** Another revision of the same. */
  runsToo: { script: `true; ${serving}`, behaviour: {} },
  succeeds: { script: "sleep 1; exit 0", behaviour: { exit: { code: 0, afterMs: 1000 } } },
  fails: { script: "sleep 1; exit 3", behaviour: { exit: { code: 3, afterMs: 1000 } } },
} as const satisfies Readonly<Record<string, Program>>;

export type ProgramName = keyof typeof programs;

export const workloadImage = "testbed.local/busybox:1";
export const missingImage = "testbed.local/no-such-image:9";

/** For the embedded nodes. */
export const behave: Behave = ({ command }) => Object.values(programs).find(({ script }) => script === command[2])?.behaviour;

/** A container that does this. */
export const doing = (program: ProgramName, extra: Part = {}): Part => ({
  name: "web",
  image: workloadImage,
  command: ["sh", "-c", programs[program].script],
  ...extra,
});

/** The specification of a pod without a grace period. */
export const podSpecOf = (program: ProgramName, extra: Part = {}): Part => ({
  terminationGracePeriodSeconds: 0,
  containers: [doing(program)],
  ...extra,
});

/** A template of pods that are labelled `app`. */
export const templateOf = (app: string, program: ProgramName, spec: Part = {}): Part => ({
  metadata: { labels: { app } },
  spec: podSpecOf(program, spec),
});
