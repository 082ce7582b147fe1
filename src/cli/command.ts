// How a command is added to the program and run. Knows no command.
import type { Command } from "commander";

import type { Session } from "#cli/session.ts";

/** Turns work that answers with an exit code into what the program calls; opens the session and closes it. */
export type Runner = (
  work: (session: Session) => Promise<number>,
  /** `report`: text, markdown and sarif are among its forms. */
  makes?: "report",
) => () => Promise<void>;

export type AddCommand = (program: Command, run: Runner) => void;

/** Asks a person before something happens; `--yes` answers for them. */
export type Consent = "asked" | "given";
