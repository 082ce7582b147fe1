// The words of docs/language.md that no text, comment or name of this project uses. Reads files only.
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const page = "docs/language.md";

/** Every text that a user or a contributor reads; the generated pages follow from their sources. */
const read = ["*.md", "docs/**/*.md", "{src,clusters,scenarios,sim,test,bench,scripts}/**/*.ts", "scenarios/**/*.{md,yaml}"];

/** Files that hold such words as data, by path: why. */
const exempt: Readonly<Record<string, string>> = {
  [page]: "it lists them",
  "scripts/check-words.test.ts": "it tests them",
  "src/lib/redact/prose.ts": "words of English sentences, compared with log lines",
  "src/lib/redact/records.ts": "it names a user of Unix",
  "clusters/testbed/images.ts": "it names a user of Unix",
  "src/diagnosis/hostile-text.ts": "words of instructions to a reader, compared with text of the cluster",
  "src/diagnosis/hostile-text.test.ts": "it tests them",
  "src/evidence/known-secrets.ts": "it names a user of Unix",
  "src/investigation/remedies.test.ts": "it refuses such words in advice",
};

export interface AvoidedWord {
  readonly words: RegExp;
  readonly instead: string;
}

/** The rows of the table under `## Words to avoid`. Throws where there is none: the check would pass everything. */
export const avoidedWords = (markdown: string): readonly AvoidedWord[] => {
  const [, section = ""] = markdown.split("## Words to avoid");
  const rows = section.split("\n").flatMap((line) => {
    const [, avoid = "", instead = ""] = line.split("|").map((cell) => cell.trim());
    return avoid === "" || avoid === "avoid" || avoid.startsWith("---") ? [] : [{ words: oneOf(avoid.split(", ")), instead }];
  });
  if (rows.length === 0) throw new Error(`${page}: no table under "## Words to avoid"`);
  return rows;
};

const oneOf = (words: readonly string[]): RegExp => {
  const notLetters = words.find((word) => !/^[a-z ]+$/.test(word));
  if (notLetters !== undefined) throw new Error(`${page}: "${notLetters}" is not a word or a phrase of lower-case letters`);
  return new RegExp(String.raw`\b(?:${words.join("|")})\b`, "i");
};

/** `line: "word": write …` for each line that uses one. */
export const avoidedIn = (text: string, avoided: readonly AvoidedWord[]): readonly string[] =>
  text.split("\n").flatMap((line, index) =>
    avoided.flatMap(({ words, instead }) => {
      const [word] = words.exec(line) ?? [];
      return word === undefined ? [] : [`${index + 1}: avoid "${word}": write ${instead}`];
    }),
  );

/** One sentence for each line of the project that uses an avoided word. */
export const avoidedInProject = (root: string): string[] => {
  const avoided = avoidedWords(readFileSync(join(root, page), "utf8"));
  return globSync(read, { cwd: root, exclude: ["**/node_modules/**"] })
    .filter((path) => !(path in exempt))
    .toSorted()
    .flatMap((path) => avoidedIn(readFileSync(join(root, path), "utf8"), avoided).map((finding) => `${path}:${finding}`));
};
