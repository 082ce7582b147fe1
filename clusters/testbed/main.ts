// `npm run testbed -- up|down|status|kubectl …`: the testbed by hand. Prints results on stdout, progress on stderr.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Command } from "commander";
import { toStderr } from "#testbed/progress.ts";
import type { TestbedChoice } from "#testbed/state.ts";
import { down, open, status, up } from "#testbed/testbed.ts";

interface ChoiceFlags {
  readonly name: string;
  readonly state?: string;
}

const choiceOf = ({ name, state }: ChoiceFlags): TestbedChoice => ({ name, ...(state === undefined ? {} : { stateFolder: state }) });

const program = new Command("testbed")
  .description("A real Kubernetes as plain processes of this machine (Linux, root).")
  .enablePositionalOptions();

const choosing = (command: Command): Command =>
  command.option("--name <name>", "which testbed; several run side by side", "default").option("--state <folder>", "its state folder");

choosing(program.command("up").description("start it, or say that it is up"))
  .option("--nodes <count>", "how many nodes", "2")
  .action(async (flags: ChoiceFlags & { nodes: string }) => {
    const abort = new AbortController();
    process.on("SIGINT", () => abort.abort(new Error("interrupted")));
    const testbed = await up({ ...choiceOf(flags), nodeCount: Number(flags.nodes), progress: toStderr, signal: abort.signal });
    console.log(`export KUBECONFIG=${testbed.kubeconfigPath}`);
    console.log(`# Prometheus ${testbed.prometheusUrl}  Alertmanager ${testbed.alertmanagerUrl}`);
  });

choosing(program.command("down").description("take it away, without a trace")).action(async (flags: ChoiceFlags) => {
  const existed = await down(choiceOf(flags));
  console.log(existed ? `Testbed ${flags.name} is down; nothing is left of it.` : `Testbed ${flags.name} was not up.`);
});

choosing(program.command("status").description("say whether it is up, and where"))
  .option("-o, --output <format>", "text or json", "text")
  .action(async (flags: ChoiceFlags & { output: string }) => {
    const found = await status(choiceOf(flags));
    if (flags.output === "json") console.log(JSON.stringify(found, null, 2));
    else {
      console.log(`testbed ${found.name}: ${found.state}${found.missing.length > 0 ? ` (not running: ${found.missing.join(", ")})` : ""}`);
      if (found.state !== "down") {
        console.log(`  KUBECONFIG    ${found.kubeconfigPath}\n  API           ${found.url}`);
        console.log(
          `  Prometheus    ${found.prometheusUrl}\n  Alertmanager  ${found.alertmanagerUrl}\n  state         ${found.stateFolder}`,
        );
      }
    }
    process.exitCode = found.state === "up" ? 0 : 1;
  });

choosing(program.command("kubectl").description("kubectl against it; put `--name` before kubectl's own arguments"))
  .argument("[args...]")
  .passThroughOptions()
  .allowUnknownOption()
  .action(async (args: string[], flags: ChoiceFlags) => {
    const { binDir, kubeconfigPath } = await open(choiceOf(flags));
    const result = spawnSync(join(binDir, "kubectl"), [`--kubeconfig=${kubeconfigPath}`, ...args], { stdio: "inherit" });
    process.exitCode = result.status ?? 1;
  });

try {
  await program.parseAsync();
} catch (error) {
  console.error(`testbed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
