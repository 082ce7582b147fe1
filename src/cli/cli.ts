// The command line: arguments in, exit code out. Holds no domain logic; each command stands in its own file.
import { Command, CommanderError, Option } from "commander";

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
import type { Runner } from "#cli/command.ts";
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
    .option("-n, --namespace <name>", "Kintsugi's own namespace (default: kintsugi-system); for diagnose and plan, the one to look at")
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

  const run: Runner = (work, makes) => async () => {
    const options = program.opts<GlobalOptions>();
    if (makes === undefined && reportFormats.some((format) => format === options.output && format !== "text"))
      throw misuse(`this command does not make ${options.output}; diagnose does`);
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
