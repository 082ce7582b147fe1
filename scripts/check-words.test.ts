import { expect, test } from "vitest";
import { avoidedIn, avoidedWords } from "./check-words.ts";

const page = "# Language\n\n## Words to avoid\n\n| avoid | write |\n|---|---|\n| told, tell | reports |\n| where absent | by default |\n";

test.each([
  ["a comment", "// Nobody was told.", ['1: avoid "told": write reports']],
  ["a phrase, in any case", "ok\n/** Where absent: 30 s. */", ['2: avoid "Where absent": write by default']],
  ["an identifier", "const told = 1;", ['1: avoid "told": write reports']],
  ["a longer word that contains one", "the toldish teller", []],
])("%s", (_name, text, findings) => {
  expect(avoidedIn(text, avoidedWords(page))).toEqual(findings);
});

test("a page without the table is an error, because the check would then pass everything", () => {
  expect(() => avoidedWords("# Language")).toThrow('no table under "## Words to avoid"');
});

test("a word that would act as a regular expression is refused", () => {
  expect(() => avoidedWords(page.replace("told", "to.d"))).toThrow('"to.d" is not a word');
});
