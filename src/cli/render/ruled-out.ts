// What was ruled out, as far as it says something about the cluster. Pure.

interface RuledOut {
  readonly code: string;
  readonly reason: string;
}

/** What was merely not seen tells a reader nothing: it is shown with `--all` and in the data. */
const isTelling = ({ reason }: RuledOut): boolean => !/^(?:not seen: |it is not known whether )/.test(reason);

export const ruledOutTexts = (ruledOut: readonly RuledOut[], which: "telling" | "all" = "telling", label = ""): readonly string[] =>
  ruledOut
    .filter((each) => which === "all" || isTelling(each))
    .map((each) => (each.code === "NothingWrong" ? each.reason : `${each.code}${label}: ${each.reason}`));
