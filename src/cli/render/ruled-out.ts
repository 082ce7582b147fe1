// Causes that were ruled out, for people. Pure.

interface RuledOut {
  readonly code: string;
  readonly reason: string;
}

export const ruledOutTexts = (ruledOut: readonly RuledOut[], label = ""): readonly string[] =>
  ruledOut.map(({ code, reason }) => (code === "NothingWrong" ? reason : `${code}${label}: ${reason}`));
