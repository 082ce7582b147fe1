// Cases that one of the two API servers does not pass, each with the reason. A skipped case that passes fails the run.
export interface Skip {
  readonly on: "real" | "embedded";
  /** `<topic>: <case>`. */
  readonly name: string;
  readonly reason: string;
}

export const skips: readonly Skip[] = [];
