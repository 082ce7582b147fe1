// The command line: arguments in, exit code out. Holds no domain logic; each command stands in its own file.
import { Command, CommanderError, Option } from "commander";

import { DEFAULT_NAMESPACE } from "#api/labels.ts";
import { addActions } from "#cli/commands/actions.ts";
import { addApprove, addReject } from "#cli/commands/approve.ts";
import { addCancel } from "#cli/commands/cancel.ts";
import { addChanges } from "#cli/commands/changes.ts";
import { addConfig } from "#cli/commands/config.ts";
import { addDiagnose } from "#cli/commands/diagnose.ts";
import { addDescribe } from "#cli/commands/describe.ts";
import { addDoctor } from "#cli/commands/doctor.ts";
import { addGet } from "#cli/commands/get.ts";
import { addPlan } from "#cli/commands/plan.ts";
import { addAct, addDemo, addPlayground, addRun } from "#cli/commands/run.ts";
import { addVersion } from "#cli/commands/version.ts";
import type { Runner, Uses } from "#cli/command.ts";
import type { CliDeps } from "#cli/deps.ts";
import { type ExitCode, failureOf, misuse } from "#cli/failure.ts";
import { reportFormats } from "#cli/render/format.ts";
import { type GlobalOptions, openSession, readFormat } from "#cli/session.ts";

const help = `
Exit codes:
  0  done, or the answer is yes
  1  the answer is no: nothing of that name, not allowed to decide, something is lacking
  2  the question could not be asked: usage, kubeconfig, connection, rights

Begin with:
  kintsugi diagnose              what is wrong, and why; nothing has to be installed
  kintsugi doctor                what this cluster lacks to run Kintsugi
  kintsugi get                   the requests, and where each stands
  kintsugi describe <request>    the story of one, from the alert to the proof`;

/** Guarantees: never throws; every failure is one sentence on stderr. */
export const runCli = async (argv: readonly string[], deps: CliDeps): Promise<number> => {
  const outcome: { code: number } = { code: 0 };
  const program = createProgram(deps, outcome);
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageCode;
    const { exitCode, message, hint } = failureOf(error);
    deps.stderr.write(`kintsugi: ${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    return exitCode;
  }
};

const usageCode: ExitCode = 2;

const createProgram = (deps: CliDeps, outcome: { code: number }): Command => {
  const program = new Command("kintsugi")
    .description("Repairs a Kubernetes cluster and keeps the seams visible.")
    .option("--kubeconfig <path>", "the kubeconfig; $KUBECONFIG, then ~/.kube/config where absent")
    .option("--context <name>", "the context in it; its current one where absent")
    .option("-n, --namespace <name>", "namespace of the workloads (default: the context's namespace; for requests, all namespaces)")
    .option("-A, --all-namespaces", "workloads in all namespaces")
    .option("--kintsugi-namespace <name>", "namespace that Kintsugi runs in", DEFAULT_NAMESPACE)
    .addOption(
      new Option("-o, --output <format>", "json, yaml, wide or name; for diagnose also text, markdown or sarif").argParser(readFormat),
    )
    .option("--no-color", "no colours; NO_COLOR does the same")
    .addHelpText("after", help)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void deps.stdout.write(text),
      writeErr: (text) => void deps.stderr.write(text),
      getOutHelpWidth: () => deps.columns ?? 100,
      getErrHelpWidth: () => deps.columns ?? 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError: (text, write) => write(text.replace(/^error: /, "kintsugi: ")),
    });

  const run: Runner =
    (work, uses = {}) =>
    async () => {
      const options = program.opts<GlobalOptions>();
      refuseUnused(options, uses);
      const session = openSession(deps, options);
      try {
        outcome.code = await work(session);
      } finally {
        session.close();
      }
    };

  for (const add of [
    addDiagnose,
    addGet,
    addDescribe,
    addApprove,
    addReject,
    addCancel,
    addPlan,
    addChanges,
    addActions,
    addDoctor,
    addConfig,
    addVersion,
  ])
    add(program, run);
  addRun(program, run, deps.roles);
  addDemo(program, run);
  addPlayground(program, run);
  addAct(program, run);
  return program;
};

/** An option that the command would ignore is refused: its answer would not be the one that was asked for. */
const refuseUnused = ({ output, namespace, allNamespaces }: GlobalOptions, uses: Uses): void => {
  if (uses.output !== "report" && reportFormats.some((format) => format === output && format !== "text"))
    throw misuse(`this command does not make ${output}; diagnose does`);
  if (namespace !== undefined && allNamespaces === true) throw misuse("-n and -A exclude each other");
  if (namespace !== undefined && uses.namespaces === undefined)
    throw misuse(
      "this command takes no -n, which names the namespace of workloads",
      "Use --kintsugi-namespace for Kintsugi's own namespace.",
    );
  if (allNamespaces === true && uses.namespaces !== "any") throw misuse("this command takes no -A");
};
