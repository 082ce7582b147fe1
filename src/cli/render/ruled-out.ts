// Causes that were ruled out, for people: only those with a reason from the cluster. Pure.

import { isTelling } from "#diagnosis/finding.ts";

interface RuledOut {
  readonly code: string;
  readonly reason: string;
}

/** A cause without any sign of it is shown only with `--all` and in the data. */
export const ruledOutTexts = (ruledOut: readonly RuledOut[], which: "telling" | "all" = "telling", label = ""): readonly string[] =>
  ruledOut
    .filter((each) => which === "all" || isTelling(each))
    .map((each) => (each.code === "NothingWrong" ? each.reason : `${each.code}${label}: ${each.reason}`));
