// The command line against an embedded stage, in this process and on the stage's clock.
import { runCli } from "#cli/cli.ts";
import { connect } from "#kube/connect.ts";
import type { ManualClock } from "#lib/manual-clock.ts";
import type { Random } from "#lib/clock.ts";
import type { EmbeddedStage } from "#scenarios/embedded-stage.ts";
import { passingTime } from "#test/embedded/virtual-time.ts";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface On {
  readonly stage: Pick<EmbeddedStage, "cluster">;
  readonly clock: ManualClock;
  readonly random: Random;
  /** Of a person at a terminal. */
  readonly answer?: string | undefined;
}

export const runKintsugi = async (args: readonly string[], { stage, clock, random, answer }: On): Promise<Ran> => {
  let [stdout, stderr] = ["", ""];
  const kubeconfig = JSON.stringify({
    "current-context": "e",
    contexts: [{ name: "e", context: { cluster: "e", user: "e" } }],
    clusters: [{ name: "e", cluster: { server: "http://embedded" } }],
    users: [{ name: "e", user: { token: stage.cluster.adminToken } }],
  });
  const code = await passingTime(
    clock,
    runCli([...args, "--kubeconfig", "/kubeconfig"], {
      stdout: { write: (text) => void (stdout += text) },
      stderr: { write: (text) => void (stderr += text) },
      isTerminal: answer !== undefined,
      ...(answer === undefined ? {} : { ask: () => Promise.resolve(answer) }),
      env: { NO_COLOR: "1" },
      home: "/nonexistent",
      readFile: () => Promise.resolve(kubeconfig),
      runCommand: () => Promise.reject(new Error("no programs here")),
      clock,
      random,
      version: "test",
      runRole: () => Promise.reject(new Error("not here")),
      connect: (config) => connect(config, { clock, random, http: stage.cluster.http }),
    }),
  );
  return { code, stdout, stderr };
};
