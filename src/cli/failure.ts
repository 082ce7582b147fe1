// A failure as one clear sentence and an exit code. Loads nothing: every command and the program itself need it.

/** 0: success. 1: negative result. 2: could not run: usage, configuration, connection, rights. */
export type ExitCode = 0 | 1 | 2;

export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  constructor(exitCode: ExitCode, message: string, hint?: string) {
    super(message);
    this.name = "CliError";
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** A negative result. */
export const refusal = (message: string, hint?: string): CliError => new CliError(1, message, hint);
/** The command could not run. */
export const misuse = (message: string, hint?: string): CliError => new CliError(2, message, hint);
