// Runs a command to its end and returns what it printed. No shell: arguments are never interpreted.
import { spawn } from "node:child_process";
import { toolEnvironment } from "#testbed/environment.ts";

export interface CommandOptions {
  readonly input?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects for an exit code; a command that does not exist has code 127. */
export const tryCommand = (command: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd: options.cwd, env: options.env ?? toolEnvironment(), stdio: ["pipe", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on("error", () => {
      // The command closed its input without reading it: its exit code says the rest.
    });
    child.on("error", (error) => resolve({ code: 127, stdout: "", stderr: error.message }));
    child.on("close", (code) =>
      resolve({ code: code ?? 1, stdout: Buffer.concat(stdout).toString("utf8"), stderr: Buffer.concat(stderr).toString("utf8") }),
    );
    child.stdin.end(options.input ?? "");
  });

/** As tryCommand, but a non-zero exit throws with the end of what the command said. */
export const runCommand = async (command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> => {
  const result = await tryCommand(command, args, options);
  if (result.code === 0) return result.stdout;
  const said = (result.stderr.trim() === "" ? result.stdout : result.stderr).trim().split("\n").slice(-12).join("\n");
  throw new Error(`${command} ${args.join(" ")} ended with ${result.code}: ${said}`);
};
