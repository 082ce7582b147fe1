// Makes what a person reads about one run comparable with another run: line breaks that depend on lengths and what maskStory masks.
// Pure.
import { maskStory } from "#test/mask-story.ts";

const startsAnew = /^\s*([•✓✗│@+-]|\d+\. )/;

/** Joins lines that were broken only because the next word did not fit. */
export const unwrapped = (text: string, columns: number): string => {
  const lines: string[] = [];
  let previous = "";
  for (const line of text.split("\n")) {
    const firstWord = line.trim().split(" ")[0] ?? "";
    const didNotFit = previous.length + 1 + firstWord.length > columns;
    const last = lines.at(-1);
    if (last !== undefined && previous !== "" && firstWord !== "" && didNotFit && !startsAnew.test(line)) {
      lines[lines.length - 1] = `${last} ${line.trim()}`;
    } else lines.push(line);
    previous = line;
  }
  return lines.join("\n");
};

/** `namespace` was made for this run; it reads as `called`. */
export const goldenText = (text: string, namespace: string, called: string): string => maskStory(text.replaceAll(namespace, called));

/** A table of kubectl: the width of its columns depends on what was masked. */
export const goldenTable = (text: string, namespace: string, called: string): string =>
  goldenText(text, namespace, called).replaceAll(/ {2,}/g, "  ");
