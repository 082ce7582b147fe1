// Makes what a person reads about one run comparable with another run: masks times and generated names, and the line breaks that depend
// on how long they were. Pure.

const masks: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/g, "<time>"],
  [/\d{4}-\d\d-\d\d/g, "<date>"],
  // A line of the timeline: the offset is padded to the widest one, which differs too.
  [/^( {2})\d\d:\d\d:\d\d +[-+][\dhms. ]+? {2}/gm, "$1<time>  <offset>  "],
  [/\b\d\d:\d\d:\d\d\b/g, "<time>"],
  [/\b\d+d \d+h\b|\b\d+h \d+m\b|\b\d+m ?\d+s\b|\b\d+(?:\.\d+)? ?(?:ms|s|min|m)\b/g, "<duration>"],
  [/\b(rr|wfe)-[0-9a-f]{12}-\d+/g, "$1-<id>"],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "<uid>"],
  [/\b[0-9a-f]{64}\b/g, "<sha256>"],
  // A pod of a ReplicaSet, then a ReplicaSet: Kubernetes draws from letters and digits that spell no words.
  [/-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, "-<pod>"],
  [/-(?=[bcdfghjklmnpqrstvwxz]*[2456789])[bcdfghjklmnpqrstvwxz2456789]{6,10}\b/g, "-<revision>"],
];

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
export const goldenText = (text: string, namespace: string, called: string): string =>
  masks.reduce((masked, [pattern, mark]) => masked.replace(pattern, mark), text.replaceAll(namespace, called));

/** A table of kubectl: the width of its columns depends on what was masked. */
export const goldenTable = (text: string, namespace: string, called: string): string =>
  goldenText(text, namespace, called).replaceAll(/ {2,}/g, "  ");
