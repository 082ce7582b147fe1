// What a kubeconfig needs from this machine: files and credential plugins. Never runs a shell.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

import type { KubeconfigDeps } from "#kube/cluster-config.ts";
import type { Clock } from "#lib/clock.ts";

export interface LocalMachineOptions {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

const maxOutputBytes = 1024 * 1024;

export const localMachine = ({ clock, env, home }: LocalMachineOptions): KubeconfigDeps => ({
  env,
  home,
  now: () => clock.now(),
  readFile: (path) => readFile(path, "utf8"),
  runCommand: (command) =>
    new Promise((resolve, reject) => {
      const options = {
        env: { ...env, ...command.env },
        timeout: command.timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: maxOutputBytes,
      } as const;
      execFile(command.file, [...command.args], options, (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr, exitCode: 0 });
        else if (error.killed) reject(new Error(`it took longer than ${command.timeoutMs} ms`));
        else if (typeof error.code === "number") resolve({ stdout, stderr, exitCode: error.code });
        else reject(error);
      });
    }),
});
