// What `npm run demo -- …` was asked for, as a value. Pure.
import { Command, CommanderError, Option } from "commander";

/** `embedded`: in this process. `testbed`: real, on this machine. A context: one that the user has. */
export type Where =
  | { readonly cluster: "embedded" }
  | { readonly cluster: "testbed" }
  | {
      readonly cluster: "context";
      readonly context: string;
      readonly consent: "given" | "ask";
      /** Of the Jobs; asked for where it is not said. */
      readonly image?: string;
      /** Of the workloads that are broken. */
      readonly workloadImage: string;
    };

/** A shell and a web server, where most clusters can pull it from. */
export const defaultWorkloadImage = "docker.io/library/busybox:1.36";

export interface DemoRequest {
  readonly what: "list" | "run";
  readonly where: Where;
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
  readonly real?: true;
  readonly context?: string;
  readonly yes?: true;
  readonly image?: string;
  readonly workloadImage?: string;
}

/** `help`: the text to print instead, because it was asked for or because the arguments can't be understood. */
export type Asked = { readonly request: DemoRequest } | { readonly help: string; readonly isMistake: boolean };

export const readArguments = (args: readonly string[], called = "npm run demo --"): Asked => {
  let said = "";
  const listen = (text: string): void => {
    said += text;
  };
  const program = new Command(called)
    .description("Break a workload in a Kubernetes that runs in this process, and watch Kintsugi repair it.")
    .argument("[scenario...]", "scenarios to run", [defaultScenario])
    .option("--list", "list the scenarios")
    .option("--all", "run all of them")
    .option("--json", "one line of JSON per event; the last one of a scenario is its result")
    .option("--keep", "keep the cluster afterwards and print how to look around")
    .addOption(new Option("--real", "on a real two-node cluster on this machine (Linux, root, Go)").conflicts("context"))
    .option("--context <name>", "use your own cluster, by its context; needs --image, and asks first")
    .option("--yes", "with --context: do not ask")
    .option("--image <reference>", "with --context: Kintsugi's image, from a registry that the cluster can pull from")
    .option("--workload-image <reference>", `with --context: a busybox that cluster can pull (default: ${defaultWorkloadImage})`)
    .addHelpText("after", "\nExit code: 0 as expected, 1 not as expected, 2 could not run, 130 interrupted.")
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
      where: whereOf(flags),
      scenarios: flags.all ? [] : (program.processedArgs[0] as string[]),
      output: flags.json ? "json" : "text",
      afterwards: flags.keep ? "keep" : "take-down",
    },
  };
};

const whereOf = ({ real, context, yes, image, workloadImage = defaultWorkloadImage }: Flags): Where => {
  if (real) return { cluster: "testbed" };
  if (context === undefined) return { cluster: "embedded" };
  return { cluster: "context", context, consent: yes ? "given" : "ask", workloadImage, ...(image === undefined ? {} : { image }) };
};
