// What `npm run demo -- …` was asked for, as a value. Pure.
import { Command, CommanderError } from "commander";

export interface DemoRequest {
  readonly what: "list" | "run";
  /** Names of scenarios; empty for all of them. */
  readonly scenarios: readonly string[];
  readonly output: "text" | "json";
  readonly afterwards: "take-down" | "keep";
}

export const defaultScenario = "crash-after-release";

interface Flags {
  readonly list?: true;
  readonly all?: true;
  readonly json?: true;
  readonly keep?: true;
}

/** `help`: the text to print instead, because it was asked for or because the arguments can't be understood. */
export type Asked = { readonly request: DemoRequest } | { readonly help: string; readonly isMistake: boolean };

export const readArguments = (args: readonly string[]): Asked => {
  let said = "";
  const listen = (text: string): void => {
    said += text;
  };
  const program = new Command("npm run demo --")
    .description("Breaks a workload on a real Kubernetes on this machine and shows how Kintsugi repairs it.")
    .argument("[scenario...]", "which scenarios", [defaultScenario])
    .option("--list", "list the scenarios")
    .option("--all", "run all of them")
    .option("--json", "a line of JSON for each event; the last one of a scenario has its outcome")
    .option("--keep", "leave the cluster up afterwards and say how to look around")
    .addHelpText("after", "\nExit code: 0 the expectation held, 1 it did not, 2 it can't run here, 130 interrupted.")
    .exitOverride()
    .configureOutput({ writeOut: listen, writeErr: listen });
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return { help: said, isMistake: error.exitCode !== 0 };
    throw error;
  }
  const flags = program.opts<Flags>();
  return {
    request: {
      what: flags.list ? "list" : "run",
      scenarios: flags.all ? [] : (program.processedArgs[0] as string[]),
      output: flags.json ? "json" : "text",
      afterwards: flags.keep ? "keep" : "take-down",
    },
  };
};
