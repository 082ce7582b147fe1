// What containers of the workload cases do: a shell script for real nodes, the same told in a table for embedded ones. A case picks one by name.
import type { Part } from "#test/contract/samples.ts";

export interface Program {
  readonly script: string;
  /** Ends with this code after so many seconds; runs until it is stopped where there is none. */
  readonly exit?: { readonly code: number; readonly afterSeconds: number };
}

export const programs = {
  runs: { script: "exec httpd -f -p 8080 -h /" },
  succeeds: { script: "sleep 1; exit 0", exit: { code: 0, afterSeconds: 1 } },
  fails: { script: "sleep 1; exit 3", exit: { code: 3, afterSeconds: 1 } },
} as const satisfies Readonly<Record<string, Program>>;

export type ProgramName = keyof typeof programs;

export const workloadImage = "testbed.local/busybox:1";

/** A container that does this. */
export const doing = (program: ProgramName, extra: Part = {}): Part => ({
  name: "web",
  image: workloadImage,
  command: ["sh", "-c", programs[program].script],
  ...extra,
});

/** A pod's specification that ends quickly when it is told to. */
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
