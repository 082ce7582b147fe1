// How a command is defined and run. Knows no command.
import type { Command } from "commander";

import type { Session } from "#cli/session.ts";

/** What a command makes of the options that every command accepts. It refuses those that it would not obey. */
export interface Uses {
  /** `report`: text, markdown and sarif are among its output formats. */
  readonly output?: "report";
  /** Of workloads. `one`: -n only; `any`: -n and -A; absent: neither. */
  readonly namespaces?: "one" | "any";
}

/** Turns work that answers with an exit code into what the program calls; opens the session and closes it. */
export type Runner = (work: (session: Session) => Promise<number>, uses?: Uses) => () => Promise<void>;

/** Adds arguments, options and work to a command whose name and description are in the command table. */
export type DefineCommand = (command: Command, run: Runner) => void;

/** Asks a person before something happens; `--yes` answers for them. */
export type Consent = "asked" | "given";
