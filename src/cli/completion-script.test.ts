// Completion as a shell sees it: bash runs its script; the others are read as text.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { runKintsugi } from "#test/cli-harness.ts";

const script = async (shell: string): Promise<string> => (await runKintsugi(["completion", shell])).stdout;

const completions = async (...words: readonly string[]): Promise<readonly string[]> => {
  const program = `${await script("bash")}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
_kintsugi
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", program]).toString().trim().split("\n");
};

test.each([
  ["a command by its first letters", ["kintsugi", "diag"], ["diagnose"]],
  ["an option of the command", ["kintsugi", "diagnose", "--fro"], ["--from"]],
  ["an option of every command", ["kintsugi", "get", "--kubec"], ["--kubeconfig"]],
  ["a command of a command", ["kintsugi", "config", "ex"], ["example"]],
])("bash completes %s", async (_, words, expected) => {
  expect(await completions(...words)).toEqual(expected);
});

test("bash offers no command that cannot run here", async () => {
  expect(await completions("kintsugi", "")).not.toContain("act");
  expect(await completions("kintsugi", "")).not.toContain("demo");
});

test.each([
  ["zsh", ["#compdef kintsugi", "'diagnose:", "--from[", "--kubeconfig["]],
  ["fish", ["-a diagnose ", "-l from ", "-l kubeconfig ", "__fish_seen_subcommand_from diagnose"]],
])("the script for %s knows the commands and their options", async (shell, parts) => {
  const text = await script(shell);
  for (const part of parts) expect(text).toContain(part);
  // A description may contain what a shell reads as its own.
  expect(
    text.split("\n").filter((line) => (line.replaceAll("'\\''", "").replaceAll("\\'", "").match(/'/g)?.length ?? 0) % 2 === 1),
  ).toEqual([]);
});
